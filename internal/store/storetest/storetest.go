// Package storetest is the behaviour that every store shows, as tests: a new
// store is done when Run passes on it, and, if it can be crashed, RunCrash.
package storetest

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/openrbm/openrbm/internal/store"
)

// Run runs the suite. Each subtest calls open for an empty store of its own and
// leaves it open or closed; open arranges for the cleaning up.
func Run(t *testing.T, open func(t *testing.T) store.DB) {
	for _, c := range []struct {
		name string
		test func(t *testing.T, db store.DB)
	}{
		{"PutGetDelete", putGetDelete},
		{"BinaryKeys", binaryKeys},
		{"BigValues", bigValues},
		{"ValueOwnership", valueOwnership},
		{"InvalidBatch", invalidBatch},
		{"EmptyBatch", emptyBatch},
		{"SameBatchAgain", sameBatchAgain},

		{"ScanRanges", scanRanges},
		{"ScanEarlyBreak", scanEarlyBreak},
		{"ScanSnapshot", scanSnapshot},
		{"ScanNested", scanNested},
		{"ScanMany", scanMany},

		{"SnapshotStaysAsItWas", snapshotStaysAsItWas},
		{"SnapshotIsOneMoment", snapshotIsOneMoment},
		{"SnapshotOfMany", snapshotOfMany},
		{"SnapshotScansAtOnce", snapshotScansAtOnce},
		{"SnapshotOutlivesScans", snapshotOutlivesScans},
		{"CompactKeeps", compactKeeps},
		{"TrimKeeps", trimKeeps},

		{"CheckEquals", checkEquals},
		{"CheckAbsent", checkAbsent},
		{"CheckSeesStoreBefore", checkSeesStoreBefore},
		{"ConflictWritesNothing", conflictWritesNothing},
		{"ConflictNamesKey", conflictNamesKey},

		{"CountersLoseNothing", countersLoseNothing},
		{"TransfersAreAtomic", transfersAreAtomic},
		{"OneWinner", oneWinner},
		{"ReadYourWrites", readYourWrites},
		{"OrderAcrossGoroutines", orderAcrossGoroutines},

		{"ContextCancelledBefore", contextCancelledBefore},
		{"ContextCancelledDuring", contextCancelledDuring},
		{"Closed", closed},
		{"CloseWhileBusy", closeWhileBusy},

		{"Collect", collect},
		{"SequenceAscends", sequenceAscends},
		{"SequenceFollowsClocks", sequenceFollowsClocks},
		{"HintsArrive", hintsArrive},

		{"Model", model},
	} {
		t.Run(c.name, func(t *testing.T) { c.test(t, open(t)) })
	}
}

// put is a batch that writes one record.
func put(k store.Key, v string) *store.Batch {
	b := new(store.Batch)
	b.Put(k, []byte(v))
	return b
}

// commit commits b and fails the test when that fails.
func commit(t *testing.T, db store.DB, b *store.Batch) {
	t.Helper()
	if err := db.Commit(t.Context(), b); err != nil {
		t.Fatalf("Commit: %v", err)
	}
}

// wantConflict commits b and fails the test unless that is a conflict.
func wantConflict(t *testing.T, db store.DB, b *store.Batch) {
	t.Helper()
	if err := db.Commit(t.Context(), b); !errors.Is(err, store.ErrConflict) {
		t.Fatalf("Commit: %v, want a conflict", err)
	}
}

// wantValue fails the test unless k has the value v.
func wantValue(t *testing.T, db store.DB, k store.Key, v string) {
	t.Helper()
	got, err := db.Get(t.Context(), k)
	if err != nil {
		t.Fatalf("Get(%q): %v", k, err)
	}
	if !bytes.Equal(got, []byte(v)) {
		t.Fatalf("Get(%q) = %.80q (%d bytes), want %.80q (%d bytes)", k, got, len(got), v, len(v))
	}
}

// wantAbsent fails the test unless none of the keys exists.
func wantAbsent(t *testing.T, db store.DB, keys ...store.Key) {
	t.Helper()
	for _, k := range keys {
		if v, err := db.Get(t.Context(), k); !errors.Is(err, store.ErrNotFound) || v != nil {
			t.Fatalf("Get(%q) = %.80q, %v, want nil, ErrNotFound", k, v, err)
		}
	}
}

// scan returns the records of r as "key=value", failing the test on an error.
func scan(t *testing.T, db store.DB, r store.Range) []string {
	t.Helper()
	var rows []string
	for rec, err := range db.Scan(t.Context(), r) {
		if err != nil {
			t.Fatalf("Scan(%+v): %v", r, err)
		}
		rows = append(rows, fmt.Sprintf("%s=%s", rec.Key, rec.Value))
	}
	return rows
}

// wantScan fails the test unless r holds exactly rows, in that order.
func wantScan(t *testing.T, db store.DB, r store.Range, rows ...string) {
	t.Helper()
	if got := scan(t, db, r); !slices.Equal(got, rows) {
		t.Fatalf("Scan(%+v) = %q, want %q", r, got, rows)
	}
}
