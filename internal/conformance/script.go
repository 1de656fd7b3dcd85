package conformance

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json"
)

// Script is a script that was read.
type Script struct {
	Name  string
	Needs []string // variables without which it cannot run
	Steps []Step
}

// Step is one request and what its answer must be.
type Step struct {
	Title string
	Line  int // of the title, from 1

	head    string // lines, each with its newline
	body    string
	codings string // of the body: some of crlf, gzip and chunked, in this order

	status int
	header [][2]string // name, value
	raw    bool
	text   string // of a raw body
	want   any    // a JSON body; nil: none
}

const (
	markStep   = "=== "
	markAnswer = ">>> "
	markBody   = "@body "
	markNeeds  = "@needs "
)

var codings = []string{"crlf", "gzip", "chunked", "crlf gzip", "crlf chunked", "gzip chunked", "crlf gzip chunked"}

// reader goes through the lines of a script.
type reader struct {
	lines []string
	next  int
}

func (r *reader) more() bool { return r.next < len(r.lines) }

// take returns the lines up to one that begins with mark, or to the end.
func (r *reader) take(mark string) []string {
	from := r.next
	for r.more() && !strings.HasPrefix(r.lines[r.next], mark) {
		r.next++
	}
	return r.lines[from:r.next]
}

// Parse reads a script. Its errors name the file and the line, or the line that
// begins the part that is wrong.
func Parse(name, text string) (*Script, error) {
	r := &reader{lines: strings.Split(strings.TrimSuffix(text, "\n"), "\n")}
	s := &Script{Name: name}
	for i, line := range r.take(markStep) {
		needs, ok := strings.CutPrefix(line, markNeeds)
		if !ok && line != "" && line[0] != '#' {
			return nil, fmt.Errorf("%s:%d: before the first step only comments and %sare allowed", name, i+1, markNeeds)
		}
		if ok {
			s.Needs = append(s.Needs, strings.Fields(needs)...)
		}
	}
	for r.more() {
		step, at, err := r.step()
		if err != nil {
			return nil, fmt.Errorf("%s:%d: %w", name, at+1, err)
		}
		s.Steps = append(s.Steps, *step)
	}
	if len(s.Steps) == 0 {
		return nil, fmt.Errorf("%s: there is no step: a line that begins with %q", name, markStep)
	}
	return s, nil
}

// step reads a step, or says at which line it is wrong.
func (r *reader) step() (s *Step, at int, err error) {
	s = &Step{Title: strings.TrimSpace(strings.TrimPrefix(r.lines[r.next], markStep)), Line: r.next + 1}
	for r.next++; r.more(); r.next++ {
		line := r.lines[r.next]
		if line != "" && line[0] != '#' && line[0] != '@' {
			break
		}
		if strings.HasPrefix(line, "@") {
			if s.codings = strings.TrimPrefix(line, markBody); !slices.Contains(codings, s.codings) {
				return nil, r.next, fmt.Errorf("%q is not %sand some of crlf, gzip, chunked, in this order", line, markBody)
			}
		}
	}
	at = r.next
	if err := s.readRequest(r.take(markAnswer)); err != nil {
		return nil, at, err
	}
	if at = r.next; !r.more() {
		return nil, s.Line - 1, fmt.Errorf("there is no line %sSTATUS", markAnswer)
	}
	return s, at, s.readAnswer(r.take(markStep))
}

func (s *Step) readRequest(lines []string) error {
	head, body := cut(lines)
	ok := len(head) > 0 && strings.HasSuffix(head[0], " HTTP/1.1") && len(strings.Fields(head[0])) > 2
	for _, line := range head[min(1, len(head)):] {
		ok = ok && strings.IndexByte(line, ':') > 0
	}
	if !ok {
		return errors.New("a request begins with METHOD TARGET HTTP/1.1, then headers, each Name: value")
	}
	s.head, s.body = strings.Join(head, "\n")+"\n", strings.Join(body, "\n")
	return nil
}

// cut separates the head from the body, which begins after the first empty line.
func cut(lines []string) (head, body []string) {
	if i := slices.Index(lines, ""); i >= 0 {
		return lines[:i], lines[i+1:]
	}
	return lines, nil
}

// readAnswer reads what is expected; its first line is the status.
func (s *Step) readAnswer(lines []string) (err error) {
	status, raw, _ := strings.Cut(strings.TrimPrefix(lines[0], markAnswer), " ")
	s.status, err = strconv.Atoi(status)
	if err != nil || s.status < 200 || s.status > 599 || raw != "" && raw != "raw" {
		return fmt.Errorf("%q is not %sSTATUS or %sSTATUS raw", lines[0], markAnswer, markAnswer)
	}
	head, body := cut(lines[1:])
	for _, line := range head {
		name, value, ok := strings.Cut(line, ": ")
		if !ok {
			return fmt.Errorf("the expected header %q is not Name: value", line)
		}
		s.header = append(s.header, [2]string{name, value})
	}
	s.raw, s.text = raw != "", strings.TrimRight(strings.Join(body, "\n"), "\n")
	if s.raw {
		var bare bool
		if s.text, bare = strings.CutSuffix(s.text, `\`); !bare {
			s.text += "\n"
		}
	} else if s.text != "" {
		if err := json.Unmarshal([]byte(s.text), &s.want); err != nil || s.want == nil {
			return fmt.Errorf("the expected body is no JSON value: %w", err)
		}
	}
	return nil
}
