package archive

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"hash"
	"hash/crc32"
	"io"
)

const magic = "openrbm archive 1\n"

// The types of frames.
const (
	frameHeader   = 'h'
	frameRecords  = 'r'
	frameContent  = 'c'
	framePart     = 'd'
	frameComplete = 'f'
	frameUseless  = 'g'
	frameEnd      = 'e'
)

// maxBody is the longest body of a frame, in bytes: more than a store takes in
// one batch.
const maxBody = 300 << 20

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// ErrDamaged is the error for a stream that is not as it was written; errors
// that match it say where.
var ErrDamaged = errors.New("archive: damaged")

func head(kind byte, body int) []byte {
	return binary.BigEndian.AppendUint32([]byte{kind}, uint32(body))
}

func checksum(head, body []byte) uint32 {
	return crc32.Update(crc32.Checksum(head, castagnoli), castagnoli, body)
}

// frameWriter writes frames and hashes all of it.
type frameWriter struct {
	w   *bufio.Writer
	sum hash.Hash
}

func newFrameWriter(w io.Writer) (*frameWriter, error) {
	f := &frameWriter{w: bufio.NewWriterSize(w, 64<<10), sum: sha256.New()}
	return f, f.raw([]byte(magic))
}

func (f *frameWriter) raw(b []byte) error {
	f.sum.Write(b)
	_, err := f.w.Write(b)
	return err
}

func (f *frameWriter) frame(kind byte, body []byte) error {
	if len(body) > maxBody {
		return fmt.Errorf("archive: frame of %d bytes, want at most %d", len(body), maxBody)
	}
	h := head(kind, len(body))
	return errors.Join(f.raw(h), f.raw(body), f.raw(binary.BigEndian.AppendUint32(nil, checksum(h, body))))
}

// frameReader reads frames and hashes all that it has read.
type frameReader struct {
	r   *bufio.Reader
	at  int64 // bytes read
	sum hash.Hash
}

// newFrameReader refuses what is no archive, or one of another version.
func newFrameReader(r io.Reader) (*frameReader, error) {
	f := &frameReader{r: bufio.NewReaderSize(r, 64<<10), sum: sha256.New()}
	line, err := f.raw(len(magic))
	switch {
	case errors.Is(err, ErrDamaged):
		return nil, errors.New("archive: this is no archive of OpenRBM: it is too short")
	case err != nil:
		return nil, err
	case string(line) == magic:
		return f, nil
	case bytes.HasPrefix(line, []byte("openrbm archive ")):
		return nil, fmt.Errorf("archive: this is an archive of version %q, this program knows 1: use a newer openrbm", bytes.TrimSpace(line[16:]))
	}
	return nil, errors.New("archive: this is no archive of OpenRBM")
}

// raw reads n bytes. It takes no more memory than there are bytes.
func (f *frameReader) raw(n int) ([]byte, error) {
	var b bytes.Buffer
	got, err := io.CopyN(&b, f.r, int64(n))
	f.at += got
	if err == io.EOF {
		return nil, f.damaged("it ends too early")
	}
	if err != nil {
		return nil, fmt.Errorf("archive: reading: %w", err)
	}
	f.sum.Write(b.Bytes())
	return b.Bytes(), nil
}

func (f *frameReader) damaged(format string, args ...any) error {
	return fmt.Errorf("%w at byte %d: %s", ErrDamaged, f.at, fmt.Sprintf(format, args...))
}

func (f *frameReader) frame() (kind byte, body []byte, err error) {
	h, err := f.raw(5)
	if err != nil {
		return 0, nil, err
	}
	n := binary.BigEndian.Uint32(h[1:])
	if n > maxBody {
		return 0, nil, f.damaged("a frame of %d bytes", n)
	}
	if body, err = f.raw(int(n)); err != nil {
		return 0, nil, err
	}
	sum, err := f.raw(4)
	if err != nil {
		return 0, nil, err
	}
	if binary.BigEndian.Uint32(sum) != checksum(h, body) {
		return 0, nil, f.damaged("a checksum is wrong")
	}
	return h[0], body, nil
}

// end fails unless nothing follows.
func (f *frameReader) end() error {
	if _, err := f.r.ReadByte(); err == nil {
		return f.damaged("something follows the end")
	} else if err != io.EOF {
		return fmt.Errorf("archive: reading: %w", err)
	}
	return nil
}
