package archive

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"
	"time"

	"github.com/openrbm/openrbm/internal/store"
)

// Header says where an archive comes from.
type Header struct {
	Program string    `json:"program"` // the version of OpenRBM that wrote it
	Time    time.Time `json:"time"`    // the moment it shows
}

// Totals are what is in an archive.
type Totals struct {
	Records  int64 `json:"records"`
	Contents int64 `json:"contents"` // of files, each once
	Bytes    int64 `json:"bytes"`    // of contents
	// Useless counts contents that are in it and could not be read to their end, or
	// are not what their SHA-256 says: they were damaged where they were kept.
	Useless int64 `json:"useless,omitempty"`
	// RecordsSum is the SHA-256 over all records, as Sum makes it, in hex.
	RecordsSum string `json:"recordsSum"`
	// StreamSum is the SHA-256 of all that comes before the end, in hex.
	StreamSum string `json:"streamSum"`
}

// How much is gathered before it is written, in bytes.
const (
	recordsFrame = 256 << 10
	partFrame    = 256 << 10
)

// Writer writes an archive: all records, then all contents, then Close.
type Writer struct {
	out    *frameWriter
	totals Totals
	sum    hash.Hash
	batch  []byte
	last   store.Key
	part   []byte
}

// NewWriter begins an archive.
func NewWriter(w io.Writer, h Header) (*Writer, error) {
	out, err := newFrameWriter(w)
	if err != nil {
		return nil, err
	}
	body, err := json.Marshal(h)
	if err != nil {
		return nil, fmt.Errorf("archive: %w", err)
	}
	return &Writer{out: out, sum: sha256.New()}, out.frame(frameHeader, body)
}

func appendRecord(b []byte, rec store.Record) []byte {
	b = binary.AppendUvarint(b, uint64(len(rec.Key)))
	b = append(b, rec.Key...)
	b = binary.AppendUvarint(b, uint64(len(rec.Value)))
	return append(b, rec.Value...)
}

// Record adds a record; keys must ascend.
func (w *Writer) Record(rec store.Record) error {
	if w.totals.Records > 0 && rec.Key <= w.last {
		return fmt.Errorf("archive: record %q comes after %q", rec.Key, w.last)
	}
	w.last = rec.Key
	w.totals.Records++
	begin := len(w.batch)
	w.batch = appendRecord(w.batch, rec)
	w.sum.Write(w.batch[begin:])
	if len(w.batch) < recordsFrame {
		return nil
	}
	return w.flush()
}

func (w *Writer) flush() error {
	if len(w.batch) == 0 {
		return nil
	}
	err := w.out.frame(frameRecords, w.batch)
	w.batch = w.batch[:0]
	return err
}

// Content adds the content of r, whose SHA-256 in hex is sum. What cannot be read,
// or is something else, is marked as useless, and is why, not err.
func (w *Writer) Content(sum string, r io.Reader) (why, err error) {
	want, err := hex.DecodeString(sum)
	if err != nil || len(want) != sha256.Size {
		return nil, fmt.Errorf("archive: %q is no SHA-256", sum)
	}
	if err := errors.Join(w.flush(), w.out.frame(frameContent, want)); err != nil {
		return nil, err
	}
	if w.part == nil {
		w.part = make([]byte, partFrame)
	}
	hash := sha256.New()
	for why == nil {
		var n int
		n, why = io.ReadFull(r, w.part)
		hash.Write(w.part[:n])
		w.totals.Bytes += int64(n)
		if n > 0 {
			if err := w.out.frame(framePart, w.part[:n]); err != nil {
				return nil, err
			}
		}
	}
	if why == io.EOF || why == io.ErrUnexpectedEOF {
		why = nil
		if !bytes.Equal(hash.Sum(nil), want) {
			why = errors.New("the content is not what its SHA-256 says")
		}
	}
	if why != nil {
		w.totals.Useless++
		return why, w.out.frame(frameUseless, nil)
	}
	w.totals.Contents++
	return nil, w.out.frame(frameComplete, nil)
}

// Close ends the archive; the writer below stays open.
func (w *Writer) Close() (Totals, error) {
	if err := w.flush(); err != nil {
		return w.totals, err
	}
	w.totals.RecordsSum = hex.EncodeToString(w.sum.Sum(nil))
	w.totals.StreamSum = hex.EncodeToString(w.out.sum.Sum(nil))
	body, err := json.Marshal(w.totals)
	if err == nil {
		err = w.out.frame(frameEnd, body)
	}
	return w.totals, errors.Join(err, w.out.w.Flush())
}

// Records adds all that s holds.
func (w *Writer) Records(ctx context.Context, s Scanner) error {
	return each(ctx, s, w.Record)
}
