package phone

import (
	"bytes"
	"errors"
	"fmt"
	"os"

	json "github.com/go-json-experiment/json"
)

// journal is the file of a State: one change a line, as JSON.
type journal struct {
	name  string
	file  *os.File
	lines int // since it was last written anew
}

// rewriteAfter is how many lines make it worth writing the journal anew.
const rewriteAfter = 4 * maxKept

// OpenState opens the State in the file name, or founds it. What a phone has noted there
// survives the killing of its process; the file is not synced, so it may lose the
// last moments when the machine loses power. Close it when the phone is closed.
func OpenState(name string) (*State, error) {
	data, err := os.ReadFile(name)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("phone: state: %w", err)
	}
	s := NewState()
	if err := s.replay(data); err != nil {
		return nil, fmt.Errorf("phone: state %s: %w", name, err)
	}
	s.journal = &journal{name: name}
	if err := s.rewrite(); err != nil {
		return nil, err
	}
	return s, nil
}

// Close closes the file of s, if it has one.
func (s *State) Close() error {
	if s.journal == nil || s.journal.file == nil {
		return nil
	}
	return s.journal.file.Close()
}

// replay makes the changes in data. A last line without an end was being written
// when the process was killed: it does not count.
func (s *State) replay(data []byte) error {
	for n := 1; ; n++ {
		line, rest, whole := bytes.Cut(data, []byte{'\n'})
		if !whole {
			return nil
		}
		var c change
		if err := json.Unmarshal(line, &c); err != nil {
			return fmt.Errorf("line %d: %w", n, err)
		}
		s.apply(c)
		data = rest
	}
}

// note keeps changes that were applied.
func (s *State) note(changes ...change) error {
	if s.journal == nil {
		return nil
	}
	lines, err := encodeLines(changes)
	if err != nil {
		return err
	}
	if _, err := s.journal.file.Write(lines); err != nil {
		return fmt.Errorf("phone: state: %w", err)
	}
	if s.journal.lines += len(changes); s.journal.lines > rewriteAfter {
		return s.rewrite()
	}
	return nil
}

// rewrite replaces the file by the shortest one that says the same.
func (s *State) rewrite() error {
	lines, err := encodeLines(s.snapshot())
	if err != nil {
		return err
	}
	fresh := s.journal.name + ".new"
	f, err := os.OpenFile(fresh, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("phone: state: %w", err)
	}
	if _, err = f.Write(lines); err == nil {
		err = os.Rename(fresh, s.journal.name)
	}
	if err != nil {
		f.Close()
		return fmt.Errorf("phone: state: %w", err)
	}
	s.Close()
	s.journal.file, s.journal.lines = f, 0
	return nil
}

func encodeLines(changes []change) ([]byte, error) {
	var lines bytes.Buffer
	for _, c := range changes {
		if err := json.MarshalWrite(&lines, c); err != nil {
			return nil, fmt.Errorf("phone: state: %w", err)
		}
		lines.WriteByte('\n')
	}
	return lines.Bytes(), nil
}
