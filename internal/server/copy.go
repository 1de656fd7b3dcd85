package server

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"strings"
	"sync/atomic"
	"time"

	"github.com/openrbm/openrbm/internal/archive"
	"github.com/openrbm/openrbm/internal/ledger"
	"github.com/openrbm/openrbm/internal/store"
	"github.com/openrbm/openrbm/internal/store/pebblestore"
)

// Copy copies all records of the store of from, whose servers must be stopped, into
// the empty store of to. Then it reads both again and compares them, kind by kind: the
// source as it is then, so that a server which was started meanwhile shows. Files stay
// where they are. copied counts the records that are in the new store so far. Unless
// the error is nil, no server starts on the new store.
func Copy(ctx context.Context, from, to Config, copied *atomic.Int64) (kinds []archive.Kind, err error) {
	src, err := openExisting(ctx, &from, quiet)
	if errors.Is(err, pebblestore.ErrInUse) {
		return nil, fmt.Errorf("%w\n%s", err, stopFirst)
	}
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, src.Close()) }()
	if err := ledger.Readable(ctx, src); err != nil {
		return nil, err
	}
	nodes, err := stopped(ctx, src)
	if err != nil {
		return nil, err
	}
	err = fill(ctx, to, func(dst *ledger.Filling, _ string) (atLeast uint64, err error) {
		if kinds, err = copyRecords(ctx, src, dst, copied); err != nil {
			return 0, err
		}
		now, err := ledger.NodeRecords(ctx, src)
		if err == nil && !maps.Equal(now, nodes) {
			err = errors.New("a server was started on the source meanwhile: what it has done is not in the copy")
		}
		if s, ok := src.(store.Sequencer); ok && err == nil {
			atLeast, err = s.Sequence(ctx, 0)
		}
		return atLeast, err
	})
	return kinds, err
}

const stopFirst = "stop the servers of the source first; to copy what a running one has, make a backup of it (openrbm backup) and restore that (openrbm restore)"

// How long a node's record is watched, and how often it is read: a node that lives
// changes it every 2 s, and counts as dead after 6 (see internal/cluster).
const (
	nodeSilence = 8 * time.Second
	nodeLook    = 500 * time.Millisecond
)

// stopped fails if a server works on db. One that was killed has left its record, so
// the records that are there are watched. It returns them as they stay.
func stopped(ctx context.Context, db store.DB) (map[string]string, error) {
	began := time.Now()
	seen, err := ledger.NodeRecords(ctx, db)
	for err == nil && len(seen) > 0 && time.Since(began) < nodeSilence {
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(nodeLook):
		}
		var now map[string]string
		now, err = ledger.NodeRecords(ctx, db)
		for name, record := range now {
			if seen[name] != record {
				return nil, fmt.Errorf("server %s works on the source: %s", name, stopFirst)
			}
		}
		seen = now
	}
	return seen, err
}

// copyRecords copies all records of src into dst by way of an archive that is never
// stored, and returns what both have then.
func copyRecords(ctx context.Context, src, dst store.DB, copied *atomic.Int64) ([]archive.Kind, error) {
	in, out := io.Pipe()
	done := make(chan error, 1)
	go func() {
		err := send(ctx, src, out)
		out.CloseWithError(err)
		done <- err
	}()
	_, _, err := archive.Read(in, counted{archive.Into(ctx, dst, nil), copied})
	in.CloseWithError(err) // send ends with it
	if sent := <-done; sent != nil {
		err = sent
	}
	if err != nil {
		return nil, err
	}
	return compare(ctx, src, dst)
}

// send writes an archive of the records of src.
func send(ctx context.Context, src store.DB, w io.Writer) (err error) {
	snap, err := ledger.Snapshot(ctx, src)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, snap.Close()) }()
	out, err := archive.NewWriter(w, archive.Header{Program: Version, Time: time.Now().UTC()})
	if err == nil {
		err = out.Records(ctx, snap)
	}
	if err == nil {
		_, err = out.Close()
	}
	return err
}

// counted counts the records that are in the store.
type counted struct {
	archive.Sink
	n *atomic.Int64
}

func (c counted) Records(records []store.Record) error {
	err := c.Sink.Records(records)
	if err == nil {
		c.n.Add(int64(len(records)))
	}
	return err
}

// compare reads both stores and fails unless they have the same, which it returns.
func compare(ctx context.Context, src, dst store.DB) ([]archive.Kind, error) {
	snap, err := ledger.Snapshot(ctx, src)
	if err != nil {
		return nil, err
	}
	type result struct {
		kinds []archive.Kind
		err   error
	}
	read := make(chan result, 1)
	go func() {
		kinds, err := archive.Kinds(ctx, snap)
		read <- result{kinds, errors.Join(err, snap.Close())}
	}()
	is, err := archive.Kinds(ctx, dst)
	want := <-read
	if err = errors.Join(want.err, err); err != nil {
		return nil, err
	}
	return is, differences(want.kinds, is)
}

// differences names every kind of which the copy has not what the source has.
func differences(want, is []archive.Kind) error {
	source, copied := byKind(want), byKind(is)
	var lines []string
	for kind := range 256 {
		if s, c := source[byte(kind)], copied[byte(kind)]; s != c {
			lines = append(lines, fmt.Sprintf("%s: the source has %s, the copy %s", ledger.KindName(byte(kind)), described(s), described(c)))
		}
	}
	if len(lines) == 0 {
		return nil
	}
	return fmt.Errorf("the copy is not what the source is:\n%s", strings.Join(lines, "\n"))
}

func byKind(kinds []archive.Kind) map[byte]archive.Kind {
	m := make(map[byte]archive.Kind)
	for _, k := range kinds {
		m[k.Kind] = k
	}
	return m
}

func described(k archive.Kind) string {
	if k.Records == 0 {
		return "none"
	}
	return fmt.Sprintf("%d records, %d bytes, SHA-256 %s", k.Records, k.Bytes, k.Sum)
}
