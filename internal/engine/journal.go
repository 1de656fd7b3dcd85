package engine

import (
	"github.com/openrbm/openrbm/internal/delivery"
	"github.com/openrbm/openrbm/internal/journal"
	"github.com/openrbm/openrbm/internal/ledger"
)

// What the engine tells those who watch. None of it decides anything.

func (e *Engine) noteAccepted(it *ledger.Item) {
	if e.opts.Journal == nil {
		return
	}
	why := "the phone is connected"
	if !e.IsOnline(it.Phone) {
		why = "the phone is not connected: it waits"
		if !it.ExpireTime.IsZero() {
			why += " until " + it.ExpireTime.Format("2006-01-02T15:04:05Z")
		}
	}
	e.opts.Journal.Add(journal.Event{
		Time: it.SendTime, Kind: journal.Accepted, Agent: it.Agent, Phone: it.Phone, MessageID: it.ID,
		State: delivery.Queued.String(), Type: it.Kind.String(), Reason: why, Payload: it.Payload,
	})
}

func (e *Engine) noteSent(phone string, f *Effect) {
	if e.opts.Journal == nil {
		return
	}
	what := "MESSAGE"
	switch f.Kind {
	case DeliverEvent:
		what = "EVENT"
	case Revoke:
		what = "REVOKE"
	}
	e.opts.Journal.Add(journal.Event{
		Time: e.clock.Now(), Kind: journal.Sent, Agent: f.Ref.Agent, Phone: phone, MessageID: f.Ref.ID, Type: what,
	})
}

// reasons say why a message has left the state it was in.
var reasons = map[delivery.Happening]string{
	delivery.PhoneAcked:         "the phone acknowledged it",
	delivery.PhoneRead:          "the user has seen it",
	delivery.PhoneWithdrew:      "the phone gave it back",
	delivery.AgentRevoked:       "the agent revoked it before it was delivered",
	delivery.TimeExpired:        "its expireTime came before the phone had it",
	delivery.TimeExpiredUnknown: "its expireTime came, and the phone does not say whether it has it",
	delivery.QueueExpired:       "it waited longer than the queue keeps messages",
}

func (e *Engine) noteChanged(c *ledger.Changed) {
	silent := len(c.Reports) == 0 && c.What != delivery.AgentRevoked && c.What != delivery.QueueExpired
	if e.opts.Journal == nil || c.Refused || silent {
		return
	}
	e.opts.Journal.Add(journal.Event{
		Time: c.ChangeTime, Kind: journal.Changed, Agent: c.Change.Agent, Phone: c.Change.Phone, MessageID: c.Change.ID,
		State: c.Outcome.State.String(), Reason: reasons[c.What],
	})
}

func (e *Engine) noteUpstream(u *upstream, notices []*ledger.Notice) {
	for i, n := range notices {
		e.opts.Journal.Add(journal.Event{
			Time: n.Created, Kind: journal.FromPhone, Agent: u.ref.Agent, Phone: u.phone, MessageID: u.tellings[i].id,
			Type: n.Type, Payload: n.Data,
		})
	}
}

func (e *Engine) notePhone(phone, state string) {
	e.opts.Journal.Add(journal.Event{Time: e.clock.Now(), Kind: journal.Phone, Phone: phone, State: state})
}
