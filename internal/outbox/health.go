package outbox

import "time"

// Health is how an agent's webhook has been doing since the start.
type Health struct {
	// FailingSince is when the first attempt failed of those since the last
	// success; zero: the last attempt succeeded, or there was none.
	FailingSince time.Time
	// LastError is why an attempt failed the last time one did, without secrets.
	LastError string
	// LastStatus is the HTTP status of the last attempt, 0 if there was no answer.
	LastStatus      int
	LastAttemptTime time.Time
	LastLatency     time.Duration
	// Delivered notices were answered with 200, Failed attempts were not, Dropped
	// notices have become too old.
	Delivered, Failed, Dropped int64
}

// Health tells how agent's webhook is doing; zero if it had nothing to do yet.
func (o *Outbox) Health(agent string) Health {
	o.mu.Lock()
	c := o.couriers[agent]
	o.mu.Unlock()
	if c == nil {
		return Health{}
	}
	h, _ := c.condition()
	return h
}

// Stats is how the outbox has been doing since the start, for the metrics.
type Stats struct {
	// Delivered, Failed and Dropped are the sums over all agents (Health).
	Delivered, Failed, Dropped int64
	// Failing is how many agents' webhooks gave no 200 since their last failure.
	Failing int
	// Lag is the age of the oldest notice that an agent with a webhook was seen to
	// have waiting.
	Lag time.Duration
}

// Stats sums up all agents.
func (o *Outbox) Stats() Stats {
	var s Stats
	now := o.clock.Now()
	for _, c := range o.all() {
		h, oldest := c.condition()
		s.Delivered += h.Delivered
		s.Failed += h.Failed
		s.Dropped += h.Dropped
		if !h.FailingSince.IsZero() {
			s.Failing++
		}
		if !oldest.IsZero() {
			s.Lag = max(s.Lag, now.Sub(oldest))
		}
	}
	return s
}

func (o *Outbox) all() []*courier {
	o.mu.Lock()
	defer o.mu.Unlock()
	all := make([]*courier, 0, len(o.couriers))
	for _, c := range o.couriers {
		all = append(all, c)
	}
	return all
}

// note takes in the outcome of one attempt.
func (h *Health) note(a *attempt) {
	h.LastStatus, h.LastAttemptTime, h.LastLatency = a.status, a.started, a.latency
	if a.err == nil {
		h.Delivered++
		h.FailingSince = time.Time{}
		return
	}
	h.Failed++
	h.LastError = a.err.Error()
	if h.FailingSince.IsZero() {
		h.FailingSince = a.started
	}
}
