package gateway

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"sync"
	"unicode/utf8"

	"github.com/gorilla/websocket"

	"github.com/openrbm/openrbm/internal/frame"
)

// input is what a phone sends, as WebSocket messages (RFC 6455 §5). The library
// reads too, but needs a goroutine with a deep stack and a buffer for each idle
// connection; here both are borrowed while something comes. The reader's goroutine,
// or the one that it waits for, uses it.
type input struct {
	conn *conn
	buf  *bufio.Reader // nil: nothing has been read that was not used
}

// readBuffers are lent to the connections on which something comes.
var readBuffers = sync.Pool{New: func() any { return bufio.NewReaderSize(nil, readBuffer) }}

const readBuffer = 4 << 10

// borrow makes sure that there is a buffer.
func (in *input) borrow() {
	if in.buf == nil {
		in.buf = readBuffers.Get().(*bufio.Reader)
		in.buf.Reset(in.conn)
	}
}

// giveBack lets the buffer go if it is empty.
func (in *input) giveBack() {
	if !in.pending() {
		in.buf.Reset(nil)
		readBuffers.Put(in.buf)
		in.buf = nil
	}
}

// pending says that there is something that was read and not used.
func (in *input) pending() bool { return in.buf.Buffered() > 0 }

// await returns when there is something to read.
func (in *input) await() error {
	if in.buf != nil {
		return nil
	}
	return in.conn.await()
}

// The opcodes of RFC 6455 §5.2 beside those of the library.
const (
	opContinuation = 0
	isControl      = 8 // this bit
)

// wireError is a breach of RFC 6455, with the close code for it.
type wireError struct {
	code int
	text string
}

func (e *wireError) Error() string { return e.text }

func breach(text string) error { return &wireError{websocket.CloseProtocolError, text} }

var errTooLarge = &wireError{websocket.CloseMessageTooBig, "a message is too large"}

// part is one WebSocket frame.
type part struct {
	op      int
	final   bool
	payload []byte
}

// maxControl is the longest payload of a control frame (RFC 6455 §5.5).
const maxControl = 125

// next reads one frame; before is what earlier fragments of its message had.
func (in *input) next(before int) (part, error) {
	var head [14]byte
	if _, err := io.ReadFull(in.buf, head[:2]); err != nil {
		return part{}, err
	}
	p := part{op: int(head[0] & 15), final: head[0]&0x80 != 0}
	length, mask := uint64(head[1]&0x7f), head[1]&0x80 != 0
	more := 0 // bytes of the length that follow
	switch {
	case length == 126:
		more = 2
	case length == 127:
		more = 8
	}
	switch {
	case head[0]&0x70 != 0:
		return part{}, breach("reserved bits are set")
	case !mask:
		return part{}, breach("a frame of the phone is not masked")
	case p.op&isControl != 0 && (length > maxControl || !p.final):
		return part{}, breach("a control frame is long or fragmented")
	}
	if _, err := io.ReadFull(in.buf, head[2:2+more+4]); err != nil {
		return part{}, whole(err)
	}
	switch more {
	case 2:
		length = uint64(binary.BigEndian.Uint16(head[2:]))
	case 8:
		length = binary.BigEndian.Uint64(head[2:])
	}
	if length > uint64(frame.MaxFrameBytes-before) {
		return part{}, errTooLarge
	}
	var err error
	p.payload, err = in.read(int(length))
	unmask(p.payload, [4]byte(head[2+more:]))
	return p, whole(err)
}

// read reads n bytes. What is announced gets memory when it comes.
func (in *input) read(n int) ([]byte, error) {
	if n <= readBuffer {
		b := make([]byte, n)
		_, err := io.ReadFull(in.buf, b)
		return b, err
	}
	var b bytes.Buffer
	_, err := io.CopyN(&b, in.buf, int64(n))
	return b.Bytes(), err
}

// whole is the error of an end inside a frame.
func whole(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}

func unmask(b []byte, key [4]byte) {
	word := uint64(binary.LittleEndian.Uint32(key[:]))
	word |= word << 32
	for ; len(b) >= 8; b = b[8:] {
		binary.LittleEndian.PutUint64(b, binary.LittleEndian.Uint64(b)^word)
	}
	for i := range b {
		b[i] ^= key[i&3]
	}
}

// maxFrames is how many frames a message may have, with the control frames between
// them: fragments may be empty, and come without end.
const maxFrames = 1024

// message reads one message, or one control frame, which it gives to control.
func (in *input) message(control func(part) error) (op int, data []byte, err error) {
	for n := 1; ; n++ {
		p, err := in.next(len(data))
		switch {
		case err != nil:
			return 0, nil, err
		case n > maxFrames:
			return 0, nil, breach("a message in too many fragments")
		case p.op&isControl != 0:
			if err := control(p); err != nil || op == 0 {
				return 0, nil, err
			}
			continue // between the fragments of a message
		case (p.op == opContinuation) == (op == 0) || p.op > websocket.BinaryMessage:
			return 0, nil, breach("a fragment without its message, or a kind that is not known")
		case op == 0:
			op, data = p.op, p.payload
		default:
			data = append(data, p.payload...)
		}
		if p.final {
			return op, data, nil
		}
	}
}

// closeCode is the code and text of a close frame's payload (RFC 6455 §5.5.1).
func closeCode(payload []byte) (*websocket.CloseError, error) {
	e := &websocket.CloseError{Code: websocket.CloseNoStatusReceived}
	if len(payload) == 0 {
		return e, nil
	}
	if len(payload) == 1 || !utf8.Valid(payload[2:]) {
		return nil, breach("a close frame is malformed")
	}
	e.Code, e.Text = int(binary.BigEndian.Uint16(payload)), string(payload[2:])
	if ok := e.Code >= 1000 && e.Code <= 1014 && e.Code != 1004 && e.Code != 1005 && e.Code != 1006 || e.Code >= 3000 && e.Code <= 4999; !ok {
		return nil, breach("a close frame has a code that must not be sent")
	}
	return e, nil
}
