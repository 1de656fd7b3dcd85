// Package delivery is the life of an agentMessage or agentEvent as a pure table:
// a state and what happened give the next state and what follows from it. It
// knows no clock, store or network.
package delivery

import "fmt"

// Kind tells what travels to the phone.
type Kind uint8

// The kinds. Only messages are reported to the agent and can be revoked
// (facts/rbm-api.md §1.3).
const (
	Message Kind = iota + 1
	Event
)

// String is the kind as the admin API shows it.
func (k Kind) String() string {
	return name([]string{Message: "MESSAGE", Event: "EVENT"}, int(k))
}

// State is where a message stands. The values are stored: never renumber them.
type State uint8

const (
	// Queued waits in the phone's mailbox; the phone may have been sent it.
	Queued State = iota + 1
	// Delivered was acknowledged by the phone.
	Delivered
	// Read was shown to the user.
	Read
	// Revoked was taken back by the agent before delivery.
	Revoked
	// Expired was taken back at its expireTime.
	Expired
	// Unconfirmed expired while the phone had been sent it and did not say
	// whether it has it. It stays in the mailbox until the phone says.
	Unconfirmed
	// Dropped outlived the queue's retention without an expireTime.
	Dropped
)

// String is the state as the admin API shows it.
func (s State) String() string {
	return name([]string{
		Queued: "QUEUED", Delivered: "DELIVERED", Read: "READ", Revoked: "REVOKED",
		Expired: "EXPIRED", Unconfirmed: "UNCONFIRMED", Dropped: "DROPPED",
	}, int(s))
}

// Waiting says that the message is still in the phone's mailbox.
func (s State) Waiting() bool { return s == Queued || s == Unconfirmed }

// Happening is something that happened to a message.
type Happening uint8

const (
	// PhoneAcked : the phone acknowledged that it has the message.
	PhoneAcked Happening = iota + 1
	// PhoneRead : the user saw the message.
	PhoneRead
	// PhoneWithdrew : asked to give it back, the phone no longer shows the message, or never had it.
	PhoneWithdrew
	// AgentRevoked : the agent asked to take the message back.
	AgentRevoked
	// TimeExpired : expireTime has come, and the phone is known not to have the message, or not asked yet.
	TimeExpired
	// TimeExpiredUnknown : expireTime has come, the phone was sent the message and does not answer.
	TimeExpiredUnknown
	// QueueExpired : the queue's retention is over.
	QueueExpired
)

// String names the happening for logs.
func (h Happening) String() string {
	return name([]string{
		PhoneAcked: "phone acked", PhoneRead: "phone read", PhoneWithdrew: "phone withdrew", AgentRevoked: "agent revoked",
		TimeExpired: "time expired", TimeExpiredUnknown: "time expired unknown", QueueExpired: "queue expired",
	}, int(h))
}

// Report is what the agent is told through its webhook.
type Report uint8

// The reports: DELIVERED and READ are user events, the others server events
// (facts/rbm-api.md §3.6, §3.7). The values are part of stored event ids.
const (
	ReportDelivered Report = iota + 1
	ReportRead
	ReportRevoked
	ReportRevokeFailed
)

// String is the eventType of the report.
func (r Report) String() string {
	return name([]string{
		ReportDelivered: "DELIVERED", ReportRead: "READ",
		ReportRevoked: "TTL_EXPIRATION_REVOKED", ReportRevokeFailed: "TTL_EXPIRATION_REVOKE_FAILED",
	}, int(r))
}

// Outcome is what follows from a happening.
type Outcome struct {
	State   State
	Reports []Report
	// Refused : an agent's revocation came too late, or the message is no longer there.
	Refused bool
	// Recall : the phone has, or may have, what it must no longer show.
	Recall bool
}

// Step gives the outcome of h for a message of kind k in state s. What has
// happened already, or cannot happen any more, leaves the state as it is, so a
// repeat is absorbed.
func Step(k Kind, s State, h Happening) Outcome {
	o, known := table[s][h]
	if !known {
		return Outcome{State: s, Refused: h == AgentRevoked}
	}
	if k == Event {
		o.Reports = nil
		if h == AgentRevoked {
			return Outcome{State: s, Refused: true}
		}
	}
	return o
}

// table holds every pair of state and happening that is not simply ignored.
var table = map[State]map[Happening]Outcome{
	Queued: {
		PhoneAcked:         {State: Delivered, Reports: []Report{ReportDelivered}},
		PhoneRead:          {State: Read, Reports: []Report{ReportDelivered, ReportRead}},
		AgentRevoked:       {State: Revoked},
		TimeExpired:        {State: Expired, Reports: []Report{ReportRevoked}},
		TimeExpiredUnknown: {State: Unconfirmed, Reports: []Report{ReportRevokeFailed}},
		QueueExpired:       {State: Dropped},
	},
	Delivered: {
		PhoneRead: {State: Read, Reports: []Report{ReportRead}},
	},
	Unconfirmed: {
		PhoneAcked:    {State: Delivered, Reports: []Report{ReportDelivered}},
		PhoneRead:     {State: Read, Reports: []Report{ReportDelivered, ReportRead}},
		PhoneWithdrew: {State: Expired, Reports: []Report{ReportRevoked}},
		QueueExpired:  {State: Dropped},
	},
	Revoked: tooLate(Revoked),
	Expired: tooLate(Expired),
	Dropped: tooLate(Dropped),
}

// tooLate answers a phone that shows what the agent was told is gone: the
// ledger decided first, so the phone takes it off the screen.
func tooLate(s State) map[Happening]Outcome {
	recall := Outcome{State: s, Recall: true}
	return map[Happening]Outcome{PhoneAcked: recall, PhoneRead: recall}
}

// name looks v up in names; an unknown value is shown by its number.
func name(names []string, v int) string {
	if v < len(names) && names[v] != "" {
		return names[v]
	}
	return fmt.Sprintf("UNKNOWN_%d", v)
}
