package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/openrbm/openrbm/internal/archive"
	"github.com/openrbm/openrbm/internal/ledger"
	"github.com/openrbm/openrbm/internal/server"
)

// copyCmd is `openrbm copy`: from one store to another, of servers that do not run.
type copyCmd struct {
	From string `arg:"" help:"The store to copy: pebble:DIR (a data directory), postgres://… (a URL; the password may come from PGPASSWORD or PGPASSFILE) or config:FILE (the store of a configuration). Its servers must be stopped."`
	To   string `arg:"" help:"The store to make, named in the same way: a directory that does not exist or is empty, or an empty database."`
}

// progressEvery is how often the verb says how far it is.
const progressEvery = 5 * time.Second

// Run copies and says what has been compared.
func (c *copyCmd) Run(ctx context.Context, out io.Writer) error {
	from, err := server.ParsePlace(c.From)
	if err != nil {
		return fmt.Errorf("FROM: %w", err)
	}
	to, err := server.ParsePlace(c.To)
	if err != nil {
		return fmt.Errorf("TO: %w", err)
	}
	began := time.Now()
	var copied atomic.Int64
	done := make(chan struct{})
	go func() {
		tick := time.NewTicker(progressEvery)
		defer tick.Stop()
		for {
			select {
			case <-done:
				return
			case <-tick.C:
				fmt.Fprintf(os.Stderr, "%d records after %v\n", copied.Load(), time.Since(began).Round(time.Second))
			}
		}
	}()
	kinds, err := server.Copy(ctx, from, to, &copied)
	close(done)
	if err != nil {
		return err
	}
	if err := kindsTable(kinds).write(out); err != nil {
		return err
	}
	_, err = fmt.Fprintf(out, "Copied and compared in %v. Files stay where they are: see docs/backup.md.\n", time.Since(began).Round(time.Millisecond))
	return err
}

func kindsTable(kinds []archive.Kind) table {
	t := table{{"RECORDS OF", "RECORDS", "BYTES", "SHA-256, THE SAME IN BOTH"}}
	for _, k := range kinds {
		t = append(t, []string{ledger.KindName(k.Kind), strconv.FormatInt(k.Records, 10), strconv.FormatInt(k.Bytes, 10), k.Sum})
	}
	return t
}
