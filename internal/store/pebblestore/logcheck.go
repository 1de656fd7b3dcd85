package pebblestore

import (
	"encoding/binary"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// The log as Pebble writes it: blocks of 32 KiB that hold chunks, each with a
// header of checksum (4 bytes), length (2), type (1), number of the log (4) and
// up to where the log was durable when the chunk was written (8).
const (
	logBlock    = 32 << 10
	chunkHeader = 19
	firstChunk  = 9 // the types of such chunks
	lastChunk   = 12
)

// checkLog refuses a damaged log in dir: the newest, which Pebble reads up to the
// first chunk that is not in order, as a crash may have cut a write short. But
// when a later chunk says that the place had been durable, it was no crash.
// Pebble looks for such chunks in later blocks only, and most logs have one.
func checkLog(fs vfs.FS, dir string) error {
	name, number, err := newestLog(fs, dir)
	if err != nil || name == "" {
		return err
	}
	b, err := readFile(fs, name)
	if err != nil {
		return err
	}
	end := 0
	for end < len(b) {
		n, _, ok := chunkAt(b, end, number)
		if !ok {
			break
		}
		if end += n; logBlock-end%logBlock < chunkHeader {
			end += logBlock - end%logBlock // what is left of a block is not used
		}
	}
	for at := end + 1; at+chunkHeader <= len(b); at++ {
		if _, durable, ok := chunkAt(b, at, number); ok && durable > uint64(end) {
			return fmt.Errorf("%w: %s is damaged at byte %d, which was durable", ErrCorrupt, name, end)
		}
	}
	return nil
}

// chunkAt is the size of the chunk of the given log at b[at:], and up to where it
// says that the log is durable.
func chunkAt(b []byte, at int, log uint32) (size int, durable uint64, ok bool) {
	rest := b[at:min(len(b), at-at%logBlock+logBlock)]
	if len(rest) < chunkHeader || rest[6] < firstChunk || rest[6] > lastChunk || binary.LittleEndian.Uint32(rest[7:]) != log {
		return 0, 0, false
	}
	size = chunkHeader + int(binary.LittleEndian.Uint16(rest[4:]))
	if size > len(rest) {
		return 0, 0, false
	}
	if pebbleSum(rest[6:size]) != binary.LittleEndian.Uint32(rest) {
		return 0, 0, false
	}
	return size, binary.LittleEndian.Uint64(rest[11:]), true
}

// newestLog is the log with the highest number; "" if there is none.
func newestLog(fs vfs.FS, dir string) (name string, number uint32, err error) {
	list, err := fs.List(dir)
	if err != nil {
		return "", 0, err
	}
	slices.Sort(list)
	for _, file := range list {
		digits, isLog := strings.CutSuffix(file, ".log")
		n, err := strconv.ParseUint(digits, 10, 64)
		if isLog && err == nil && (name == "" || uint32(n) > number) {
			name, number = fs.PathJoin(dir, file), uint32(n)
		}
	}
	return name, number, nil
}

func readFile(fs vfs.FS, name string) (b []byte, err error) {
	f, err := fs.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(f)
}
