package phone

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/openrbm/openrbm/internal/frame"
	"github.com/openrbm/openrbm/rbm"
)

func came(id string) change {
	return change{
		Op: opCame, Ref: ref{AgentID: "a", MessageID: id}, Time: time.Unix(1, 0).UTC(),
		Message: []byte(`{"contentMessage":{"text":"` + id + `"}}`),
	}
}

func said(id string, t frame.Type) change {
	return change{Op: opSaid, Ref: ref{AgentID: "a", MessageID: id}, Report: t}
}

func confirmed(id string) change {
	return change{Op: opConfirmed, Ref: ref{AgentID: "a", MessageID: id}}
}

func gone(id string) change { return change{Op: opGone, Ref: ref{AgentID: "a", MessageID: id}} }

// TestReports has a row for each order in which reports and confirmations can
// come; want is what a new connection has to send.
func TestReports(t *testing.T) {
	const ack, read, withdrawn = frame.TypeAck, frame.TypeRead, frame.TypeWithdrawn
	rows := []struct {
		name    string
		changes []change
		want    []string
		durable bool
	}{
		{"came", []change{came("m")}, nil, false},
		{"acked", []change{came("m"), said("m", ack)}, []string{"ack m"}, false},
		{"ack confirmed", []change{came("m"), said("m", ack), confirmed("m")}, nil, true},
		{"read after ack", []change{came("m"), said("m", ack), confirmed("m"), said("m", read)}, []string{"read m"}, false},
		{"read includes ack", []change{came("m"), said("m", ack), said("m", read)}, []string{"read m"}, false},
		{"the confirmation is of the ack", []change{came("m"), said("m", ack), said("m", read), confirmed("m")}, []string{"read m"}, false},
		{"both confirmed", []change{came("m"), said("m", ack), said("m", read), confirmed("m"), confirmed("m")}, nil, true},
		{"ack after read", []change{came("m"), said("m", read), said("m", ack)}, []string{"read m"}, false},
		{"read noted before the message", []change{said("m", read), came("m"), said("m", ack)}, []string{"read m"}, false},
		{"withdrawn unseen", []change{said("m", withdrawn)}, []string{"withdrawn m"}, false},
		{"withdrawn confirmed", []change{said("m", withdrawn), confirmed("m")}, nil, false},
		{"came after withdrawn", []change{said("m", withdrawn), came("m"), said("m", ack)}, []string{"ack m"}, false},
		{"gone", []change{came("m"), said("m", ack), gone("m")}, nil, false},
		{"confirmed after gone", []change{came("m"), said("m", ack), gone("m"), confirmed("m")}, nil, false},
		{"in order", []change{came("m"), came("n"), said("n", ack), said("m", ack)}, []string{"ack m", "ack n"}, false},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			s := NewState()
			for _, c := range row.changes {
				s.apply(c)
			}
			// What is kept says the same.
			lines, err := encodeLines(s.snapshot())
			if err != nil {
				t.Fatal(err)
			}
			kept := NewState()
			if err := kept.replay(lines); err != nil {
				t.Fatal(err)
			}
			for name, s := range map[string]*State{"live": s, "kept": kept} {
				var got []string
				for _, r := range s.unconfirmed() {
					got = append(got, string(s.entries[r].said)+" "+r.MessageID)
				}
				if !slices.Equal(got, row.want) {
					t.Errorf("%s: to be sent %v, want %v", name, got, row.want)
				}
				if e := s.entries[ref{AgentID: "a", MessageID: "m"}]; e != nil && e.durable != row.durable {
					t.Errorf("%s: durable is %v", name, e.durable)
				}
			}
		})
	}
}

func TestStateIsKept(t *testing.T) {
	file := filepath.Join(t.TempDir(), "state")
	s, err := OpenState(file)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []change{came("m1"), said("m1", frame.TypeAck), came("m2"), {Op: opPosted, ID: "p1", Post: []byte(`{"x":1}`)}, {Op: opPosted, ID: "p2", Post: []byte(`{}`)}, {Op: opAnswered, ID: "p1"}} {
		s.apply(c)
		if err := s.note(c); err != nil {
			t.Fatal(err)
		}
	}
	// The process was killed in the middle of a line.
	f, err := os.OpenFile(file, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.WriteString(`{"op":"came","agentId":"a","messa`); err != nil {
		t.Fatal(err)
	}
	f.Close()
	for range 2 { // and once more, from what was written anew
		s, err = OpenState(file)
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
	shown := s.messages()
	if len(shown) != 2 || shown[0].MessageID != "m1" || shown[1].Content.ContentMessage.Text != "m2" || !shown[0].Received.Equal(time.Unix(1, 0)) {
		t.Errorf("the state shows %v", shown)
	}
	if got := s.unconfirmed(); len(got) != 1 || got[0].MessageID != "m1" {
		t.Errorf("to be sent: %v", got)
	}
	if len(s.posts) != 1 || s.posts[0].id != "p2" || string(s.posts[0].data) != `{}` {
		t.Errorf("to be posted: %v", s.posts)
	}
	if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the file: %v, %v", info.Mode(), err)
	}
}

func TestDamagedStateIsRefused(t *testing.T) {
	file := filepath.Join(t.TempDir(), "state")
	if err := os.WriteFile(file, []byte("{\"op\":\"came\"}\nnot a line\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if s, err := OpenState(file); err == nil || !bytes.Contains([]byte(err.Error()), []byte("line 2")) {
		t.Errorf("got %v, %v", s, err)
	}
}

// A State forgets the oldest, but nothing that the server may send again or has
// not confirmed.
func TestStateForgets(t *testing.T) {
	s := NewState()
	for i := range 2 * maxKept {
		id := fmt.Sprint(i)
		s.apply(came(id))
		if i != 7 {
			s.apply(said(id, frame.TypeAck))
		}
		if i != 8 {
			s.apply(confirmed(id))
		}
	}
	if n := len(s.order); n < maxKept || n > maxKept+maxKept/10 || len(s.entries) != n {
		t.Errorf("%d entries in order, %d in all", n, len(s.entries))
	}
	for id, want := range map[string]bool{"0": false, "7": true, "8": true, fmt.Sprint(2*maxKept - 1): true} {
		if got := s.find("", id) != nil; got != want {
			t.Errorf("%s is known: %v, want %v", id, got, want)
		}
	}
}

func TestFind(t *testing.T) {
	s := NewState()
	other := came("m")
	other.Ref.AgentID = "b"
	s.apply(came("m"))
	s.apply(other)
	s.apply(change{Op: opCame, Ref: ref{AgentID: "b", MessageID: "event"}})
	if m := s.find("a", "m"); m == nil || m.AgentID != "a" {
		t.Errorf("got %v", m)
	}
	if m := s.find("", "m"); m == nil || m.AgentID != "b" {
		t.Errorf("the latest: got %v", m)
	}
	if s.find("c", "m") != nil || s.find("", "event") != nil {
		t.Error("found what is not there")
	}
}

func TestDefaultFeatures(t *testing.T) {
	list := DefaultFeatures()
	if len(list) != 10 || slices.Contains(list, rbm.FeatureActionCompose) || !slices.Contains(list, rbm.FeatureActionOpenURLInWebview) {
		t.Errorf("got %v", list)
	}
}

func TestIDsAreRandom(t *testing.T) {
	if a, b := newID(), newID(); a == b || len(a) != 24 || !rbm.ValidMessageID(a) {
		t.Errorf("got %s and %s", a, b)
	}
}

// FuzzReplay: whatever is in the file, it is refused or it can be written anew
// and read with the same result.
func FuzzReplay(f *testing.F) {
	lines, err := encodeLines([]change{
		came("m"), said("m", frame.TypeAck), said("m", frame.TypeRead), confirmed("m"), gone("n"),
		{Op: opPosted, ID: "p", Post: []byte(`{"type":"userEvent"}`)}, {Op: opAnswered, ID: "p"}, said("x", frame.TypeWithdrawn),
	})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(lines)
	f.Add([]byte(`{"op":"came","agentId":"a","messageId":"b","message":{"contentMessage":7}}` + "\n"))
	f.Add([]byte(`{"op":"said","report":"other"}` + "\n" + `{"op":"confirmed"}` + "\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		s := NewState()
		if s.replay(data) != nil {
			return
		}
		lines, err := encodeLines(s.snapshot())
		if err != nil {
			t.Fatal(err)
		}
		again := NewState()
		if err := again.replay(lines); err != nil {
			t.Fatalf("%v in %s", err, lines)
		}
		if a, b := s.unconfirmed(), again.unconfirmed(); !reflect.DeepEqual(a, b) {
			t.Fatalf("to be sent: %v, then %v\n%s", a, b, lines)
		}
		if a, b := len(s.messages()), len(again.messages()); a != b || len(s.posts) != len(again.posts) {
			t.Fatalf("%d messages, then %d\n%s", a, b, lines)
		}
	})
}
