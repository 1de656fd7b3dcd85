// Package redact keeps the numbers of people out of the log. It looks at the
// finished lines, not at the places that write them: an error that quotes a record's
// key, or a library that logs what it was given, must not tell more than we would.
package redact

import (
	"bytes"
	"io"
)

// What of a number stays: the '+' and three digits, which tell the country, and the
// last two, which tell two numbers apart in one story.
const (
	head, tail = 4, 2
	fewest     = 7 // digits: shorter ones are no numbers of people
)

// Writer masks phone numbers in what is written to it. Every Write must be a
// whole line, as slog's handlers make them.
type Writer struct{ To io.Writer }

// Write passes line on, masked. The count is line's own.
func (w Writer) Write(line []byte) (int, error) {
	if _, err := w.To.Write(Mask(line)); err != nil {
		return 0, err
	}
	return len(line), nil
}

// Mask replaces the middle of each number in text, such as +12223334444 and, as
// URLs have it, %2B12223334444, by stars. Text without numbers is returned as it is.
func Mask(text []byte) []byte {
	out := text
	for at := 0; ; {
		plus, digits := next(text, at)
		if plus < 0 {
			return out
		}
		end := digits
		for end < len(text) && isDigit(text[end]) {
			end++
		}
		if at = end; end-digits < fewest || end-digits > 15 || text[digits] == '0' {
			continue
		}
		if &out[0] == &text[0] {
			out = bytes.Clone(text)
		}
		for i := digits + head - 1; i < end-tail; i++ {
			out[i] = '*'
		}
	}
}

// next is where the next number may begin from at on, and its digits: -1 if nowhere.
func next(text []byte, at int) (plus, digits int) {
	for i := at; i < len(text); i++ {
		switch {
		case text[i] == '+':
			return i, i + 1
		case text[i] == '%' && i+2 < len(text) && text[i+1] == '2' && (text[i+2] == 'B' || text[i+2] == 'b'):
			return i, i + 3
		}
	}
	return -1, 0
}

func isDigit(b byte) bool { return b >= '0' && b <= '9' }
