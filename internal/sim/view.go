package sim

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"strings"

	"github.com/openrbm/openrbm/internal/store"
)

// view is the store as one life of a node sees it.
type view struct {
	d  *disk
	in *life
}

var (
	_ store.DB        = (*view)(nil)
	_ store.Sequencer = (*view)(nil)
)

// Close is never called: nodes die.
func (v *view) Close() error { return nil }

func (v *view) Get(_ context.Context, k store.Key) (value []byte, err error) {
	alive := v.d.w.park(&op{in: v.in, label: v.in.name + " get " + string(k), act: func() {
		if err = v.d.readFault(); err == nil {
			value, err = v.d.seen.Get(context.Background(), k)
		}
		v.say("get", show(k), err)
	}})
	if !alive {
		return nil, errDead
	}
	return value, err
}

func (v *view) Scan(_ context.Context, r store.Range) iter.Seq2[store.Record, error] {
	return func(yield func(store.Record, error) bool) {
		var found []store.Record
		var err error
		alive := v.d.w.park(&op{in: v.in, label: v.in.name + " scan " + string(r.Start) + string(r.End), act: func() {
			found, err = v.d.scan(r)
			if sees := v.d.w.mistake.sees; sees != nil && r.Start[0] == 'q' {
				found = sees(v.in, found)
			}
			v.say("scan", fmt.Sprintf("%s: %d", show(r.Start), len(found)), err)
		}})
		if !alive {
			err = errDead
		}
		for _, rec := range found {
			if !yield(rec, nil) {
				return
			}
		}
		if err != nil {
			yield(store.Record{}, err)
		}
	}
}

func (v *view) Commit(_ context.Context, b *store.Batch) (err error) {
	if err := b.Validate(); err != nil {
		return err
	}
	what := describe(b)
	if filter := v.d.w.mistake.batch; filter != nil {
		b = filter(cloneBatch(b))
	}
	alive := v.d.w.park(&op{in: v.in, label: v.in.name + " commit " + what, act: func() {
		err = v.commit(b)
		if change := v.d.w.mistake.verdict; change != nil {
			err = change(err)
		}
		v.say("commit", what, err)
	}, lost: func() { // the node dies, and what it has begun is done or not
		if v.d.w.chance(0.5) {
			v.d.w.say(v.in.name, "commit that nobody waits for: %s: %s", verdict(v.d.write(b)), what)
		}
	}})
	if !alive {
		return errDead
	}
	return err
}

// Sequence implements store.Sequencer.
func (v *view) Sequence(_ context.Context, atLeast uint64) (n uint64, err error) {
	alive := v.d.w.park(&op{in: v.in, label: v.in.name + " sequence", act: func() {
		if err = v.d.readFault(); err == nil {
			if n, err = v.d.sequence(atLeast); v.d.w.mistake.ownTime {
				v.in.last = max(v.in.last+1, atLeast)
				n = v.in.last
			}
		}
		v.say("sequence", "", err)
	}})
	if !alive {
		return 0, errDead
	}
	return n, err
}

// commit writes b, fails, or does something between the two.
func (v *view) commit(b *store.Batch) error {
	d := v.d
	if d.w.mistake.sees != nil {
		d.sign(b, v.in)
	}
	if d.w.calm || !d.w.chance(d.broken) {
		return d.write(b)
	}
	switch d.w.rng.IntN(4) {
	case 0:
		return errDisk
	case 1:
		return store.ErrUnknown
	case 2:
		d.later(v.in.name, b)
		return store.ErrUnknown
	}
	if err := d.write(b); err != nil {
		return err
	}
	return store.ErrUnknown
}

func (v *view) say(verb, what string, err error) {
	v.d.w.say(v.in.name, "%s %s %s", verb, what, verdict(err))
}

func verdict(err error) string {
	switch {
	case err == nil:
		return "ok"
	case errors.Is(err, store.ErrUnknown):
		return "UNKNOWN"
	case errors.Is(err, store.ErrConflict):
		return "conflict"
	case errors.Is(err, store.ErrNotFound):
		return "none"
	}
	return "FAILED"
}

// describe is a batch in words: what it writes and what it removes.
func describe(b *store.Batch) string {
	var words []string
	for _, p := range b.Puts {
		words = append(words, "+"+show(p.Key))
	}
	for _, k := range b.Deletes {
		words = append(words, "-"+show(k))
	}
	return strings.Join(words, " ")
}

// show is a key as people read it: its kind and the names in it; numbers are left out.
func show(k store.Key) string {
	s := string(k)
	switch {
	case s == "":
		return ""
	case s[0] == 'm', s[0] == 'd':
		return s[:1]
	case s[0] == 'q', s[0] == 'o':
		name, tail, _ := strings.Cut(s[1:], "\x00")
		if len(tail) > 16 { // an event
			return s[:1] + ":" + name + "/" + tail[8:16]
		}
		return s[:1] + ":" + name
	}
	return s[:1] + ":" + strings.ReplaceAll(s[1:], "\x00", "/")
}
