package sim

import (
	"io"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/openrbm/openrbm/internal/engine"
	"github.com/openrbm/openrbm/internal/outbox"
	"github.com/openrbm/openrbm/internal/store"
)

// planted is a mistake, and what the oracle says of it: one of the faults must match.
type planted struct {
	name, notice string
	mistake
}

// mistakes break the four laws (docs/reliability.md). Each must be noticed.
var mistakes = []planted{
	{"the store says success before it is durable", "is not durable|is lost|no durable row|durably QUEUED", mistake{early: true}},
	{"a report is confirmed before it is durable", "again after|waits for something|is QUEUED", mistake{hasty: true}},
	{"an unknown outcome is taken for success", "not durable|durably QUEUED|no durable row", mistake{verdict: swap(store.ErrUnknown, nil)}},
	{"an unknown outcome is taken for one that others have written", "no durable row", mistake{verdict: swap(store.ErrUnknown, store.ErrConflict)}},
	{"a failure is taken for success", "not durable|durably QUEUED|no durable row", mistake{verdict: swap(errDisk, nil)}},
	{"the conflict of a deposed owner is ignored", "answered with something else|is durably|success, and it is|told map", mistake{verdict: swapConflict}},
	{"an owner writes without looking at what it read", "success, and it is|told map", mistake{batch: without('i', func(c store.Check) bool { return !c.Absent })}},
	{"the id of a send is not looked up", "answered with something else|twice|another content", mistake{batch: without('i', func(c store.Check) bool { return c.Absent })}},
	{"the id of a user's message is not looked up", "happened twice", mistake{batch: without('u', func(store.Check) bool { return true })}},
	{"the outbox row is forgotten", "no durable row|told map", mistake{batch: dropPuts('o')}},
	{"the place in the mailbox is forgotten", "is QUEUED", mistake{batch: dropPuts('q')}},
	{"the expiry is forgotten", "still work|is QUEUED|not expired", mistake{batch: dropPuts('d')}},
	{"a revoked message stays in the mailbox", "has answered that it is revoked", mistake{batch: keepPlaces}},
	{"the agent is told of an expiry that is not written", "told map", mistake{batch: expireWithoutRevoking}},
	{"a webhook's 500 is taken for 200", "told map|never came", mistake{status: func(int) int { return 200 }}},
	{"a webhook's silence is taken for 200", "told map|never came", mistake{timeout: func() (*http.Response, error) {
		return &http.Response{StatusCode: 200, Body: io.NopCloser(strings.NewReader(""))}, nil
	}}},
	{"deliveries change places", "order:", mistake{effects: reverse}},
	{"a delivery is lost on its way", "still work|order:", mistake{effects: func(e []engine.Effect) []engine.Effect { return e[:max(1, len(e)-1)] }}},
	{"hints are lost and nothing looks for work", "still work", mistake{options: func(e *engine.Options, o *outbox.Options) {
		e.LoseHints, e.SweepInterval, o.SweepInterval = true, 1000*time.Hour, 1000*time.Hour
	}}},
	{"a start does not look for the last place", "order:|lost|another content", mistake{blind: func(r store.Range) bool { return r.Reverse }}},
	{"messages are taken back that the phone has been asked for and has", "durably QUEUED|taken off the screen|now false", mistake{effects: decideAtOnce}},
}

// sharedMistakes break what nodes keep that all accept on one store.
var sharedMistakes = []planted{
	{"numbers come from the clocks of the nodes", "order:", mistake{ownTime: true}},
	{"a mailbox is read on from where it was read before", "order:|still work", mistake{sees: afterCursor}},
	{"a node offers what it has accepted, and looks for what others have later", "order:", mistake{sees: ownFirst}},
	{"the nodes do not know that others work on their store", "order:", mistake{options: func(e *engine.Options, _ *outbox.Options) { e.Shared = false }}},
	{"a number that was given twice is used twice", "another content|was sent to|is lost", mistake{batch: without('m', func(store.Check) bool { return true })}},
}

// clusterMistakes break what nodes keep that know each other.
var clusterMistakes = []planted{
	{"numbers come from the clocks of the nodes", "order:", mistake{ownTime: true}},
	{"nodes answer each other and do nothing", "answered with success, and it is", mistake{hollow: true}},
	{"hints are lost and nothing looks for work", "still work", mistake{options: func(e *engine.Options, o *outbox.Options) {
		e.LoseHints, e.SweepInterval, o.SweepInterval = true, 1000*time.Hour, 1000*time.Hour
	}}},
}

// afterCursor passes over what lies before the end of what was read.
func afterCursor(l *life, found []store.Record) (rest []store.Record) {
	for _, r := range found {
		name, _, _ := strings.Cut(string(r.Key), "\x00")
		if r.Key > l.scanned[name] {
			rest = append(rest, r)
			l.scanned[name] = r.Key
		}
	}
	return rest
}

// ownFirst leaves out what others have accepted in the last five seconds, if there
// is something of the node's own.
func ownFirst(l *life, found []store.Record) []store.Record {
	var own []store.Record
	for _, r := range found {
		if by := l.w.disk.by[r.Key]; by.life == l || time.Since(by.at) > 5*time.Second {
			own = append(own, r)
		}
	}
	return own
}

// swap gives another verdict on commits that came to from.
func swap(from, to error) func(error) error {
	return func(err error) error {
		if err == from {
			return to
		}
		return err
	}
}

func swapConflict(err error) error {
	if verdict(err) == "conflict" {
		return nil
	}
	return err
}

// without leaves out checks of keys of a kind.
func without(kind byte, drop func(store.Check) bool) func(*store.Batch) *store.Batch {
	return func(b *store.Batch) *store.Batch {
		b.Checks = slices.DeleteFunc(b.Checks, func(c store.Check) bool { return c.Key.Kind() == kind && drop(c) })
		return b
	}
}

func dropPuts(kind byte) func(*store.Batch) *store.Batch {
	return func(b *store.Batch) *store.Batch {
		b.Puts = slices.DeleteFunc(b.Puts, func(r store.Record) bool { return r.Key.Kind() == kind })
		return b
	}
}

func keepPlaces(b *store.Batch) *store.Batch {
	if !slices.ContainsFunc(b.Puts, func(r store.Record) bool { return r.Key.Kind() == 'o' }) {
		b.Deletes = slices.DeleteFunc(b.Deletes, func(k store.Key) bool { return k.Kind() == 'q' })
	}
	return b
}

// expireWithoutRevoking writes of an expiry only what tells of it: the row of the
// outbox, and that it is not due any more.
func expireWithoutRevoking(b *store.Batch) *store.Batch {
	if !slices.ContainsFunc(b.Puts, func(r store.Record) bool { return strings.Contains(string(r.Value), "TTL_EXPIRATION_REVOKED") }) {
		return b
	}
	b.Deletes = slices.DeleteFunc(b.Deletes, func(k store.Key) bool { return k.Kind() == 'q' })
	return dropPuts('i')(b)
}

// reverse turns around the messages that are sent together.
func reverse(effects []engine.Effect) []engine.Effect {
	effects = slices.Clone(effects)
	slices.Reverse(effects)
	return effects
}

// decideAtOnce makes every question for a message a decision.
func decideAtOnce(effects []engine.Effect) []engine.Effect {
	effects = slices.Clone(effects)
	for i := range effects {
		effects[i].Final = effects[i].Kind == engine.Revoke
	}
	return effects
}

// TestMistakesAreNoticed plants each mistake and counts the worlds until it shows.
func TestMistakesAreNoticed(t *testing.T) {
	for _, m := range mistakes {
		t.Run(m.name, func(t *testing.T) { m.noticed(t, Options{}) })
	}
	for _, m := range sharedMistakes {
		t.Run(m.name, func(t *testing.T) { m.noticed(t, Options{BothAccept: true}) })
	}
	for _, m := range clusterMistakes {
		t.Run("cluster: "+m.name, func(t *testing.T) { m.noticed(t, Options{BothAccept: true, Cluster: true}) })
	}
}

func (m planted) noticed(t *testing.T, o Options) {
	const bound = 1000
	noticed := false
	o.mistake = &m.mistake
	Run(t.Context(), 1, bound, o, func(out *Outcome) bool {
		for _, wrong := range out.Wrong {
			if !noticed && regexp.MustCompile(m.notice).MatchString(wrong) {
				noticed = true
				t.Logf("seed %d: %s", out.Seed, wrong)
			}
		}
		return !noticed
	})
	if !noticed {
		t.Errorf("not noticed in %d worlds", bound)
	}
}
