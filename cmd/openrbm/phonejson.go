package main

import (
	"bufio"
	"cmp"
	"context"
	"io"
	"strings"
	"sync"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/openrbm/openrbm/phone"
	"github.com/openrbm/openrbm/rbm"
)

// maxLine is the longest command, in bytes.
const maxLine = 1 << 20

func newLines(in io.Reader) *bufio.Scanner {
	s := bufio.NewScanner(in)
	s.Buffer(nil, maxLine)
	return s
}

// jsonFace shows a phone to a program: one JSON object a line.
type jsonFace struct {
	mu  sync.Mutex
	out io.Writer
}

// phoneLine is a line of output.
type phoneLine struct {
	Type        string         `json:"type"`
	Command     string         `json:"command,omitzero"`
	PhoneNumber string         `json:"phoneNumber,omitzero"`
	AgentID     string         `json:"agentId,omitzero"`
	MessageID   string         `json:"messageId,omitzero"`
	EventID     string         `json:"eventId,omitzero"`
	Message     jsontext.Value `json:"message,omitzero"`
	Media       []phone.Media  `json:"media,omitempty"` // the message's files, at the server
	Event       jsontext.Value `json:"event,omitzero"`
	Effect      string         `json:"effect,omitzero"` // of a tapped action
	Status      string         `json:"status,omitzero"`
	Error       string         `json:"error,omitzero"`
}

func (f *jsonFace) print(l phoneLine) {
	line, err := json.Marshal(l)
	if err != nil { // text that is not UTF-8
		line, _ = json.Marshal(phoneLine{Type: "error", Command: l.Command, Status: rbm.CodeInternal.String(), Error: strings.ToValidUTF8(err.Error(), "\uFFFD")})
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.out.Write(append(line, '\n'))
}

func (f *jsonFace) event(e phone.Event) {
	switch e := e.(type) {
	case *phone.Message:
		f.print(phoneLine{Type: "agentMessage", AgentID: e.AgentID, MessageID: e.MessageID, Message: e.Raw, Media: e.Media})
	case phone.AgentEvent:
		f.print(phoneLine{Type: "agentEvent", AgentID: e.AgentID, EventID: e.EventID, Event: e.Raw})
	case phone.Revoked:
		f.print(phoneLine{Type: "revoked", AgentID: e.AgentID, MessageID: e.MessageID})
	case phone.Online:
		f.print(phoneLine{Type: "online", PhoneNumber: e.PhoneNumber})
	case phone.Offline:
		f.print(phoneLine{Type: "offline", Error: e.Err.Error()})
	}
}

// phoneCommand is a line of input.
type phoneCommand struct {
	Type          string  `json:"type"`
	AgentID       string  `json:"agentId"`
	MessageID     string  `json:"messageId"`
	Text          string  `json:"text"`
	Suggestion    string  `json:"suggestion"`
	Latitude      float64 `json:"latitude"`
	Longitude     float64 `json:"longitude"`
	FileURI       string  `json:"fileUri"`
	MimeType      string  `json:"mimeType"`
	FileName      string  `json:"fileName"`
	FileSizeBytes int32   `json:"fileSizeBytes"`
	// Path is a file of this machine to upload and send, in place of FileURI.
	Path string `json:"path"`
	// Features and Carrier are for announce.
	Features []rbm.Feature `json:"features"`
	Carrier  string        `json:"carrier"`
}

func (f *jsonFace) command(ctx context.Context, p *phone.Phone, line string) bool {
	if strings.TrimSpace(line) == "" {
		return true
	}
	var c phoneCommand
	done := phoneLine{}
	err := json.Unmarshal([]byte(line), &c, json.RejectUnknownMembers(true))
	if err != nil {
		err = rbm.Errorf(rbm.CodeInvalidArgument, "not a command: %v", err)
	} else {
		c.AgentID = strings.TrimSuffix(c.AgentID, "@rbm.goog")
		done, err = c.do(ctx, p)
	}
	done.Type, done.Command = "sent", c.Type
	if err != nil {
		e := rbm.AsError(err)
		done = phoneLine{Type: "error", Command: c.Type, AgentID: c.AgentID, MessageID: c.MessageID, Status: e.Code.String(), Error: err.Error()}
	}
	f.print(done)
	return true
}

// do makes the phone do it, and returns what names it.
func (c *phoneCommand) do(ctx context.Context, p *phone.Phone) (done phoneLine, err error) {
	done.AgentID = c.AgentID
	switch c.Type {
	case "text":
		done.MessageID, err = p.Text(ctx, c.AgentID, c.Text)
	case "tap":
		return c.tap(ctx, p)
	case "location":
		done.MessageID, err = p.Location(ctx, c.AgentID, c.Latitude, c.Longitude)
	case "file":
		done.MessageID, err = c.file(ctx, p)
	case "typing":
		done.EventID, err = p.Typing(ctx, c.AgentID)
	case "subscribe":
		done.EventID, err = p.Subscribe(ctx, c.AgentID)
	case "unsubscribe":
		done.EventID, err = p.Unsubscribe(ctx, c.AgentID)
	case "read":
		done.MessageID, err = c.MessageID, p.Read(ctx, c.AgentID, c.MessageID)
	case "ack":
		done.MessageID, err = c.MessageID, p.Ack(ctx, c.AgentID, c.MessageID)
	case "announce":
		err = p.Announce(ctx, c.Features, c.Carrier)
	case "disconnect":
		p.Disconnect()
	case "connect":
		err = p.Connect(ctx)
	default:
		err = rbm.Errorf(rbm.CodeInvalidArgument, "no command has the type %q: there are text, tap, location, file, typing, subscribe, unsubscribe, read, ack, announce, disconnect and connect", c.Type)
	}
	return done, err
}

// file sends a file that lies at an address, or uploads one of this machine.
func (c *phoneCommand) file(ctx context.Context, p *phone.Phone) (messageID string, err error) {
	if c.Path != "" {
		return p.SendFile(ctx, c.AgentID, c.Path, cmp.Or(c.MimeType, typeOf(c.Path)))
	}
	payload := rbm.FileInfo{MimeType: c.MimeType, FileSizeBytes: c.FileSizeBytes, FileURI: c.FileURI, FileName: c.FileName}
	return p.File(ctx, c.AgentID, payload, nil)
}

func (c *phoneCommand) tap(ctx context.Context, p *phone.Phone) (done phoneLine, err error) {
	m, err := p.Message(c.AgentID, c.MessageID)
	if err != nil {
		return done, err
	}
	s, err := m.Content.Suggestion(c.Suggestion)
	if err != nil {
		return done, err
	}
	done.AgentID, done.Effect = m.AgentID, effect(s)
	done.MessageID, err = p.Tap(ctx, m.AgentID, m.MessageID, c.Suggestion)
	return done, err
}
