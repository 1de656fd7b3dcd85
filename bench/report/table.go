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

// table is what there is to show: the medians and the days they were measured on.
type table struct {
	machine string
	medians map[string]float64
	days    map[string]string
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
	value, verdict, day := "missing", "", ""
	if ok {
		value, day = format(v), t.days[f.name]
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

// daysOf are the days in the table in text, by the names of their figures.
func daysOf(text string) map[string]string {
	days := map[string]string{}
	_, rest, _ := strings.Cut(text, begin)
	rest, _, _ = strings.Cut(rest, end)
	for line := range strings.Lines(rest) {
		if cells := strings.Split(line, "|"); len(cells) > 5 && strings.HasPrefix(cells[1], " `") {
			days[strings.Trim(cells[1], " `")] = strings.TrimSpace(cells[5])
		}
	}
	return days
}
