package main

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"mime"
	"net/url"
	"os"
	"path"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/openrbm/openrbm/phone"
	"github.com/openrbm/openrbm/rbm"
)

// chat shows a phone to a person.
type chat struct {
	number  string
	columns int

	mu    sync.Mutex
	out   io.Writer
	agent string         // the one that a text goes to
	last  *phone.Message // the one whose suggestions are tapped
}

func newChat(out io.Writer, number string) *chat {
	columns, err := strconv.Atoi(os.Getenv("COLUMNS"))
	if err != nil {
		columns = 80
	}
	return &chat{out: out, number: number, columns: columns}
}

func (c *chat) say(format string, args ...any) {
	c.mu.Lock()
	defer c.mu.Unlock()
	fmt.Fprintf(c.out, format+"\n", args...)
}

func (c *chat) event(e phone.Event) {
	switch e := e.(type) {
	case *phone.Message:
		c.mu.Lock()
		c.agent, c.last = e.AgentID, e
		c.mu.Unlock()
		at := cmp.Or(e.Content.SendTime.Time(), e.Received).Local().Format(time.TimeOnly)
		c.say("\n%s  %s\n%s", plain(e.AgentID), at, strings.TrimSuffix(view(e.Content, c.columns), "\n"))
	case phone.AgentEvent:
		c.agentEvent(e)
	case phone.Revoked:
		c.say("- %s took the message %s back", plain(e.AgentID), plain(e.MessageID))
	case phone.Online:
		c.say("- %s is online; /help says what to type", c.number)
	case phone.Offline:
		c.say("- offline: %s", plain(e.Err.Error()))
	}
}

func (c *chat) agentEvent(e phone.AgentEvent) {
	switch e.Event.EventType {
	case rbm.AgentEventIsTyping:
		c.say("- %s is typing", plain(e.AgentID))
	case rbm.AgentEventRead:
		c.say("- %s has read %s", plain(e.AgentID), plain(e.Event.MessageID))
	}
}

const chatHelp = `Type a number to tap that suggestion of the last message, or any text to answer it.
  /read                  report the last message as read
  /typing                tell the agent that you are typing
  /location LAT LONG     send a place
  /file PATH             upload a file of this machine and send it
  /file URL              send a file that lies there
  /text TEXT             send a text, even a number
  /agent ID              choose the agent to write to
  /subscribe, /unsubscribe
  /offline, /online      lose and find the network
  /quit`

func (c *chat) command(ctx context.Context, p *phone.Phone, line string) bool {
	line = strings.TrimSpace(line)
	verb, rest, _ := strings.Cut(line, " ")
	if line == "" {
		return true
	}
	if verb == "/quit" {
		return false
	}
	if err := c.do(ctx, p, verb, strings.TrimSpace(rest), line); err != nil && ctx.Err() == nil {
		c.say("! %s", plain(err.Error()))
	}
	return true
}

func (c *chat) do(ctx context.Context, p *phone.Phone, verb, rest, line string) (err error) {
	c.mu.Lock()
	agent, last := c.agent, c.last
	c.mu.Unlock()
	number, notNumber := strconv.Atoi(line)
	switch {
	case verb == "/help":
		c.say(chatHelp)
		return nil
	case verb == "/agent":
		c.mu.Lock()
		c.agent = strings.TrimSuffix(rest, "@rbm.goog")
		c.mu.Unlock()
		return nil
	case verb == "/offline":
		p.Disconnect()
		return nil
	case verb == "/online":
		return p.Connect(ctx)
	case agent == "":
		return fmt.Errorf("no agent has written yet: choose one with /agent ID")
	case notNumber == nil:
		return c.tap(ctx, p, last, number)
	case verb == "/read":
		return c.read(ctx, p, last)
	case verb == "/typing":
		_, err = p.Typing(ctx, agent)
	case verb == "/subscribe":
		_, err = p.Subscribe(ctx, agent)
	case verb == "/unsubscribe":
		_, err = p.Unsubscribe(ctx, agent)
	case verb == "/location":
		var latitude, longitude float64
		if _, err = fmt.Sscan(strings.ReplaceAll(rest, ",", " "), &latitude, &longitude); err != nil {
			return fmt.Errorf("write /location LAT LONG, in degrees, such as /location 48.8584 2.2945")
		}
		_, err = p.Location(ctx, agent, latitude, longitude)
	case verb == "/file":
		if strings.HasPrefix(rest, "http://") || strings.HasPrefix(rest, "https://") {
			_, err = p.File(ctx, agent, fileAt(rest), nil)
		} else {
			_, err = p.SendFile(ctx, agent, rest, typeOf(rest))
		}
	case verb == "/text":
		_, err = p.Text(ctx, agent, rest)
	case strings.HasPrefix(verb, "/"):
		return fmt.Errorf("there is no %s; /help says what there is", verb)
	default:
		_, err = p.Text(ctx, agent, line)
	}
	if err == nil {
		c.say("- sent to %s", agent)
	}
	return err
}

func (c *chat) read(ctx context.Context, p *phone.Phone, last *phone.Message) error {
	if last == nil {
		return fmt.Errorf("there is no message yet")
	}
	err := p.Read(ctx, last.AgentID, last.MessageID)
	if err == nil {
		c.say("- %s knows that you have read it", last.AgentID)
	}
	return err
}

// tap taps the suggestion with that number.
func (c *chat) tap(ctx context.Context, p *phone.Phone, m *phone.Message, number int) error {
	n := 0
	if m != nil {
		for at, s := range m.Content.AllSuggestions() {
			if n++; n != number {
				continue
			}
			if _, err := p.Tap(ctx, m.AgentID, m.MessageID, at); err != nil {
				return err
			}
			text, _ := label(s)
			c.say("- tapped %q", text)
			if what := effect(s); what != "" {
				c.say("- the phone %s", what)
			}
			if s.Action != nil && s.Action.ShareLocationAction != nil {
				c.say("- pick one with /location LAT LONG")
			}
			return nil
		}
	}
	return fmt.Errorf("the last message has no suggestion %d, but %d in all; /text sends a number as text", number, n)
}

// fileAt describes the file at an address as far as the address tells.
func fileAt(address string) rbm.FileInfo {
	name := ""
	if u, err := url.Parse(address); err == nil && u.Path != "" {
		name = path.Base(u.Path)
	}
	return rbm.FileInfo{FileURI: address, FileName: name, MimeType: typeOf(name)}
}

// typeOf is the MIME type that a name's ending tells.
func typeOf(name string) string {
	return cmp.Or(mime.TypeByExtension(path.Ext(name)), "application/octet-stream")
}
