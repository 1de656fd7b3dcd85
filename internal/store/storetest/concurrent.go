package storetest

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/openrbm/openrbm/internal/store"
)

// parallel runs n of f at once and waits for all.
func parallel(n int, f func(i int)) {
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() { f(i) })
	}
	wg.Wait()
}

// number reads k as a decimal number; 0 when it is absent.
func number(t *testing.T, db store.DB, k store.Key) (n int, raw []byte, ok bool) {
	raw, err := db.Get(t.Context(), k)
	if errors.Is(err, store.ErrNotFound) {
		return 0, nil, true
	}
	if err != nil {
		t.Errorf("Get(%q): %v", k, err)
		return 0, nil, false
	}
	n, err = strconv.Atoi(string(raw))
	if err != nil {
		t.Errorf("Get(%q): %v", k, err)
	}
	return n, raw, err == nil
}

// countersLoseNothing: 64 goroutines increment one counter by checked commits.
func countersLoseNothing(t *testing.T, db store.DB) {
	const writers, each = 64, 4
	var conflicts atomic.Int64
	parallel(writers, func(int) {
		for done := 0; done < each; {
			n, raw, ok := number(t, db, "counter")
			if !ok {
				return
			}
			b := put("counter", strconv.Itoa(n+1))
			if raw == nil {
				b.Absent("counter")
			} else {
				b.Equals("counter", raw)
			}
			switch err := db.Commit(t.Context(), b); {
			case err == nil:
				done++
			case errors.Is(err, store.ErrConflict):
				conflicts.Add(1)
			default:
				t.Errorf("Commit: %v", err)
				return
			}
		}
	})
	wantValue(t, db, "counter", strconv.Itoa(writers*each))
	t.Logf("%d conflicts", conflicts.Load())
}

// transfersAreAtomic: money moves between accounts; every scan sees all of it.
func transfersAreAtomic(t *testing.T, db store.DB) {
	const accounts, start, movers, moves = 10, 100, 8, 30
	account := func(i int) store.Key { return store.Key(fmt.Sprintf("account/%02d", i)) }
	b := new(store.Batch)
	for i := range accounts {
		b.Put(account(i), []byte(strconv.Itoa(start)))
	}
	commit(t, db, b)
	var stop atomic.Bool
	var readers sync.WaitGroup
	for range 2 {
		readers.Go(func() {
			for !stop.Load() {
				sum, n := 0, 0
				for rec, err := range db.Scan(t.Context(), store.Prefix("account/")) {
					v, bad := strconv.Atoi(string(rec.Value))
					if err != nil || bad != nil {
						t.Errorf("scan: %v, %v", err, bad)
						return
					}
					sum, n = sum+v, n+1
				}
				if sum != accounts*start || n != accounts {
					t.Errorf("%d accounts hold %d, want %d with %d", n, sum, accounts, accounts*start)
					return
				}
			}
		})
	}
	parallel(movers, func(i int) {
		rng := rand.New(rand.NewPCG(1, uint64(i)))
		for done := 0; done < moves; {
			from, to := rng.IntN(accounts), rng.IntN(accounts)
			if from == to {
				continue
			}
			a, rawA, okA := number(t, db, account(from))
			z, rawZ, okZ := number(t, db, account(to))
			if !okA || !okZ {
				return
			}
			b := put(account(from), strconv.Itoa(a-1))
			b.Put(account(to), []byte(strconv.Itoa(z+1)))
			b.Equals(account(from), rawA)
			b.Equals(account(to), rawZ)
			if err := db.Commit(t.Context(), b); err == nil {
				done++
			} else if !errors.Is(err, store.ErrConflict) {
				t.Errorf("Commit: %v", err)
				return
			}
		}
	})
	stop.Store(true)
	readers.Wait()
}

// oneWinner: of many batches that claim one key, exactly one is written.
func oneWinner(t *testing.T, db store.DB) {
	for round := range 20 {
		claim := store.Key(fmt.Sprintf("claim/%d", round))
		var won atomic.Int64
		winner := make([]bool, 16)
		parallel(len(winner), func(i int) {
			b := put(claim, strconv.Itoa(i))
			b.Put(store.Key(fmt.Sprintf("mark/%d/%d", round, i)), nil)
			b.Absent(claim)
			switch err := db.Commit(t.Context(), b); {
			case err == nil:
				won.Add(1)
				winner[i] = true
			case !errors.Is(err, store.ErrConflict):
				t.Errorf("Commit: %v", err)
			default: // the loser can see who won
				if _, err := db.Get(t.Context(), claim); err != nil {
					t.Errorf("after a conflict: %v", err)
				}
			}
		})
		if won.Load() != 1 {
			t.Fatalf("%d winners", won.Load())
		}
		for i, w := range winner {
			mark := store.Key(fmt.Sprintf("mark/%d/%d", round, i))
			if w {
				wantValue(t, db, claim, strconv.Itoa(i))
				wantValue(t, db, mark, "")
			} else {
				wantAbsent(t, db, mark)
			}
		}
	}
}

// readYourWrites: what was committed is there for Get, Scan and checks at once.
func readYourWrites(t *testing.T, db store.DB) {
	parallel(16, func(w int) {
		k := store.Key(fmt.Sprintf("w%02d", w))
		for i := range 20 {
			v := strconv.Itoa(i)
			b := put(k, v)
			if i > 0 {
				b.Equals(k, []byte(strconv.Itoa(i-1)))
			}
			if err := db.Commit(t.Context(), b); err != nil {
				t.Errorf("Commit: %v", err)
				return
			}
			if got, err := db.Get(t.Context(), k); err != nil || string(got) != v {
				t.Errorf("Get after Commit: %q, %v, want %q", got, err, v)
				return
			}
			for rec, err := range db.Scan(t.Context(), store.Prefix(k)) {
				if err != nil || string(rec.Value) != v {
					t.Errorf("Scan after Commit: %q, %v, want %q", rec.Value, err, v)
					return
				}
			}
		}
	})
}

// orderAcrossGoroutines: a commit that began after another one returned is
// later than it, whoever made them.
func orderAcrossGoroutines(t *testing.T, db store.DB) {
	baton := make(chan int, 1)
	baton <- 0
	parallel(8, func(int) {
		for i := range baton {
			if i == 200 {
				close(baton)
				return
			}
			b := put("baton", strconv.Itoa(i+1))
			if i == 0 {
				b.Absent("baton")
			} else {
				b.Equals("baton", []byte(strconv.Itoa(i)))
			}
			if err := db.Commit(t.Context(), b); err != nil {
				t.Errorf("step %d: %v", i, err)
				close(baton)
				return
			}
			baton <- i + 1
		}
	})
	wantValue(t, db, "baton", "200")
}
