package httpapi

import (
	"cmp"
	"slices"
	"strconv"
	"time"

	"github.com/openrbm/openrbm/internal/delivery"
	"github.com/openrbm/openrbm/internal/ledger"
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
	// OldestQueueTime is when the oldest of them was sent that still waits.
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
	o := a.Outbox.Stats()
	v := &statisticsJSON{
		Queued: a.Ledger.Queued(), Online: a.Engine.Online(), Phones: phones, Agents: len(a.Registry.Agents()),
		Looked: len(found), Partial: len(found) == maxCounted,
		Webhooks: webhookStats{o.Delivered, o.Failed, o.Dropped, o.Failing, o.Lag.Seconds()},
		Since:    rbm.Timestamp(since), StepSeconds: int(span.Seconds()) / statsBuckets, Buckets: make([]bucketJSON, statsBuckets),
	}
	v.count(found, since, span/statsBuckets)
	return v, nil
}

func (v *statisticsJSON) count(found []ledger.Found, since time.Time, step time.Duration) {
	classes := make(map[classJSON]*classJSON)
	for _, f := range found {
		at := min(max(int(f.Item.SendTime.Sub(since)/step), 0), statsBuckets-1)
		v.Buckets[at].add(f.Status.State)
		if f.Status.State == delivery.Queued { // the newest come first
			v.OldestQueueTime = rbm.NewTimestamp(f.Item.SendTime)
		}
		k, segments := classOf(f.Item.Payload)
		if classes[k] == nil {
			classes[k] = &classJSON{Class: k.Class, Carrier: k.Carrier, Traffic: k.Traffic}
		}
		classes[k].Messages++
		classes[k].Segments += segments
	}
	v.Classes = []classJSON{}
	for _, c := range classes {
		v.Classes = append(v.Classes, *c)
	}
	slices.SortFunc(v.Classes, func(a, b classJSON) int {
		return cmp.Or(cmp.Compare(b.Messages, a.Messages), cmp.Compare(a.Class+a.Carrier+a.Traffic, b.Class+b.Carrier+b.Traffic))
	})
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
