package httpapi

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/openrbm/openrbm/internal/journal"
	"github.com/openrbm/openrbm/internal/registry"
	"github.com/openrbm/openrbm/rbm"
)

// eventJSON is an event of the journal as the admin API shows it.
type eventJSON struct {
	EventID     string         `json:"eventId"`       // of this run of the server
	Node        string         `json:"node,omitzero"` // the server of a cluster that saw it; each has its own journal
	Time        rbm.Timestamp  `json:"time"`
	Kind        string         `json:"kind"`
	AgentID     string         `json:"agentId,omitzero"`
	PhoneNumber string         `json:"phoneNumber,omitzero"`
	MessageID   string         `json:"messageId,omitzero"`
	State       string         `json:"state,omitzero"`
	Type        string         `json:"type,omitzero"`
	Reason      string         `json:"reason,omitzero"`
	Payload     jsontext.Value `json:"payload,omitzero"` // the resource or the webhook's data
	HTTP        *exchangeJSON  `json:"http,omitzero"`
	Webhook     *attemptJSON   `json:"webhook,omitzero"`
}

// exchangeJSON is a request and its answer. The bodies are text; lists leave them out.
type exchangeJSON struct {
	Method     string  `json:"method"`
	URL        string  `json:"url"`
	Status     int     `json:"status,omitzero"` // none: no answer came
	TookMillis float64 `json:"tookMillis"`
	Request    string  `json:"request,omitzero"`
	Answer     string  `json:"answer,omitzero"`
}

type attemptJSON struct {
	NoticeID   string        `json:"noticeId"`
	Number     int           `json:"number"`
	Signature  string        `json:"signature"`
	CreateTime rbm.Timestamp `json:"createTime"`
}

// maxShown is how large a payload may be, in bytes, to be in a list.
const maxShown = 16 << 10

func (a *API) showEvent(e *journal.Event, whole bool) *eventJSON {
	v := &eventJSON{
		EventID: a.Journal.Name(e.ID), Node: a.Node, Time: rbm.Timestamp(e.Time), Kind: string(e.Kind), AgentID: e.Agent, PhoneNumber: e.Phone,
		MessageID: e.MessageID, State: e.State, Type: e.Type, Reason: e.Reason,
	}
	if len(e.Payload) > 0 && (whole || len(e.Payload) <= maxShown) {
		v.Payload = e.Payload
	}
	if x := e.HTTP; x != nil {
		v.HTTP = &exchangeJSON{Method: x.Method, URL: x.URL, Status: x.Status, TookMillis: float64(x.Took.Microseconds()) / 1000}
		if whole {
			v.HTTP.Request, v.HTTP.Answer = strings.ToValidUTF8(string(x.Request), "\uFFFD"), strings.ToValidUTF8(string(x.Answer), "\uFFFD")
		}
	}
	if w := e.Attempt; w != nil {
		v.Webhook = &attemptJSON{NoticeID: w.EventID, Number: w.Number, Signature: w.Signature, CreateTime: rbm.Timestamp(w.Created)}
		v.name(e.Payload)
	}
	return v
}

// name says which message and phone the data of a webhook are about.
func (v *eventJSON) name(data []byte) {
	var about struct {
		MessageID         string `json:"messageId"`
		EventID           string `json:"eventId"`
		PhoneNumber       string `json:"phoneNumber"`
		SenderPhoneNumber string `json:"senderPhoneNumber"`
	}
	if rbm.Unmarshal(data, &about) != nil {
		return
	}
	v.MessageID, v.PhoneNumber = about.MessageID, about.SenderPhoneNumber
	if v.PhoneNumber == "" {
		v.PhoneNumber = about.PhoneNumber
	}
	if v.MessageID == "" {
		v.MessageID = about.EventID
	}
}

// wanted says which events the query asks for.
func (c *call) wanted() func(*journal.Event) bool {
	agent, phone, message, kinds := c.query.Get("agentId"), c.query.Get("phoneNumber"), c.query.Get("messageId"), c.query["kind"]
	agent, failed := registry.AgentID(agent), c.query.Get("failed") == "true"
	about := func(own, want string, e *journal.Event) bool {
		return want == "" || own == want || own == "" && e.Attempt != nil && bytes.Contains(e.Payload, []byte(`"`+want+`"`))
	}
	return func(e *journal.Event) bool {
		return e.Kind != "" && (agent == "" || e.Agent == agent) && about(e.Phone, phone, e) && about(e.MessageID, message, e) &&
			(len(kinds) == 0 || slices.Contains(kinds, string(e.Kind))) && !(failed && succeeded(e))
	}
}

// succeeded says that the call was answered as it should be; other events have not.
func succeeded(e *journal.Event) bool {
	return e.HTTP != nil && e.HTTP.Status > 0 && e.HTTP.Status < 300 && (e.Attempt == nil || e.HTTP.Status == http.StatusOK)
}

// listEvents lists what happened lately, the newest first; to who asks for
// text/event-stream it tells everything as it happens.
func (a *API) listEvents(c *call) (any, error) {
	if strings.Contains(c.r.Header.Get("Accept"), "text/event-stream") {
		return answered{}, a.streamEvents(c)
	}
	size, err := pageSize(c)
	if err != nil {
		return nil, err
	}
	before, err := a.eventID(c.query.Get("pageToken"))
	if err != nil {
		return nil, err
	}
	list := struct {
		Events        []*eventJSON `json:"events"`
		NextPageToken string       `json:"nextPageToken,omitzero"`
	}{Events: []*eventJSON{}}
	events := a.Journal.Before(before, size, c.wanted())
	for i := range events {
		list.Events = append(list.Events, a.showEvent(&events[i], false))
	}
	if len(events) == size {
		list.NextPageToken = list.Events[size-1].EventID
	}
	return list, nil
}

func (a *API) eventID(name string) (uint64, error) {
	if name == "" {
		return 0, nil
	}
	id, ok := a.Journal.ID(name)
	if !ok {
		return 0, rbm.Errorf(rbm.CodeNotFound, "The event %q is not known: events are kept in memory, and not over a restart.", name)
	}
	return id, nil
}

// getEvent shows an event with its bodies.
func (a *API) getEvent(c *call) (any, error) {
	e, err := a.event(c.params[0])
	if err != nil {
		return nil, err
	}
	return a.showEvent(&e, true), nil
}

func (a *API) event(name string) (journal.Event, error) {
	id, err := a.eventID(name)
	if err != nil {
		return journal.Event{}, err
	}
	e, ok := a.Journal.Get(id)
	if !ok || e.Kind == "" {
		return e, rbm.Errorf(rbm.CodeNotFound, "The event %q is no longer known.", name)
	}
	return e, nil
}

// How the stream is written.
const (
	streamBatch = 256
	streamBeat  = 15 * time.Second // a comment at least so often shows that it lives
	streamGrace = time.Minute      // how long a reader may be slow
)

// streamEvents tells what happens as server-sent events, from the one after
// Last-Event-ID, or without one from now. The event "reset" says that some are
// missed: the reader reads the rest from the lists.
func (a *API) streamEvents(c *call) error {
	ctx, cancel := context.WithCancel(c.r.Context())
	defer cancel()
	stop := context.AfterFunc(a.life, cancel)
	defer stop()
	at, known := a.Journal.Last(), true
	if name := c.r.Header.Get("Last-Event-ID"); name != "" {
		var id uint64
		if id, known = a.Journal.ID(name); known {
			at = min(at, id)
		}
	}
	h := c.w.Header()
	h.Set("Content-Type", "text/event-stream; charset=UTF-8")
	h.Set("Cache-Control", "no-store")
	h.Set("X-Accel-Buffering", "no")
	s := eventStream{a, c.w, http.NewResponseController(c.w), c.wanted()}
	if !known {
		s.write("event: reset\nid: %s\ndata: {}\n\n", a.Journal.Name(at))
	} else {
		s.write("event: hello\nid: %s\ndata: {}\n\n", a.Journal.Name(at))
	}
	for s.flush() {
		events, whole := a.Journal.After(at, streamBatch)
		if !whole {
			s.write("event: reset\ndata: {}\n\n")
		}
		for i := range events {
			s.event(&events[i])
			at = events[i].ID
		}
		if len(events) > 0 {
			continue
		}
		beat, end := context.WithTimeout(ctx, streamBeat)
		err := a.Journal.Wait(beat, at)
		end()
		if ctx.Err() != nil {
			return nil
		}
		if err != nil {
			s.write(": still here\n\n")
		}
	}
	return nil
}

// eventStream is one reader of events.
type eventStream struct {
	a       *API
	w       http.ResponseWriter
	control *http.ResponseController
	wanted  func(*journal.Event) bool
}

func (s *eventStream) write(format string, args ...any) { fmt.Fprintf(s.w, format, args...) }

func (s *eventStream) event(e *journal.Event) {
	if !s.wanted(e) {
		return
	}
	b, err := rbm.Marshal(s.a.showEvent(e, false))
	if err != nil {
		s.a.Logger.Error("event", "kind", e.Kind, "err", err)
		return
	}
	s.write("id: %s\ndata: %s\n\n", s.a.Journal.Name(e.ID), b)
}

// flush sends what is written; false: the reader has gone.
func (s *eventStream) flush() bool {
	_ = s.control.SetWriteDeadline(time.Now().Add(streamGrace)) // a test's recorder has none
	return s.control.Flush() == nil
}
