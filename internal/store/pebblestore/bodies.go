package pebblestore

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"strings"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"
)

// Pebble panics, in goroutines where nobody can recover, when it cannot open a file
// of bodies: when the end of the file is damaged, or the system refuses to open it.
// Of all that is inside it bears damage well. So this package looks at the end of
// such a file first, and opens another in its place that says that it is damaged.
const (
	bodiesSuffix = ".blob"
	bodiesEnd    = 38 // checksum (4 bytes), offset and length of the index (8, 8), kinds of checksum and file (1, 1), number (8), magic (8)
	bodiesKinds  = "\x01\x01"
	bodiesMagic  = "\xf0\x9f\xaa\xb3\xf0\x9f\xa6\x80"
)

// openBodies opens a file of bodies for reading. While there are no descriptors it
// waits; any other failure takes the store down.
func (d *disk) openBodies(name string, opts ...vfs.OpenOption) (vfs.File, error) {
	for waited := false; ; waited = true {
		f, err := d.openWhole(name, opts...)
		damaged := errors.Is(err, pebble.ErrCorruption)
		if waited && (err == nil || damaged) {
			d.resume()
		}
		if err == nil {
			return f, nil
		}
		if damaged {
			return damagedBodies()
		}
		if !lacksSpace(err) || !d.pause(err, waited) {
			d.fail(fmt.Errorf("open %s: %w", name, err))
			return damagedBodies()
		}
	}
}

// openWhole opens a file of bodies whose end is in order.
func (d *disk) openWhole(name string, opts ...vfs.OpenOption) (vfs.File, error) {
	f, err := d.FS.Open(name, opts...)
	if err != nil {
		return nil, err
	}
	if err := checkEnd(f); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return f, nil
}

func checkEnd(f vfs.File) error {
	info, err := f.Stat()
	if err != nil {
		return err
	}
	if info.Size() < bodiesEnd {
		return fmt.Errorf("%w: a file of bodies has %d bytes", pebble.ErrCorruption, info.Size())
	}
	b := make([]byte, bodiesEnd)
	if _, err := f.ReadAt(b, info.Size()-bodiesEnd); err != nil {
		return err
	}
	if binary.LittleEndian.Uint32(b) != pebbleSum(b[4:]) || string(b[bodiesEnd-len(bodiesMagic):]) != bodiesMagic {
		return fmt.Errorf("%w: the end of a file of bodies", pebble.ErrCorruption)
	}
	return nil
}

// damagedBodies is a file of bodies that is in order but for its index, all zeros.
func damagedBodies() (vfs.File, error) {
	const index = 8
	end := make([]byte, 4, bodiesEnd)
	end = binary.LittleEndian.AppendUint64(end, 0)
	end = binary.LittleEndian.AppendUint64(end, index)
	end = append(end, bodiesKinds...)
	end = binary.LittleEndian.AppendUint64(end, 0)
	end = append(end, bodiesMagic...)
	binary.LittleEndian.PutUint32(end, pebbleSum(end[4:]))
	const trailer = 5 // of a block: its compression and checksum
	return vfs.NewMemFile(append(make([]byte, index+trailer), end...)), nil
}

func isBodies(name string) bool { return strings.HasSuffix(name, bodiesSuffix) }

// pebbleSum is the checksum as Pebble writes it.
func pebbleSum(b []byte) uint32 {
	sum := crc32.Checksum(b, castagnoli)
	return (sum>>15 | sum<<17) + 0xa282ead8
}
