package archive

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"hash"
	"io"

	"github.com/openrbm/openrbm/internal/store"
)

// Sink takes what an archive has; errors end the reading. A Verify has none.
type Sink interface {
	// Records takes records that belong into one batch.
	Records(records []store.Record) error
	// Content takes the content whose SHA-256 in hex is sum. What it has read counts
	// only if the reading of r ends with io.EOF: a content may turn out to be useless.
	Content(sum string, r io.Reader) error
}

// Read reads an archive to its end and hands all of it to sink, which may be nil.
// Nothing that sink got is to be relied on unless the error is nil. An error that
// matches ErrDamaged is about the stream.
func Read(r io.Reader, sink Sink) (Header, Totals, error) {
	in, err := newFrameReader(r)
	if err != nil {
		return Header{}, Totals{}, err
	}
	p := &reading{in: in, sink: sink, sum: sha256.New()}
	if p.sink == nil {
		p.sink = nowhere{}
	}
	h, err := p.header()
	if err != nil {
		return h, Totals{}, err
	}
	for !p.ended {
		if err := p.next(); err != nil {
			return h, p.totals, err
		}
	}
	return h, p.totals, in.end()
}

type nowhere struct{}

func (nowhere) Records([]store.Record) error { return nil }
func (nowhere) Content(_ string, r io.Reader) error {
	_, err := io.Copy(io.Discard, r)
	if err == errUseless {
		err = nil
	}
	return err
}

// reading is an archive being read.
type reading struct {
	in     *frameReader
	sink   Sink
	totals Totals
	sum    hash.Hash // of the records
	last   store.Key
	ended  bool
}

func (p *reading) header() (h Header, err error) {
	kind, body, err := p.in.frame()
	if err == nil && (kind != frameHeader || json.Unmarshal(body, &h) != nil) {
		err = p.in.damaged("it has no header")
	}
	return h, err
}

func (p *reading) next() error {
	before := hex.EncodeToString(p.in.sum.Sum(nil))
	kind, body, err := p.in.frame()
	if err != nil {
		return err
	}
	switch {
	case kind == frameRecords && p.totals.Contents+p.totals.Useless == 0:
		return p.records(body)
	case kind == frameContent && len(body) == sha256.Size:
		return p.content(body)
	case kind == frameEnd:
		return p.end(body, before)
	}
	return p.in.damaged("a frame of type %q is out of place", kind)
}

func (p *reading) records(body []byte) error {
	var list []store.Record
	p.sum.Write(body)
	for len(body) > 0 {
		k, rest, ok := cut(body)
		v, after, whole := cut(rest)
		if !ok || !whole || len(k) == 0 || len(k) > store.MaxKey {
			return p.in.damaged("a record is cut short")
		}
		if p.totals.Records > 0 && store.Key(k) <= p.last {
			return p.in.damaged("record %q comes after %q", k, p.last)
		}
		p.last, body = store.Key(k), after
		p.totals.Records++
		list = append(list, store.Record{Key: p.last, Value: v})
	}
	return p.sink.Records(list)
}

// cut takes a length and as many bytes off b.
func cut(b []byte) (v, rest []byte, ok bool) {
	n, k := binary.Uvarint(b)
	if k <= 0 || n > uint64(len(b)-k) {
		return nil, nil, false
	}
	return b[k : k+int(n)], b[k+int(n):], true
}

func (p *reading) content(sum []byte) error {
	c := &content{in: p.in, want: string(sum), sum: sha256.New()}
	if err := p.sink.Content(hex.EncodeToString(sum), c); err != nil {
		return err
	}
	if _, err := io.Copy(io.Discard, c); err != nil && err != errUseless {
		return err // what the sink left unread is checked all the same
	}
	p.totals.Bytes += c.size
	if c.err == errUseless {
		p.totals.Useless++
	} else {
		p.totals.Contents++
	}
	return nil
}

func (p *reading) end(body []byte, streamSum string) error {
	var said Totals
	if json.Unmarshal(body, &said) != nil {
		return p.in.damaged("its end cannot be read")
	}
	p.totals.RecordsSum, p.totals.StreamSum = hex.EncodeToString(p.sum.Sum(nil)), streamSum
	if said != p.totals {
		return p.in.damaged("its end says %+v, and it has %+v", said, p.totals)
	}
	p.ended = true
	return nil
}
