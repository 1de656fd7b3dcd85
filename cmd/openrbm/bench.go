package main

import (
	"context"
	"errors"
	"io"
	"os"
	"time"

	"github.com/openrbm/openrbm/client"
	"github.com/openrbm/openrbm/internal/loadgen"
)

// benchCmd is `openrbm bench`: a load generator for any server.
type benchCmd struct {
	viewFlags
	Key   string `placeholder:"FILE" help:"Service account key file. Default: the agent's in the ready file."`
	Agent string `placeholder:"ID" help:"Agent that sends; it must be launched. Default: the first agent of the ready file."`

	Message []string `arg:"" optional:"" placeholder:"FILE[=N]" help:"What is sent: files with an AgentMessage in JSON, or directories of them, each with =N behind it to be sent N times as often. Default: a short text."`

	Connections int           `default:"64" help:"HTTP connections, each with one request under way. (${default})"`
	Rate        float64       `placeholder:"N" help:"Messages a second, in an open loop: time counts from when a message was due. Default: a closed loop, each connection as fast as it gets answers."`
	Duration    time.Duration `placeholder:"TIME" help:"How long to send, warm-up included. Default: 10s, or until --messages are sent."`
	WarmUp      time.Duration `placeholder:"TIME" help:"How much of the beginning is not measured."`
	Messages    int           `placeholder:"N" help:"Send no more than this."`
	Settle      time.Duration `default:"10s" placeholder:"TIME" help:"At the end, silence after which what has not arrived is lost. (${default})"`

	Phones    int    `default:"100" help:"Phones that get messages, in turn. They are made if they are not there, and stay. (${default})"`
	Online    *int   `placeholder:"N" help:"How many of them are connected. Default: all."`
	First     string `default:"+12220000000" placeholder:"PHONE" help:"Number of the first phone; the others follow it. (${default})"`
	Window    int    `placeholder:"N" help:"Unacknowledged deliveries that a phone takes. Default: 32."`
	DeviceURL string `name:"device-url" placeholder:"URL" help:"Address of the device protocol. Default: the ready file's, or on the server's host."`

	Webhook    string `placeholder:"HOST:PORT" help:"Be the agent's webhook here, and measure receipts too; port 0 is any free one. The agent must have no webhook."`
	WebhookURL string `name:"webhook-url" placeholder:"URL" help:"Address to register, when the server reaches the webhook by another name."`
}

// Run loads the server and prints how it went.
func (c benchCmd) Run(ctx context.Context, out io.Writer) error {
	return c.run(ctx, out, os.Stderr)
}

// run prints the summary to out and the progress to notes. It fails when a check does.
func (c benchCmd) run(ctx context.Context, out, notes io.Writer) error {
	o, err := c.options()
	if err != nil {
		return err
	}
	o.Progress = notes
	s, err := loadgen.Run(ctx, o)
	if err != nil {
		return explain(err)
	}
	if c.JSON {
		err = writeJSON(out, s)
	} else {
		err = s.Write(out)
	}
	return errors.Join(err, s.Err())
}

// options fills in from the ready file what the flags leave open.
func (c benchCmd) options() (loadgen.Options, error) {
	var o loadgen.Options
	r, err := c.ready()
	if err != nil {
		return o, err
	}
	mix, err := loadgen.ReadMix(c.Message)
	if err != nil {
		return o, err
	}
	for _, a := range r.Agents {
		if c.Key == "" && (c.Agent == "" || c.Agent == a.AgentID) {
			c.Key, c.Agent = a.KeyFile, a.AgentID
		}
	}
	switch {
	case r.APIURL == "":
		return o, errors.New("which server? give --ready-file FILE, or --url URL with --key, --agent and --token")
	case c.Key == "" || c.Agent == "":
		return o, errors.New("who sends? give --key FILE and --agent ID")
	}
	online := c.Phones
	if c.Online != nil {
		online = *c.Online
	}
	return loadgen.Options{
		URL: r.APIURL, DeviceURL: c.deviceURL(r), KeyFile: c.Key, AdminToken: c.adminToken(r), Agent: c.Agent,
		Connections: c.Connections, Rate: c.Rate, Duration: c.Duration, WarmUp: c.WarmUp, Messages: c.Messages, Settle: c.Settle,
		Mix: mix, Phones: c.Phones, Online: online, First: c.First, Window: c.Window,
		Webhook: c.Webhook, WebhookURL: c.WebhookURL,
	}, nil
}

// deviceURL is empty when --url says another server than the ready file.
func (c benchCmd) deviceURL(r *client.Ready) string {
	if c.DeviceURL != "" || c.URL != "" {
		return c.DeviceURL
	}
	return r.DeviceURL
}

func (c benchCmd) adminToken(r *client.Ready) string {
	if c.Token != "" {
		return c.Token
	}
	return r.AdminToken
}
