package pgstore

import (
	"bytes"
	"maps"
	"slices"

	"github.com/openrbm/openrbm/internal/store"
)

// value is what a key holds: a body or nothing.
type value struct {
	body   []byte
	absent bool
}

func (v value) equal(w value) bool {
	return v.absent == w.absent && (v.absent || bytes.Equal(v.body, w.body))
}

// fate is what a group does with one key.
type fate struct {
	known   bool  // what the key holds at this point of the plan
	now     value // if known
	checked bool  // whether before must be true in the database
	before  value
	written bool // whether now is written
}

// plan is the writes of a group and what must hold for them.
type plan struct {
	read  map[store.Key]value // what is in the database, of all keys that are checked; nil: the checks are assumed to hold
	fates map[store.Key]*fate
}

// add adds the writes of b, if its checks hold.
func (p *plan) add(b *store.Batch) error {
	var assumed []store.Key
	for _, c := range b.Checks {
		is, want := p.at(c.Key), value{c.Value, c.Absent}
		if !is.known {
			is.known, is.now, is.checked, is.before = true, want, true, want
			assumed = append(assumed, c.Key)
			if read, ok := p.read[c.Key]; ok {
				is.now, is.before = read, read
			}
		}
		if !is.now.equal(want) {
			for _, k := range assumed {
				delete(p.fates, k)
			}
			return &store.ConflictError{Key: c.Key}
		}
	}
	for _, r := range b.Puts {
		p.write(r.Key, value{body: r.Value})
	}
	for _, k := range b.Deletes {
		p.write(k, value{absent: true})
	}
	return nil
}

// at is the fate of k. A key that no store accepts is known to be absent.
func (p *plan) at(k store.Key) *fate {
	f := p.fates[k]
	if f == nil {
		f = new(fate)
		if !storable(k) {
			return &fate{known: true, now: value{absent: true}}
		}
		p.fates[k] = f
	}
	return f
}

func storable(k store.Key) bool { return len(k) > 0 && len(k) <= store.MaxKey }

func (p *plan) write(k store.Key, v value) {
	f := p.at(k)
	f.known, f.now, f.written = true, v, true
}

// statements are what does it, in the order of the keys: of the tables and in
// each.
func (p *plan) statements() (all []statement) {
	last := -1
	var of [ops]statement
	flush := func() {
		for _, s := range of {
			if s.arrays[0].b != nil {
				all = append(all, s)
			}
		}
		of = [ops]statement{}
	}
	for _, k := range slices.Sorted(maps.Keys(p.fates)) {
		if t := tableOf(k); t != last {
			flush()
			last = t
			for o := range of {
				of[o].table, of[o].op = t, op(o)
			}
		}
		p.fates[k].state(&of, string(k))
	}
	flush()
	return all
}

// state adds k to the statements that bring about its fate. Where nothing is
// and nothing is to be, a row holds the place until the end.
func (f *fate) state(of *[ops]statement, k string) {
	switch held := f.checked && !f.before.absent; {
	case held && !f.written:
		of[share].add(k, f.before.body)
	case held && f.now.absent:
		of[remove].add(k, f.before.body)
	case held:
		of[change].add(k, f.before.body, f.now.body)
	case f.checked && f.now.absent:
		of[insert].add(k, nil)
		of[erase].add(k)
	case f.checked:
		of[insert].add(k, f.now.body)
	case f.now.absent:
		of[claim].add(k)
		of[erase].add(k)
	default:
		of[put].add(k, f.now.body)
	}
}
