package delivery

import (
	"slices"
	"testing"
)

var (
	states     = []State{Queued, Delivered, Read, Revoked, Expired, Unconfirmed, Dropped}
	happenings = []Happening{PhoneAcked, PhoneRead, PhoneWithdrew, AgentRevoked, TimeExpired, TimeExpiredUnknown, QueueExpired}
)

// story is what an agent has been told, and what it may conclude, after some happenings.
type story struct {
	state   State
	reports []Report
	revoked bool // the agent's revocation was granted
}

func (s story) then(h Happening) story {
	o := Step(Message, s.state, h)
	return story{o.State, append(slices.Clip(s.reports), o.Reports...), s.revoked || h == AgentRevoked && !o.Refused}
}

// Every sequence of four happenings must leave the agent with one truth.
func TestNoStoryContradictsItself(t *testing.T) {
	var walk func(s story, depth int, path []Happening)
	walk = func(s story, depth int, path []Happening) {
		count := func(r Report) (n int) {
			for _, x := range s.reports {
				if x == r {
					n++
				}
			}
			return n
		}
		for _, r := range []Report{ReportDelivered, ReportRead, ReportRevoked, ReportRevokeFailed} {
			if count(r) > 1 {
				t.Fatalf("%v: %v reported %d times", path, r, count(r))
			}
		}
		delivered, expired := count(ReportDelivered) > 0, count(ReportRevoked) > 0
		if delivered && expired || delivered && s.revoked || expired && s.revoked {
			t.Fatalf("%v: delivered %v, expired %v, revoked %v: at most one may be", path, delivered, expired, s.revoked)
		}
		if count(ReportRead) > 0 && !delivered {
			t.Fatalf("%v: read, never delivered", path)
		}
		if slices.Contains([]State{Delivered, Read}, s.state) != delivered {
			t.Fatalf("%v: state %v, DELIVERED reported %v", path, s.state, delivered)
		}
		if depth == 0 {
			return
		}
		for _, h := range happenings {
			walk(s.then(h), depth-1, append(slices.Clip(path), h))
		}
	}
	walk(story{state: Queued}, 4, nil)
}

func TestRepeatIsAbsorbed(t *testing.T) {
	for _, s := range states {
		for _, h := range happenings {
			first := Step(Message, s, h)
			again := Step(Message, first.State, h)
			if again.State != first.State || len(again.Reports) > 0 {
				t.Errorf("%v + %v = %v; again: %v with reports %v", s, h, first.State, again.State, again.Reports)
			}
		}
	}
}

func TestRevocation(t *testing.T) {
	for s, granted := range map[State]bool{
		Queued: true, Delivered: false, Read: false, Revoked: false, Expired: false, Unconfirmed: false, Dropped: false,
	} {
		if o := Step(Message, s, AgentRevoked); o.Refused == granted {
			t.Errorf("revoking a message in state %v: refused %v", s, o.Refused)
		}
		if o := Step(Event, s, AgentRevoked); !o.Refused || o.State != s {
			t.Errorf("an event cannot be revoked (facts/rbm-api.md §1.3), in state %v it gave %+v", s, o)
		}
	}
}

func TestLateAcknowledgementIsRecalled(t *testing.T) {
	for _, s := range []State{Revoked, Expired, Dropped} {
		for _, h := range []Happening{PhoneAcked, PhoneRead} {
			if o := Step(Message, s, h); !o.Recall || o.State != s || len(o.Reports) > 0 {
				t.Errorf("%v + %v = %+v", s, h, o)
			}
		}
	}
}

func TestEventsAreNotReported(t *testing.T) {
	if o := Step(Event, Queued, PhoneAcked); o.State != Delivered || len(o.Reports) > 0 {
		t.Errorf("acked event: %+v", o)
	}
}

func TestNames(t *testing.T) {
	for _, s := range states {
		if s.String() == "" || s.String()[:3] == "UNK" {
			t.Errorf("state %d has no name", s)
		}
	}
	if State(99).String() != "UNKNOWN_99" || Message.String() != "MESSAGE" || PhoneAcked.String() != "phone acked" || ReportRevoked.String() != "TTL_EXPIRATION_REVOKED" {
		t.Error("names")
	}
}
