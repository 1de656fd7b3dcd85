package phone

import (
	"slices"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/openrbm/openrbm/internal/frame"
	"github.com/openrbm/openrbm/rbm"
)

// maxKept is how many messages a phone remembers beside those whose fate is open.
const maxKept = 10_000

// State is what a phone remembers: the messages it has shown, so that a repeat
// is known as one, and what it has to repeat until the server confirms it. Make one with
// NewState or OpenState. Only one phone at a time may use it; when that is closed,
// another can go on from it.
type State struct {
	entries map[ref]*entry
	order   []ref // of arrival
	posts   []*post
	journal *journal // nil: only in memory
}

type ref = frame.MessageRef

// entry is a message or an event that has come.
type entry struct {
	msg *Message // nil for an event
	// said is the last report about it: "", ack, read or withdrawn; durable says
	// that the server has confirmed it, and then is what will be said after that.
	said    frame.Type
	durable bool
	then    frame.Type
}

// post is something that the user sent and the server has not answered.
type post struct {
	id   string
	data []byte
	// The phone's: closed when it was answered, with the reason of a refusal.
	done chan struct{}
	err  error
}

// NewState returns an empty State that lives in memory.
func NewState() *State { return &State{entries: make(map[ref]*entry)} }

// op is the kind of a change.
type op string

const (
	opCame      op = "came"      // a message or event: Ref, Time, and Message unless it is an event
	opSaid      op = "said"      // Ref, Report
	opConfirmed op = "confirmed" // Ref
	opGone      op = "gone"      // Ref is not shown any more, and nothing is to be said about it
	opPosted    op = "posted"    // ID, Post
	opAnswered  op = "answered"  // ID
)

// change is one step of a State, as the journal keeps it.
type change struct {
	Op      op             `json:"op"`
	Ref     ref            `json:",inline"`
	Message jsontext.Value `json:"message,omitzero"`
	Media   []Media        `json:"media,omitempty"`
	Time    time.Time      `json:"time,omitzero"`
	Report  frame.Type     `json:"report,omitzero"`
	ID      string         `json:"id,omitzero"`
	Post    jsontext.Value `json:"post,omitzero"`
}

// apply makes c. It does the same when it is replayed.
func (s *State) apply(c change) {
	e := s.entries[c.Ref]
	switch c.Op {
	case opCame:
		s.come(c)
	case opSaid:
		if e == nil { // withdrawn, and never seen
			e = s.add(c.Ref, nil)
		}
		e.say(c.Report)
	case opConfirmed:
		if e != nil && e.confirm() {
			s.forget(c.Ref)
		}
	case opGone:
		s.forget(c.Ref)
	case opPosted:
		s.posts = append(s.posts, &post{id: c.ID, data: c.Post, done: make(chan struct{})})
	case opAnswered:
		s.posts = slices.DeleteFunc(s.posts, func(p *post) bool { return p.id == c.ID })
	}
}

func (s *State) come(c change) {
	var m *Message
	if c.Message != nil {
		m = &Message{AgentID: c.Ref.AgentID, MessageID: c.Ref.MessageID, Raw: c.Message, Media: c.Media, Received: c.Time, Content: new(rbm.AgentMessage)}
		// What a newer server adds is passed over; what cannot be read is in Raw.
		rbm.Unmarshal(c.Message, m.Content)
	}
	if e := s.entries[c.Ref]; e != nil && e.msg == nil && e.said != frame.TypeWithdrawn {
		e.msg = m // its report was noted first
		return
	}
	s.forget(c.Ref)
	s.add(c.Ref, m)
	s.trim()
}

func (s *State) add(r ref, m *Message) *entry {
	e := &entry{msg: m}
	s.entries[r] = e
	s.order = append(s.order, r)
	return e
}

func (s *State) forget(r ref) {
	if s.entries[r] == nil {
		return
	}
	delete(s.entries, r)
	i := len(s.order) - 1 // most are recent
	for s.order[i] != r {
		i--
	}
	s.order = slices.Delete(s.order, i, i+1)
}

// trim forgets the oldest messages that the server will not send again.
func (s *State) trim() {
	over := len(s.order) - maxKept
	if over < maxKept/10 { // not one by one
		return
	}
	s.order = slices.DeleteFunc(s.order, func(r ref) bool {
		if over <= 0 || !s.entries[r].durable || s.entries[r].then != "" {
			return false
		}
		over--
		delete(s.entries, r)
		return true
	})
}

// say notes a report. One about the same message that is not confirmed yet comes
// first (docs/device-protocol.md, "ack, read, withdrawn").
func (e *entry) say(t frame.Type) {
	switch {
	case e.said == t, e.said == frame.TypeRead && t == frame.TypeAck:
	case e.said == frame.TypeAck && !e.durable && t == frame.TypeRead:
		e.then = t
	default:
		e.said, e.durable, e.then = t, false, ""
	}
}

// confirm notes that the server has the report. It says whether the entry has
// served its purpose.
func (e *entry) confirm() (over bool) {
	switch {
	case e.said == "" || e.durable:
	case e.said == frame.TypeWithdrawn:
		return true
	case e.then != "":
		e.said, e.then = e.then, ""
	default:
		e.durable = true
	}
	return false
}

// resay makes a confirmed report about r unconfirmed again, as the server asks once
// more. It is false when there is none: one that is not confirmed is under way.
func (s *State) resay(r ref) bool {
	e := s.entries[r]
	if e == nil || !e.durable {
		return false
	}
	e.durable = false
	return true
}

// unconfirmed are the messages whose report is to be sent after a connect. Read
// includes ack.
func (s *State) unconfirmed() []ref {
	var list []ref
	for _, r := range s.order {
		e := s.entries[r]
		if e.then != "" {
			e.said, e.then = e.then, ""
		}
		if e.said != "" && !e.durable {
			list = append(list, r)
		}
	}
	return list
}

// find gives the message with that id, of any agent if agentID is "": the latest.
func (s *State) find(agentID, messageID string) *Message {
	for _, r := range slices.Backward(s.order) {
		if e := s.entries[r]; e.msg != nil && r.MessageID == messageID && (agentID == "" || r.AgentID == agentID) {
			return e.msg
		}
	}
	return nil
}

// messages are all that the phone shows, in the order of arrival.
func (s *State) messages() []*Message {
	var list []*Message
	for _, r := range s.order {
		if m := s.entries[r].msg; m != nil {
			list = append(list, m)
		}
	}
	return list
}

// snapshot is the shortest list of changes that leads to the same state.
func (s *State) snapshot() []change {
	var list []change
	for _, r := range s.order {
		e := s.entries[r]
		if e.msg != nil {
			list = append(list, change{Op: opCame, Ref: r, Message: e.msg.Raw, Media: e.msg.Media, Time: e.msg.Received})
		} else if e.said != frame.TypeWithdrawn {
			list = append(list, change{Op: opCame, Ref: r})
		}
		if e.said != "" {
			list = append(list, change{Op: opSaid, Ref: r, Report: e.said})
		}
		if e.durable {
			list = append(list, change{Op: opConfirmed, Ref: r})
		}
		if e.then != "" {
			list = append(list, change{Op: opSaid, Ref: r, Report: e.then})
		}
	}
	for _, p := range s.posts {
		list = append(list, change{Op: opPosted, ID: p.id, Post: p.data})
	}
	return list
}
