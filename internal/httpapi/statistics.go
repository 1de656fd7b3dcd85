package httpapi

import (
	"cmp"
	"context"
	"slices"
	"strconv"
	"time"

	"github.com/openrbm/openrbm/internal/delivery"
	"github.com/openrbm/openrbm/internal/ledger"
	"github.com/openrbm/openrbm/internal/trend"
	"github.com/openrbm/openrbm/rbm"
)

// statisticsJSON is how the platform does, and what it did in a span of time.
type statisticsJSON struct {
	Queued  int64 `json:"queued"`
	Online  int   `json:"online"`
	Phones  int   `json:"phones"`
	Agents  int   `json:"agents"`
	Looked  int   `json:"looked"`           // messages of the span that were counted
	Partial bool  `json:"partial,omitzero"` // there were more: the oldest are not counted
	// OldestQueueTime is when the oldest message was sent that waits for a phone.
	OldestQueueTime *rbm.Timestamp `json:"oldestQueueTime,omitzero"`
	Webhooks        webhookStats   `json:"webhooks"`
	Since           rbm.Timestamp  `json:"since"`
	StepSeconds     int            `json:"stepSeconds"`
	Buckets         []bucketJSON   `json:"buckets"` // one for each step, the oldest first
	Classes         []classJSON    `json:"classes"`
}

type webhookStats struct {
	Delivered  int64   `json:"delivered"`
	Failed     int64   `json:"failed"`
	Dropped    int64   `json:"dropped"`
	Failing    int     `json:"failing"`
	LagSeconds float64 `json:"lagSeconds"`
}

// bucketJSON counts the messages sent in one step, by where they stand now.
type bucketJSON struct {
	Accepted  int `json:"accepted"`
	Queued    int `json:"queued"`
	Delivered int `json:"delivered"` // read ones too
	Read      int `json:"read"`
	Lost      int `json:"lost"` // revoked, expired, dropped
	// Classes are the messages of the step by what they are billed as.
	Classes []classJSON `json:"classes,omitempty"`
	// Trend is how this server did at the end of the step; none: it did not run, or
	// has not watched yet.
	Trend *trendJSON `json:"trend,omitzero"`
}

// trendJSON is how the platform did at one moment.
type trendJSON struct {
	Queued        int64   `json:"queued"`
	OldestSeconds float64 `json:"oldestSeconds"` // 0: nothing waits
	Online        int     `json:"online"`
	// WebhooksDelivered and WebhooksFailed count the calls of the step.
	WebhooksDelivered int64   `json:"webhooksDelivered"`
	WebhooksFailed    int64   `json:"webhooksFailed"`
	LagSeconds        float64 `json:"lagSeconds"`
}

// classJSON counts what is billed alike.
type classJSON struct {
	Class    string `json:"class"` // of the United States; "" elsewhere
	Carrier  string `json:"carrier"`
	Traffic  string `json:"traffic"`
	Messages int    `json:"messages"`
	Segments int    `json:"segments"`
}

const (
	maxCounted    = 20_000 // messages that one answer counts
	maxOldest     = 10_000 // items waiting that are looked at for the oldest
	statsBuckets  = 48
	maxStatsHours = 24 * 31
)

// statistics counts the messages of the last hours.
func (a *API) statistics(c *call) (any, error) {
	hours := 24
	if v := c.query.Get("hours"); v != "" {
		n, err := strconv.Atoi(v)
		if err != nil || n < 1 || n > maxStatsHours {
			return nil, rbm.InvalidArgument(rbm.Violation{Field: "hours", Description: "The hours must be a number from 1 to 744."})
		}
		hours = n
	}
	phones, err := a.Registry.CountPhones(c.r.Context())
	if err != nil {
		return nil, err
	}
	span := time.Duration(hours) * time.Hour
	since := a.Clock.Now().Add(-span)
	found, _, err := a.Ledger.Recent(c.r.Context(), ledger.Search{
		Since: since, Limit: maxCounted, Scan: maxCounted,
		Item: func(it *ledger.Item) bool { return it.Kind == delivery.Message },
	})
	if err != nil {
		return nil, err
	}
	now, err := a.sample(c.r.Context())
	if err != nil {
		return nil, err
	}
	o := a.Outbox.Stats()
	v := &statisticsJSON{
		Queued: now.Queued, Online: now.Online, Phones: phones, Agents: len(a.Registry.Agents()),
		Looked: len(found), Partial: len(found) == maxCounted,
		Webhooks: webhookStats{o.Delivered, o.Failed, o.Dropped, o.Failing, o.Lag.Seconds()},
		Since:    rbm.Timestamp(since), StepSeconds: int(span.Seconds()) / statsBuckets, Buckets: make([]bucketJSON, statsBuckets),
	}
	if now.Oldest > 0 {
		v.OldestQueueTime = rbm.NewTimestamp(now.Time.Add(-now.Oldest))
	}
	v.count(found, since, span/statsBuckets)
	v.follow(a.trend, now, since, span/statsBuckets)
	return v, nil
}

// sample is how the platform does now.
func (a *API) sample(ctx context.Context) (trend.Sample, error) {
	oldest, err := a.Ledger.OldestWaiting(ctx, maxOldest)
	if err != nil {
		return trend.Sample{}, err
	}
	o := a.Outbox.Stats()
	s := trend.Sample{Time: a.Clock.Now(), Queued: a.Ledger.Queued(), Online: a.Engine.Online(), Delivered: o.Delivered, Failed: o.Failed, Lag: o.Lag}
	if !oldest.IsZero() {
		s.Oldest = max(s.Time.Sub(oldest), 1)
	}
	return s, nil
}

// Watch notes how the platform does, once a minute, until ctx ends.
func (a *API) Watch(ctx context.Context) {
	for {
		s, err := a.sample(ctx)
		if err == nil {
			a.trend.Add(s)
		} else if ctx.Err() == nil {
			a.Logger.ErrorContext(ctx, "there is no sample for the charts", "err", err)
		}
		if !a.Clock.Sleep(ctx, trend.Interval) {
			return
		}
	}
}

// follow puts the samples into the buckets; now belongs to the last.
func (v *statisticsJSON) follow(t *trend.Trend, now trend.Sample, since time.Time, step time.Duration) {
	steps, before := t.Steps(since, step, statsBuckets)
	steps[statsBuckets-1] = &now
	if before == nil {
		before = &trend.Sample{}
	}
	for i, s := range steps {
		if s == nil {
			continue
		}
		v.Buckets[i].Trend = &trendJSON{
			Queued: s.Queued, OldestSeconds: s.Oldest.Seconds(), Online: s.Online, LagSeconds: s.Lag.Seconds(),
			WebhooksDelivered: max(s.Delivered-before.Delivered, 0), WebhooksFailed: max(s.Failed-before.Failed, 0), // less: an agent was removed
		}
		before = s
	}
}

func (v *statisticsJSON) count(found []ledger.Found, since time.Time, step time.Duration) {
	classes := make(map[classJSON]*classJSON)
	steps := make([]map[classJSON]*classJSON, statsBuckets)
	for _, f := range found {
		at := min(max(int(f.Item.SendTime.Sub(since)/step), 0), statsBuckets-1)
		v.Buckets[at].add(f.Status.State)
		k, segments := classOf(f.Item.Payload)
		if steps[at] == nil {
			steps[at] = make(map[classJSON]*classJSON)
		}
		bill(classes, k, segments)
		bill(steps[at], k, segments)
	}
	v.Classes = byNumber(classes)
	for i := range steps {
		v.Buckets[i].Classes = byNumber(steps[i])
	}
}

func bill(classes map[classJSON]*classJSON, k classJSON, segments int) {
	if classes[k] == nil {
		classes[k] = &classJSON{Class: k.Class, Carrier: k.Carrier, Traffic: k.Traffic}
	}
	classes[k].Messages++
	classes[k].Segments += segments
}

func byNumber(classes map[classJSON]*classJSON) []classJSON {
	list := []classJSON{}
	for _, c := range classes {
		list = append(list, *c)
	}
	slices.SortFunc(list, func(a, b classJSON) int {
		return cmp.Or(cmp.Compare(b.Messages, a.Messages), cmp.Compare(a.Class+a.Carrier+a.Traffic, b.Class+b.Carrier+b.Traffic))
	})
	return list
}

func (b *bucketJSON) add(s delivery.State) {
	b.Accepted++
	switch s {
	case delivery.Queued, delivery.Unconfirmed:
		b.Queued++
	case delivery.Read:
		b.Read++
		b.Delivered++
	case delivery.Delivered:
		b.Delivered++
	default:
		b.Lost++
	}
}

// classOf reads what a message is billed as.
func classOf(payload []byte) (k classJSON, segments int) {
	var m struct {
		Traffic string `json:"messageTrafficType"`
		Carrier string `json:"carrier"`
		Class   struct {
			Type     string `json:"classificationType"`
			Segments int    `json:"segmentCount"`
		} `json:"richMessageClassification"`
	}
	if rbm.Unmarshal(payload, &m) != nil {
		return k, 0
	}
	return classJSON{Class: m.Class.Type, Carrier: m.Carrier, Traffic: m.Traffic}, m.Class.Segments
}
