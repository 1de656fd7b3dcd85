package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/openrbm/openrbm/internal/archive"
	"github.com/openrbm/openrbm/internal/server"
)

// backupCmd is `openrbm backup`: of a server that runs, or of the data of one that
// does not.
type backupCmd struct {
	adminFlags
	File   string `arg:"" help:"File to write; must not exist. It holds all secrets: only its owner can read it."`
	Data   string `xor:"offline" type:"path" placeholder:"DIR" help:"Back up the data directory of a server that is not running, instead."`
	Config string `xor:"offline" type:"path" placeholder:"FILE" help:"The same, with the configuration of that server: it says where the data and the files are."`
}

// Run writes the backup under another name, checks it, and gives it its name.
func (c *backupCmd) Run(ctx context.Context, out io.Writer) (err error) {
	if _, err := os.Lstat(c.File); err == nil {
		return fmt.Errorf("%s exists already", c.File)
	}
	f, err := os.CreateTemp(filepath.Dir(c.File), "."+filepath.Base(c.File)+"-*") // mode 0600
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	defer os.Remove(f.Name())
	if err := c.write(ctx, f); err != nil {
		return explain(err)
	}
	h, t, err := verified(f)
	if err != nil {
		return err
	}
	if err := f.Sync(); err != nil {
		return err
	}
	if err := os.Rename(f.Name(), c.File); err != nil {
		return err
	}
	if err := archiveFields(h, t).write(out); err != nil || t.Useless == 0 {
		return err
	}
	return fmt.Errorf("%s was written, without %d contents of files that are damaged where they are kept; the server's log names them", c.File, t.Useless)
}

func (c *backupCmd) write(ctx context.Context, f *os.File) error {
	cfg := server.Default()
	switch {
	case c.Config != "":
		loaded, err := server.LoadConfig(c.Config)
		if err != nil {
			return err
		}
		cfg = loaded
	case c.Data != "":
		cfg.Data = c.Data
	default:
		a, err := c.admin()
		if err != nil {
			return err
		}
		return a.Backup(ctx, f)
	}
	_, err := server.Backup(ctx, cfg, f)
	return err
}

// verified reads an archive from its beginning.
func verified(f *os.File) (archive.Header, archive.Totals, error) {
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return archive.Header{}, archive.Totals{}, err
	}
	return archive.Read(f, nil)
}

func archiveFields(h archive.Header, t archive.Totals) table {
	return fields("of", when(h.Time), "by openrbm", h.Program, "records", strconv.FormatInt(t.Records, 10),
		"files", fmt.Sprintf("%d, %d bytes", t.Contents, t.Bytes), "sha256", t.StreamSum)
}

// restoreCmd is `openrbm restore`.
type restoreCmd struct {
	File   string `arg:"" type:"existingfile" help:"The backup."`
	Dir    string `arg:"" optional:"" type:"path" help:"Data directory to make; must not exist or be empty."`
	Config string `type:"path" placeholder:"FILE" help:"Restore into the store of this configuration instead, which must be empty, and into its place of files."`
	Check  bool   `help:"Only check the backup."`
}

// Validate refuses to restore nowhere, or in two places.
func (c *restoreCmd) Validate() error {
	given := 0
	for _, is := range []bool{c.Dir != "", c.Config != "", c.Check} {
		if is {
			given++
		}
	}
	if given != 1 {
		return errors.New("give a directory to restore to, --config or --check")
	}
	return nil
}

// Run makes a store of the backup, whole or not at all.
func (c *restoreCmd) Run(ctx context.Context, out io.Writer) error {
	f, err := os.Open(c.File)
	if err != nil {
		return err
	}
	defer f.Close()
	if c.Check {
		h, t, err := archive.Read(f, nil)
		if err != nil {
			return err
		}
		return archiveFields(h, t).write(out)
	}
	cfg, next := server.Default(), "--config "+c.Config
	if c.Config != "" {
		if cfg, err = server.LoadConfig(c.Config); err != nil {
			return err
		}
	} else {
		cfg.Data, next = c.Dir, fmt.Sprintf("data = %q", c.Dir)
	}
	began := time.Now()
	h, t, err := server.RestoreInto(ctx, f, cfg)
	if err != nil {
		return err
	}
	if err := archiveFields(h, t).write(out); err != nil {
		return err
	}
	_, err = fmt.Fprintf(out, "Restored and compared in %v. Start the server with %s.\n", time.Since(began).Round(time.Millisecond), next)
	return err
}
