package journal

import (
	"bytes"
	"context"
	"testing"
	"time"
)

func ids(events []Event) (list []uint64) {
	for _, e := range events {
		list = append(list, e.ID)
	}
	return list
}

func TestOrderAndBounds(t *testing.T) {
	j := New(time.Unix(1, 0))
	for range maxEvents + 10 {
		j.Add(Event{Kind: Sent})
	}
	events, whole := j.After(0, 3)
	if got := ids(events); whole || len(got) != 3 || got[0] != 11 || got[2] != 13 {
		t.Errorf("after 0: %v, %v", got, whole)
	}
	if events, whole := j.After(10, 1); !whole || events[0].ID != 11 {
		t.Errorf("after 10: %v, %v", ids(events), whole)
	}
	if events, whole := j.After(j.Last(), 1); !whole || len(events) != 0 {
		t.Errorf("after the last: %v, %v", ids(events), whole)
	}
	if _, ok := j.Get(10); ok {
		t.Error("an event that is gone was found")
	}
	even := func(e *Event) bool { return e.ID%2 == 0 }
	if got := ids(j.Before(0, 2, even)); len(got) != 2 || got[0] != maxEvents+10 || got[1] != maxEvents+8 {
		t.Errorf("the last even ones: %v", got)
	}
	if got := ids(j.Before(14, 10, even)); len(got) != 1 || got[0] != 12 {
		t.Errorf("even ones before 14: %v", got)
	}
}

// Large bodies push others out, and are cut.
func TestBytes(t *testing.T) {
	j := New(time.Unix(1, 0))
	large := bytes.Repeat([]byte("x"), 2*maxBody)
	for range 1000 {
		j.Add(Event{Kind: Call, HTTP: &Exchange{Request: large, Answer: large}, Payload: large})
	}
	if j.bytes > maxBytes {
		t.Errorf("%d bytes are kept", j.bytes)
	}
	e, ok := j.Get(j.Last())
	if !ok || len(e.HTTP.Request) != maxBody || cap(e.HTTP.Request) > maxBody*5/4 || e.Payload != nil {
		t.Errorf("%d bytes of the request (%d behind it), %d of the payload", len(e.HTTP.Request), cap(e.HTTP.Request), len(e.Payload))
	}
	if n := j.last - j.first + 1; n < 100 {
		t.Errorf("only %d are kept", n)
	}
}

func TestWait(t *testing.T) {
	j := New(time.Unix(1, 0))
	done := make(chan error)
	go func() { done <- j.Wait(t.Context(), 0) }()
	j.Add(Event{Kind: Sent})
	if err := <-done; err != nil {
		t.Error(err)
	}
	if err := j.Wait(t.Context(), 0); err != nil { // it is there already
		t.Error(err)
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if j.Wait(ended, 1) == nil {
		t.Error("waiting ended without an event")
	}
}

func TestForget(t *testing.T) {
	const number = "+12223334444"
	j := New(time.Unix(1, 0))
	for _, e := range []Event{
		{Kind: Sent, Phone: number}, {Kind: Webhook, Payload: []byte(`{"senderPhoneNumber":"` + number + `"}`)},
		{Kind: Call, HTTP: &Exchange{URL: "/v1/phones/" + number}}, {Kind: Call, HTTP: &Exchange{Answer: []byte(number)}},
		{Kind: Sent, Phone: "+12223334445"},
	} {
		j.Add(e)
	}
	j.Forget(number)
	events, whole := j.After(0, 10)
	if !whole || len(events) != 5 || events[4].Kind != Sent {
		t.Errorf("%+v", events)
	}
	for _, e := range events[:4] {
		if e.Kind != "" || e.Phone != "" || e.Payload != nil || e.HTTP != nil {
			t.Errorf("%+v is left", e)
		}
	}
}

func TestNames(t *testing.T) {
	j, other := New(time.Unix(1, 0)), New(time.Unix(2, 0))
	if id, ok := j.ID(j.Name(7)); !ok || id != 7 {
		t.Errorf("%d %v", id, ok)
	}
	for _, name := range []string{other.Name(7), "", "7", "-", j.Name(7) + "x"} {
		if _, ok := j.ID(name); ok {
			t.Errorf("%q is a name", name)
		}
	}
	var nobody *Journal
	nobody.Add(Event{}) // is forgotten
}

func BenchmarkAdd(b *testing.B) {
	j := New(time.Unix(1, 0))
	payload := make([]byte, 1000)
	b.ReportAllocs()
	for b.Loop() {
		j.Add(Event{Kind: Accepted, Agent: "agent", Phone: "+12223334444", MessageID: "id", Payload: payload})
	}
}
