package pebblestore

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"strings"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"
)

// Pebble reads a MANIFEST up to the first record that is not in order, since a
// crash may have cut it short, and forgets the tables of those behind. So beside
// each MANIFEST is a file that says what of it is durable: with each sync of the
// MANIFEST a seal is added to it.
const (
	manifestPrefix = "MANIFEST-"
	sealSuffix     = ".seal"
	sealSize       = 16 // length (8 bytes), CRC-32C of so much (4), CRC-32C of both (4)
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// manifestFile is a MANIFEST that is being written.
type manifestFile struct {
	*file
	length uint64
	sum    uint32
	seals  vfs.File // opened by the first sync
}

func (m *manifestFile) Write(p []byte) (int, error) {
	m.length += uint64(len(p)) // Pebble gives a file up whose Write fails
	m.sum = crc32.Update(m.sum, castagnoli, p)
	return m.file.Write(p)
}

func (m *manifestFile) Sync() error     { return m.seal(m.file.Sync()) }
func (m *manifestFile) SyncData() error { return m.seal(m.file.SyncData()) }

// seal makes durable what is durable.
func (m *manifestFile) seal(err error) error {
	if err != nil {
		return err
	}
	if m.seals == nil {
		name := m.name + sealSuffix
		if m.seals, err = m.disk.Create(name, vfs.WriteCategoryUnspecified); err != nil {
			return err
		}
		dir, err := m.disk.OpenDir(m.disk.PathDir(name))
		if err != nil {
			return err
		}
		if err := dir.Sync(); err != nil {
			return err
		}
		if err := dir.Close(); err != nil {
			return err
		}
	}
	if _, err := m.seals.Write(appendSeal(nil, m.length, m.sum)); err != nil {
		return err
	}
	return m.seals.SyncData()
}

func (m *manifestFile) Close() error {
	if m.seals != nil {
		if err := m.seals.Close(); err != nil {
			return err
		}
	}
	return m.file.Close()
}

func appendSeal(b []byte, length uint64, sum uint32) []byte {
	from := len(b)
	b = binary.BigEndian.AppendUint64(b, length)
	b = binary.BigEndian.AppendUint32(b, sum)
	return binary.BigEndian.AppendUint32(b, crc32.Checksum(b[from:], castagnoli))
}

// lastSeal is the last seal in b that is in order; one that was cut short is not.
func lastSeal(b []byte) (length uint64, sum uint32, ok bool) {
	for ; len(b) >= sealSize; b = b[sealSize:] {
		l, s := binary.BigEndian.Uint64(b), binary.BigEndian.Uint32(b[8:])
		if crc32.Checksum(b[:12], castagnoli) == binary.BigEndian.Uint32(b[12:]) {
			length, sum, ok = l, s, true
		}
	}
	return length, sum, ok
}

// checkManifest refuses a store in dir whose MANIFEST is not what its seal says.
// A store of before has no seals.
func checkManifest(fs vfs.FS, dir string) error {
	desc, err := pebble.Peek(dir, fs)
	if err == nil && !desc.Exists {
		return checkNew(fs, dir)
	}
	if err != nil {
		return err
	}
	seals, err := readFile(fs, desc.ManifestFilename+sealSuffix)
	if notExist(err) {
		return nil
	}
	length, sum, ok := lastSeal(seals)
	if err != nil || !ok {
		return err
	}
	b, err := readFile(fs, desc.ManifestFilename)
	if err != nil {
		return err
	}
	if uint64(len(b)) < length || crc32.Checksum(b[:length], castagnoli) != sum {
		return fmt.Errorf("%w: %s is damaged in its first %d bytes", ErrCorrupt, desc.ManifestFilename, length)
	}
	return nil
}

// checkNew refuses a directory that has tables and does not say which MANIFEST
// knows them: Pebble would make a new store there and remove them.
func checkNew(fs vfs.FS, dir string) error {
	list, err := fs.List(dir)
	for _, file := range list {
		if strings.HasSuffix(file, ".sst") {
			return fmt.Errorf("%w: %s has %s, and the marker of the MANIFEST is missing", ErrCorrupt, dir, file)
		}
	}
	return err
}

// checkFiles refuses what Pebble would take for a store that a crash has left.
func checkFiles(fs vfs.FS, dir string) error {
	if _, err := fs.Stat(dir); notExist(err) {
		return nil
	}
	if err := checkManifest(fs, dir); err != nil {
		return err
	}
	return checkLog(fs, dir)
}

func isManifest(fs vfs.FS, name string) bool {
	base := fs.PathBase(name)
	return strings.HasPrefix(base, manifestPrefix) && !strings.HasSuffix(base, sealSuffix)
}
