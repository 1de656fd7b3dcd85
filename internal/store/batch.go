package store

import "fmt"

// Batch is a set of writes with the conditions under which they may be made.
// It is plain data: it can be printed, compared, faulted and replayed.
//
// Each key is written at most once in a batch; checks see the store as it was
// before the batch.
type Batch struct {
	Checks  []Check
	Puts    []Record
	Deletes []Key
}

// Check holds when the value of Key equals Value, or, with Absent, when the
// key does not exist.
type Check struct {
	Key    Key
	Value  []byte
	Absent bool
}

// Equals adds the condition that k has the value v.
func (b *Batch) Equals(k Key, v []byte) { b.Checks = append(b.Checks, Check{Key: k, Value: v}) }

// Absent adds the condition that k does not exist.
func (b *Batch) Absent(k Key) { b.Checks = append(b.Checks, Check{Key: k, Absent: true}) }

// Put adds the write of v under k.
func (b *Batch) Put(k Key, v []byte) { b.Puts = append(b.Puts, Record{Key: k, Value: v}) }

// Delete adds the removal of k; removing what does not exist is no error.
func (b *Batch) Delete(k Key) { b.Deletes = append(b.Deletes, k) }

// Empty says that the batch neither checks nor writes anything.
func (b *Batch) Empty() bool { return len(b.Checks)+len(b.Puts)+len(b.Deletes) == 0 }

// Merge adds all of o to b.
func (b *Batch) Merge(o *Batch) {
	b.Checks = append(b.Checks, o.Checks...)
	b.Puts = append(b.Puts, o.Puts...)
	b.Deletes = append(b.Deletes, o.Deletes...)
}

// few is the number of keys up to which comparing every pair is cheaper than
// building a set: nearly all batches are that small.
const few = 8

// Validate refuses a batch that no store accepts: a key that is empty, longer
// than MaxKey, or written twice.
func (b *Batch) Validate() error {
	n := len(b.Puts) + len(b.Deletes)
	for i := range n {
		if k := b.written(i); len(k) == 0 || len(k) > MaxKey {
			return fmt.Errorf("store: key of %d bytes, want 1 to %d", len(k), MaxKey)
		}
	}
	if k, twice := b.repeated(n); twice {
		return fmt.Errorf("store: key %q is written twice in one batch", k)
	}
	return nil
}

// written is the i-th key that b writes, puts first.
func (b *Batch) written(i int) Key {
	if i < len(b.Puts) {
		return b.Puts[i].Key
	}
	return b.Deletes[i-len(b.Puts)]
}

// repeated finds a key that is written twice among the n written ones.
func (b *Batch) repeated(n int) (Key, bool) {
	if n <= few {
		for i := range n {
			for j := range i {
				if k := b.written(i); k == b.written(j) {
					return k, true
				}
			}
		}
		return "", false
	}
	seen := make(map[Key]struct{}, n)
	for i := range n {
		k := b.written(i)
		if _, twice := seen[k]; twice {
			return k, true
		}
		seen[k] = struct{}{}
	}
	return "", false
}
