package main

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// The table stands between these lines; the rest of the file is written by hand.
const (
	begin = "<!-- make bench writes from here -->"
	end   = "<!-- to here -->"
)

// table is what one run has to show.
type table struct {
	medians      map[string]float64
	machine, day string
	before       map[string]string // rows to keep of figures that were not measured
}

// into puts the table into the text of a file.
func (t table) into(text string) (string, error) {
	head, rest, ok := strings.Cut(text, begin)
	_, tail, closed := strings.Cut(rest, end)
	if !ok || !closed {
		return "", errors.New("the lines between which the table stands are missing: " + begin + " and " + end)
	}
	return head + begin + "\n\n" + t.render() + "\n" + end + tail, nil
}

// render is the table as Markdown.
func (t table) render() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n\n| figure | median | aim | | measured | what |\n|---|---|---|---|---|---|\n", t.machine)
	for _, f := range figures {
		b.WriteString(t.row(f) + "\n")
	}
	return b.String()
}

func (t table) row(f figure) string {
	v, ok := t.medians[f.name]
	if row, kept := t.before[f.name]; !ok && kept {
		return row
	}
	value, verdict, day := "missing", "", ""
	if ok {
		value, day = format(v), t.day
	}
	aim := "–"
	if f.aim != 0 {
		aim = "≥ " + format(f.aim)
		if f.atMost {
			aim = "≤ " + format(f.aim)
		}
		if ok {
			verdict = "missed"
			if f.met(v) {
				verdict = "reached"
			}
		}
	}
	return fmt.Sprintf("| `%s` | %s | %s | %s | %s | %s |", f.name, value, aim, verdict, day, f.what)
}

// format gives three digits, or all before the point.
func format(v float64) string {
	if v >= 100 {
		return strconv.FormatFloat(v, 'f', 0, 64)
	}
	return strconv.FormatFloat(v, 'g', 3, 64)
}

// rowsOf are the rows of the table in text, by the names of their figures.
func rowsOf(text string) map[string]string {
	rows := map[string]string{}
	_, rest, _ := strings.Cut(text, begin)
	rest, _, _ = strings.Cut(rest, end)
	for line := range strings.Lines(rest) {
		line = strings.TrimSpace(line)
		if cell, ok := strings.CutPrefix(line, "| `"); ok {
			name, _, _ := strings.Cut(cell, "`")
			rows[name] = line
		}
	}
	return rows
}
