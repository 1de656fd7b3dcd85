package ledger

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/openrbm/openrbm/internal/delivery"
	"github.com/openrbm/openrbm/internal/store"
	"github.com/openrbm/openrbm/rbm"
)

const (
	acked    = delivery.PhoneAcked
	read     = delivery.PhoneRead
	withdrew = delivery.PhoneWithdrew
	revoked  = delivery.AgentRevoked
	expired  = delivery.TimeExpired
	silent   = delivery.TimeExpiredUnknown
	aged     = delivery.QueueExpired
)

// paths lead a queued message into each state.
var paths = map[delivery.State][]delivery.Happening{
	delivery.Queued: nil, delivery.Delivered: {acked}, delivery.Read: {read}, delivery.Revoked: {revoked},
	delivery.Expired: {expired}, delivery.Unconfirmed: {silent}, delivery.Dropped: {aged},
}

// Every state and every happening: the rows, the counter and the notices after
// it are what the table of deliveries says.
func TestEveryTransition(t *testing.T) {
	for from, path := range paths {
		for what := acked; what <= aged; what++ {
			for _, kind := range []delivery.Kind{delivery.Message, delivery.Event} {
				for _, sent := range []bool{false, true} {
					t.Run(fmt.Sprint(kind, " ", from, " ", what, " ", sent), func(t *testing.T) {
						synctest.Test(t, func(t *testing.T) { transition(t, kind, from, path, what, sent) })
					})
				}
			}
		}
	}
}

func transition(t *testing.T, kind delivery.Kind, from delivery.State, path []delivery.Happening, what delivery.Happening, sent bool) {
	w := newWorld(t)
	it := w.message("m1", phoneA, time.Hour)
	it.Kind = kind
	w.ok(w.Add(t.Context(), it))
	for _, h := range path {
		w.apply(Change{Ref: it.Ref, Phone: phoneA, What: h})
	}
	if kind == delivery.Event && from == delivery.Revoked {
		from = delivery.Queued // events cannot be revoked
	}
	if w.state("m1") != from {
		t.Fatalf("state %v, want %v", w.state("m1"), from)
	}
	told := w.notices("demo")
	before := must(w.Status(t.Context(), it.Ref))(t)
	time.Sleep(time.Second)

	want := delivery.Step(kind, from, what)
	c := Change{Ref: it.Ref, Phone: phoneA, What: what}
	if sent {
		c.Sent = it
	}
	got := w.apply(c)[0]
	if !got.Known() || !reflect.DeepEqual(got.Outcome, want) || got.Status.State != want.State {
		t.Fatalf("outcome %+v, want %+v", got, want)
	}
	after := must(w.Status(t.Context(), it.Ref))(t)
	if after.State != want.State {
		t.Errorf("stored state %v, want %v", after.State, want.State)
	}
	changed := want.State != from
	if moved := after.ChangeTime.After(before.ChangeTime); moved != changed {
		t.Errorf("ChangeTime moved: %v, state changed: %v", moved, changed)
	}
	n := 0
	if want.State.Waiting() {
		n = 1
		if items := must(w.Mailbox(t.Context(), phoneA, 0, it.Seq, 0))(t); len(items) != 1 || items[0].State != want.State {
			t.Errorf("mailbox %+v, want state %v", items, want.State)
		}
	}
	w.count(kindMailbox, n)
	if w.Queued() != int64(n) {
		t.Errorf("%d queued, want %d", w.Queued(), n)
	}
	if want.State == delivery.Queued {
		w.count(kindDue, 1)
	} else {
		w.count(kindDue, 0)
	}
	var types []string
	for _, r := range want.Reports {
		types = append(types, r.String())
	}
	if got := w.notices("demo"); !sameMembers(got, append(types, told...)) {
		t.Errorf("the agent is told %v, want %v before and %v now", got, told, types)
	}
}

func sameMembers(a, b []string) bool {
	a, b = slices.Clone(a), slices.Clone(b)
	slices.Sort(a)
	slices.Sort(b)
	return slices.Equal(a, b)
}

func TestNoticeContents(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		at := w.clock.Now()
		w.add("m1", phoneA, 0)
		w.add("m2", phoneB, time.Hour)
		w.apply(Change{Ref: Ref{"demo", "m1"}, Phone: phoneA, What: acked}, Change{Ref: Ref{"demo", "m2"}, Phone: phoneB, What: expired})
		due, _, err := w.DueNotices(t.Context(), "demo", time.Time{}, at, 9)
		w.ok(err)
		if len(due) != 2 {
			t.Fatalf("%d notices", len(due))
		}
		for _, n := range due {
			if !n.Created.Equal(at) || !n.Due.Equal(at) || n.Attempts != 0 || n.Agent != "demo" {
				t.Errorf("%+v", n)
			}
			switch n.Type {
			case "DELIVERED":
				var e rbm.UserEvent
				w.ok(rbm.Unmarshal(n.Data, &e))
				want := rbm.UserEvent{SenderPhoneNumber: phoneA, EventType: "DELIVERED", EventID: n.EventID, MessageID: "m1", SendTime: rbm.Timestamp(at), AgentID: "demo@rbm.goog"}
				if e.SendTime.String() != want.SendTime.String() {
					t.Errorf("sendTime %v", e.SendTime)
				}
				if e.SendTime = want.SendTime; e != want {
					t.Errorf("%+v, want %+v", e, want)
				}
			case "TTL_EXPIRATION_REVOKED":
				var e rbm.ServerEvent
				w.ok(rbm.Unmarshal(n.Data, &e))
				want := rbm.ServerEvent{PhoneNumber: phoneB, EventType: "TTL_EXPIRATION_REVOKED", EventID: n.EventID, MessageID: "m2", SendTime: rbm.Timestamp(at), AgentID: "demo@rbm.goog"}
				if e.SendTime = want.SendTime; e != want {
					t.Errorf("%+v, want %+v", e, want)
				}
			default:
				t.Errorf("a notice of type %s", n.Type)
			}
		}
	})
}

func TestEventID(t *testing.T) {
	a, b := EventID("demo", "m1", "READ"), EventID("demo", "m1", "READ")
	if a != b || len(a) != 36 || a[14] != '8' {
		t.Errorf("%s, %s", a, b)
	}
	if EventID("demo", "m1", "DELIVERED") == a || EventID("dem", "om1", "READ") == a {
		t.Error("different happenings have one id")
	}
}

func TestManyChangesOneCommit(t *testing.T) {
	w := newWorld(t)
	var changes []Change
	for i := range 100 {
		changes = append(changes, Change{Ref: w.add(fmt.Sprint("m", i), phoneA, time.Hour).Ref, Phone: phoneA, What: acked})
	}
	w.db.fail()
	done := w.apply(changes...)
	if w.db.seen != 1 {
		t.Errorf("%d commits", w.db.seen)
	}
	for i, c := range done {
		if c.Change != changes[i] || c.Outcome.State != delivery.Delivered {
			t.Fatalf("change %d: %+v", i, c)
		}
	}
	w.count(kindMailbox, 0)
	w.count(kindDue, 0)
	w.count(kindOutbox, 100)
	if w.Queued() != 0 {
		t.Errorf("%d queued", w.Queued())
	}
	w.db.fail()
	w.apply(changes...) // the repeat of all writes nothing
	if w.db.seen != 0 {
		t.Errorf("%d commits for a repeat", w.db.seen)
	}
	w.count(kindOutbox, 100)
	if done := w.apply(); len(done) != 0 {
		t.Errorf("%v", done)
	}
}

// Changes of one message in one Apply happen one after the other.
func TestSameMessageTwiceInOneApply(t *testing.T) {
	for _, c := range []struct {
		what []delivery.Happening
		end  delivery.State
		told []string
	}{
		{[]delivery.Happening{acked, acked}, delivery.Delivered, []string{"DELIVERED"}},
		{[]delivery.Happening{acked, read, read}, delivery.Read, []string{"DELIVERED", "READ"}},
		{[]delivery.Happening{read, acked}, delivery.Read, []string{"DELIVERED", "READ"}},
		{[]delivery.Happening{revoked, acked}, delivery.Revoked, nil},
		{[]delivery.Happening{acked, revoked}, delivery.Delivered, []string{"DELIVERED"}},
		{[]delivery.Happening{silent, acked}, delivery.Delivered, []string{"TTL_EXPIRATION_REVOKE_FAILED", "DELIVERED"}},
		{[]delivery.Happening{silent, withdrew}, delivery.Expired, []string{"TTL_EXPIRATION_REVOKE_FAILED", "TTL_EXPIRATION_REVOKED"}},
		{[]delivery.Happening{expired, aged, acked}, delivery.Expired, []string{"TTL_EXPIRATION_REVOKED"}},
	} {
		t.Run(fmt.Sprint(c.what), func(t *testing.T) {
			w := newWorld(t)
			it := w.add("m1", phoneA, time.Hour)
			var changes []Change
			for _, h := range c.what {
				changes = append(changes, Change{Ref: it.Ref, Phone: phoneA, What: h})
			}
			done := w.apply(changes...)
			if last := done[len(done)-1]; last.Outcome.State != c.end || w.state("m1") != c.end {
				t.Errorf("ended as %+v, stored %v, want %v", last, w.state("m1"), c.end)
			}
			if told := w.notices("demo"); !sameMembers(told, c.told) {
				t.Errorf("told %v, want %v", told, c.told)
			}
			if w.Queued() != 0 {
				t.Errorf("%d queued", w.Queued())
			}
			w.count(kindMailbox, 0)
			w.count(kindDue, 0)
		})
	}
}

// What a phone says of another phone's message, or of none, changes nothing.
func TestStrangersAreIgnored(t *testing.T) {
	w := newWorld(t)
	it := w.add("m1", phoneA, time.Hour)
	before := snapshot(w)
	for what := acked; what <= aged; what++ {
		for _, c := range []Change{
			{Ref: it.Ref, Phone: phoneB, What: what}, {Ref: Ref{"demo", "none"}, Phone: phoneA, What: what}, {Ref: Ref{"other", "m1"}, Phone: phoneA, What: what},
		} {
			got := w.apply(c)[0]
			if got.Known() || got.Recall || len(got.Reports) > 0 || got.Refused != (what == revoked) {
				t.Errorf("%+v gave %+v", c, got)
			}
		}
	}
	if after := snapshot(w); !reflect.DeepEqual(before, after) {
		t.Errorf("the store changed from\n%q to\n%q", before, after)
	}
	done := w.apply(Change{Ref: it.Ref, Phone: phoneB, What: acked}, Change{Ref: it.Ref, Phone: phoneA, What: acked}, Change{Ref: it.Ref, Phone: phoneB, What: revoked})
	if done[0].Known() || !done[1].Known() || done[2].Known() || w.state("m1") != delivery.Delivered {
		t.Errorf("%+v", done)
	}
}

// Of a delivery, a revocation and an expiry at the same time, one wins.
func TestConcurrentChanges(t *testing.T) {
	for i := range 50 {
		w := newWorld(t)
		it := w.add("m1", phoneA, time.Hour)
		var wg sync.WaitGroup
		refused := make(chan bool, 1)
		for _, what := range []delivery.Happening{acked, read, expired, revoked, acked} {
			wg.Go(func() {
				done, err := w.Apply(t.Context(), Change{Ref: it.Ref, Phone: phoneA, What: what})
				if err != nil {
					t.Error(err)
					return
				}
				if what == revoked {
					refused <- done[0].Refused
				}
			})
		}
		wg.Wait()
		told, end := w.notices("demo"), w.state("m1")
		wantTold := map[delivery.State][]string{
			delivery.Read: {"DELIVERED", "READ"}, delivery.Expired: {"TTL_EXPIRATION_REVOKED"}, delivery.Revoked: nil,
		}
		if want, known := wantTold[end]; !known || !sameMembers(told, want) || <-refused != (end != delivery.Revoked) {
			t.Fatalf("round %d: state %v, told %v", i, end, told)
		}
		if w.Queued() != 0 {
			t.Fatalf("%d queued", w.Queued())
		}
	}
}

// A change that always meets another one is given up, and says so.
func TestApplyGivesUp(t *testing.T) {
	w := newWorld(t)
	it := w.add("m1", phoneA, 0)
	var always []fault
	for range attempts {
		always = append(always, func(func() error) error { return store.ErrConflict })
	}
	w.db.fail(always...)
	done, err := w.Apply(t.Context(), Change{Ref: it.Ref, Phone: phoneA, What: acked})
	if err == nil || done != nil || errors.Is(err, store.ErrConflict) {
		t.Errorf("%v, %v: no caller may take it for a repeat", done, err)
	}
	w.db.fail(always[1:]...)
	w.apply(Change{Ref: it.Ref, Phone: phoneA, What: acked})
	if w.state("m1") != delivery.Delivered || w.Queued() != 0 {
		t.Errorf("state %v, %d queued", w.state("m1"), w.Queued())
	}
}
