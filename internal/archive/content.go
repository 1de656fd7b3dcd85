package archive

import (
	"errors"
	"hash"
	"io"
)

// errUseless ends the reading of a content that was damaged before it came into
// the archive.
var errUseless = errors.New("archive: the content was damaged where it was kept")

// content is a content of the stream, as a reader. It ends with io.EOF only if it
// is complete and what its SHA-256 says.
type content struct {
	in   *frameReader
	want string
	sum  hash.Hash
	size int64
	part []byte
	err  error
}

func (c *content) Read(b []byte) (int, error) {
	for len(c.part) == 0 && c.err == nil {
		c.err = c.next()
	}
	if len(c.part) == 0 {
		return 0, c.err
	}
	n := copy(b, c.part)
	c.part = c.part[n:]
	return n, nil
}

func (c *content) next() error {
	kind, body, err := c.in.frame()
	switch {
	case err != nil:
		return err
	case kind == framePart:
		c.part = body
		c.sum.Write(body)
		c.size += int64(len(body))
		return nil
	case kind == frameUseless && len(body) == 0:
		return errUseless
	case kind != frameComplete || len(body) != 0:
		return c.in.damaged("a frame of type %q is inside a content", kind)
	case string(c.sum.Sum(nil)) != c.want:
		return c.in.damaged("the content %x is not what its SHA-256 says", c.want)
	}
	return io.EOF
}

// Useless says that err is the end of a content that is of no use.
func Useless(err error) bool { return errors.Is(err, errUseless) }
