package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"sync"
	"time"

	"github.com/openrbm/openrbm/client"
	"github.com/openrbm/openrbm/rbm"
)

// webhookListenCmd is `openrbm webhook listen`: a developer's webhook log.
type webhookListenCmd struct {
	viewFlags
	Addr        string `default:"127.0.0.1:8181" placeholder:"HOST:PORT" help:"Where to listen; port 0 is any free one."`
	ClientToken string `env:"OPENRBM_CLIENT_TOKEN" placeholder:"SECRET" help:"Secret shared with the platform. Default: a new random one."`
	Register    bool   `help:"Set this as the agent's webhook. It stays set at the end: events then wait until somebody listens."`
	Agent       string `placeholder:"ID" help:"Agent to register for. Default: the first agent of the ready file."`
	URI         string `name:"uri" placeholder:"URL" help:"Address to register, when the platform reaches this one by another name."`
}

// Run listens until ctx ends.
func (c webhookListenCmd) Run(ctx context.Context, out io.Writer) error {
	return c.run(ctx, out, os.Stderr)
}

// run prints the events to out and everything else to notes.
func (c webhookListenCmd) run(ctx context.Context, out, notes io.Writer) error {
	c.ClientToken = cmp.Or(c.ClientToken, client.NewMessageID())
	l, err := net.Listen("tcp", c.Addr)
	if err != nil {
		return err
	}
	c.URI = cmp.Or(c.URI, "http://"+l.Addr().String()+"/")
	server := &http.Server{
		Handler: &client.Webhook{
			ClientToken: c.ClientToken,
			Handle:      (&eventLog{out: out, json: c.JSON}).print,
			Log:         slog.New(slog.NewTextHandler(notes, nil)),
		},
		ReadHeaderTimeout: 10 * time.Second,
		ReadTimeout:       time.Minute,
	}
	served := make(chan error, 1)
	go func() { served <- server.Serve(l) }()
	err = c.announce(ctx, notes)
	if err == nil {
		select {
		case <-ctx.Done():
		case err = <-served:
		}
	}
	stop, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	return errors.Join(err, server.Shutdown(stop))
}

// announce registers the listener, or says how to.
func (c webhookListenCmd) announce(ctx context.Context, notes io.Writer) error {
	if !c.Register {
		_, err := fmt.Fprintf(notes, "listening on %s\nto receive events here: openrbm webhook set AGENT %s --client-token %s\n", c.URI, c.URI, c.ClientToken)
		return err
	}
	r, err := c.ready()
	if err != nil {
		return err
	}
	if c.Agent == "" && len(r.Agents) > 0 {
		c.Agent = r.Agents[0].AgentID
	}
	if c.Agent == "" {
		return errors.New("for which agent? give --agent ID")
	}
	a, err := c.admin()
	if err != nil {
		return err
	}
	w := client.WebhookConfig{URI: c.URI, ClientToken: c.ClientToken}
	if _, err := a.SetWebhook(ctx, c.Agent, w); err != nil {
		return explain(err)
	}
	_, err = fmt.Fprintf(notes, "listening on %s for the events of %s\n", c.URI, c.Agent)
	return err
}

// eventLog prints each event on a line.
type eventLog struct {
	json bool

	mu  sync.Mutex // owns out
	out io.Writer
}

// print fails when the line cannot be written, so that the event comes again.
func (l *eventLog) print(_ context.Context, e client.Event) error {
	var line bytes.Buffer
	if l.json {
		if err := json.Compact(&line, e.Data); err != nil {
			return err
		}
	} else {
		line.WriteString(time.Now().UTC().Format("15:04:05.000 ") + printable(describe(e)))
	}
	line.WriteByte('\n')
	l.mu.Lock()
	defer l.mu.Unlock()
	_, err := l.out.Write(line.Bytes())
	return err
}

// describe is an event in a few words: from whom, what, which.
func describe(e client.Event) string {
	switch {
	case e.UserMessage != nil:
		return fmt.Sprintf("%s message %s: %s", e.UserMessage.SenderPhoneNumber, e.ID, describeContent(e.UserMessage))
	case e.UserEvent != nil:
		return words(e.UserEvent.SenderPhoneNumber, string(e.UserEvent.EventType), e.UserEvent.MessageID)
	case e.ServerEvent != nil:
		return words(e.ServerEvent.PhoneNumber, string(e.ServerEvent.EventType), e.ServerEvent.MessageID)
	}
	return "other: " + string(e.Data)
}

func describeContent(m *rbm.UserMessage) string {
	switch {
	case m.SuggestionResponse != nil:
		s := m.SuggestionResponse
		return fmt.Sprintf("tapped %q, postback %q", s.Text, s.PostbackData)
	case m.Location != nil:
		return fmt.Sprintf("location %v, %v", m.Location.Latitude, m.Location.Longitude)
	case m.UserFile != nil && m.UserFile.Payload != nil:
		p := m.UserFile.Payload
		return fmt.Sprintf("file %q, %s, %d bytes, %s", p.FileName, p.MimeType, p.FileSizeBytes, p.FileURI)
	}
	return fmt.Sprintf("%q", m.Text)
}

func words(list ...string) string {
	text := ""
	for _, w := range list {
		if w != "" {
			text += " " + w
		}
	}
	return text[min(1, len(text)):]
}
