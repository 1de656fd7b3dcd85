package phone

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"slices"

	"github.com/openrbm/openrbm/internal/frame"
	"github.com/openrbm/openrbm/rbm"
)

// Agents are named by their id without "@rbm.goog". What the server refuses comes
// back as an *rbm.Error: NOT_FOUND if there is no such agent, INVALID_ARGUMENT for
// what is beyond the limits of docs/device-protocol.md.

// Text sends a text of 1 to 3072 characters and returns the id of the message.
func (p *Phone) Text(ctx context.Context, agentID, text string) (messageID string, err error) {
	return p.send(ctx, &frame.UserMessage{AgentID: agentID, Text: &text})
}

// Tap taps the suggestion of a message that is at path, such as "suggestions[0]"
// or "richCard.standaloneCard.cardContent.suggestions[1]" (see
// rbm.AgentMessage.Suggestion), and returns the id of the user's message. agentID ""
// means the latest message with that id. A tap on a shareLocationAction is to be
// followed by Location.
func (p *Phone) Tap(ctx context.Context, agentID, messageID, path string) (id string, err error) {
	m, err := p.Message(agentID, messageID)
	if err != nil {
		return "", err
	}
	s, err := m.Content.Suggestion(path)
	if err != nil {
		return "", err
	}
	return p.send(ctx, &frame.UserMessage{AgentID: m.AgentID, SuggestionResponse: response(s)})
}

// response is what a tap on s sends (facts/rbm-api.md §3.5).
func response(s *rbm.Suggestion) *frame.SuggestionResponse {
	switch {
	case s.Reply != nil:
		return &frame.SuggestionResponse{PostbackData: s.Reply.PostbackData, Text: s.Reply.Text, Type: string(rbm.SuggestionTypeReply)}
	case s.Action != nil:
		return &frame.SuggestionResponse{PostbackData: s.Action.PostbackData, Text: s.Action.Text, Type: string(rbm.SuggestionTypeAction)}
	}
	return &frame.SuggestionResponse{}
}

// Location sends a place in degrees and returns the id of the message.
func (p *Phone) Location(ctx context.Context, agentID string, latitude, longitude float64) (messageID string, err error) {
	return p.send(ctx, &frame.UserMessage{AgentID: agentID, Location: &frame.Location{Latitude: &latitude, Longitude: &longitude}})
}

// File sends a file that lies at a public address, with a thumbnail or nil, and
// returns the id of the message.
func (p *Phone) File(ctx context.Context, agentID string, payload rbm.FileInfo, thumbnail *rbm.FileInfo) (messageID string, err error) {
	file := &frame.UserFile{Payload: fileInfo(&payload), Thumbnail: fileInfo(thumbnail)}
	return p.send(ctx, &frame.UserMessage{AgentID: agentID, UserFile: file})
}

func fileInfo(i *rbm.FileInfo) *frame.FileInfo {
	if i == nil {
		return nil
	}
	return &frame.FileInfo{MimeType: i.MimeType, FileSizeBytes: int64(i.FileSizeBytes), FileURI: i.FileURI, FileName: i.FileName}
}

// Typing tells the agent that the user is typing, and returns the event's id.
func (p *Phone) Typing(ctx context.Context, agentID string) (eventID string, err error) {
	return p.event(ctx, agentID, rbm.UserEventIsTyping)
}

// Subscribe does what the subscribe button does, and returns the event's id. The
// platform sends the agent the keyword of the number's country with it
// (facts/rbm-api.md §3.6).
func (p *Phone) Subscribe(ctx context.Context, agentID string) (eventID string, err error) {
	return p.event(ctx, agentID, rbm.UserEventSubscribe)
}

// Unsubscribe does what the unsubscribe button does; see Subscribe.
func (p *Phone) Unsubscribe(ctx context.Context, agentID string) (eventID string, err error) {
	return p.event(ctx, agentID, rbm.UserEventUnsubscribe)
}

// Read reports a message as read, and returns when the server knows. agentID ""
// means the latest message with that id. NOT_FOUND means that the phone does not show
// it, also when it was taken back meanwhile.
func (p *Phone) Read(ctx context.Context, agentID, messageID string) error {
	return p.say(ctx, agentID, messageID, frame.TypeRead)
}

// Ack acknowledges a message, as the phone does by itself unless NoAck is set; see Read.
func (p *Phone) Ack(ctx context.Context, agentID, messageID string) error {
	return p.say(ctx, agentID, messageID, frame.TypeAck)
}

func (p *Phone) say(ctx context.Context, agentID, messageID string, t frame.Type) error {
	p.mu.Lock()
	m, err := p.message(agentID, messageID)
	if err != nil {
		p.mu.Unlock()
		return err
	}
	r := ref{AgentID: m.AgentID, MessageID: m.MessageID}
	e := p.state.entries[r]
	before := e.said
	p.change(change{Op: opSaid, Ref: r, Report: t})
	if e.said != before && p.link != nil {
		p.link.report(r)
	}
	p.mu.Unlock()

	gone := false
	err = p.await(ctx, func() bool {
		gone = p.state.entries[r] != e
		done := e.durable && (e.said == t || e.said == frame.TypeRead)
		return gone || done
	})
	if err == nil && gone {
		return rbm.Errorf(rbm.CodeNotFound, "The message %q was taken back.", messageID)
	}
	return err
}

// Announce tells the server that what the phone can show, or its network, has changed.
func (p *Phone) Announce(ctx context.Context, features []rbm.Feature, carrier string) error {
	f := &frame.Announce{Header: frame.Header{Type: frame.TypeAnnounce}, Ref: newID(), Features: names(features), Carrier: carrier}
	data, err := encode(f)
	if err != nil {
		return err
	}
	p.mu.Lock()
	p.opts.Features, p.opts.Carrier = slices.Clone(features), carrier
	p.mu.Unlock()
	return p.deliver(ctx, f.Ref, data)
}

func (p *Phone) send(ctx context.Context, m *frame.UserMessage) (messageID string, err error) {
	m.Type, m.MessageID = frame.TypeUserMessage, newID()
	m.Ref = m.MessageID
	data, err := encode(m)
	if err != nil {
		return "", err
	}
	return m.MessageID, p.deliver(ctx, m.Ref, data)
}

func (p *Phone) event(ctx context.Context, agentID string, t rbm.UserEventType) (eventID string, err error) {
	id := newID()
	data, err := encode(&frame.UserEvent{
		Header: frame.Header{Type: frame.TypeUserEvent}, Ref: id, AgentID: agentID, EventID: id, EventType: string(t),
	})
	if err != nil {
		return "", err
	}
	return id, p.deliver(ctx, id, data)
}

// deliver sends a frame, now or when the phone is next online, and waits for the
// answer.
func (p *Phone) deliver(ctx context.Context, id string, data []byte) error {
	p.mu.Lock()
	if p.over.Err() != nil || !p.change(change{Op: opPosted, ID: id, Post: data}) {
		p.mu.Unlock()
		return context.Cause(p.over)
	}
	po := p.state.posts[len(p.state.posts)-1]
	if p.link != nil {
		p.link.post(po)
	}
	p.mu.Unlock()
	select {
	case <-po.done:
		return po.err
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-p.over.Done():
		return context.Cause(p.over)
	}
}

// newID makes an id in the form that phones' ids have (facts/rbm-api.md §3.5).
func newID() string {
	var b [16]byte
	rand.Read(b[:]) // never fails: crypto/rand ends the program instead
	return "Mx" + base64.RawURLEncoding.EncodeToString(b[:])
}
