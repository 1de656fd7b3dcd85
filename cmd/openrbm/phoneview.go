package main

import (
	"fmt"
	"strings"
	"unicode"

	"github.com/openrbm/openrbm/rbm"
)

// cardWidth is the width of a card's inside, in columns: a number, the longest
// label and a little more.
const cardWidth = 34

// view draws a message for a terminal of the given width in columns. Suggestions
// are numbered from 1 in the order of rbm.AgentMessage.AllSuggestions.
func view(m *rbm.AgentMessage, columns int) string {
	c := m.ContentMessage
	if c == nil {
		return "(an empty message)\n"
	}
	v := viewer{columns: max(columns, cardWidth+4)}
	var out strings.Builder
	switch {
	case c.Text != "":
		v.lines(&out, wrap(c.Text, v.columns-2))
	case c.RichCard != nil && c.RichCard.StandaloneCard != nil && c.RichCard.StandaloneCard.CardContent != nil:
		v.lines(&out, v.card(c.RichCard.StandaloneCard.CardContent))
	case c.RichCard != nil && c.RichCard.CarouselCard != nil:
		v.carousel(&out, c.RichCard.CarouselCard)
	case c.ContentInfo != nil:
		v.lines(&out, wrap("[file] "+c.ContentInfo.FileURL, v.columns-2))
	case c.UploadedRbmFile != nil:
		v.lines(&out, wrap("[file] "+c.UploadedRbmFile.FileName, v.columns-2))
	case c.FileName != "":
		v.lines(&out, wrap("[file] "+c.FileName, v.columns-2))
	}
	v.chips(&out, c.Suggestions)
	return out.String()
}

// viewer draws one message.
type viewer struct {
	columns int
	number  int // of the last suggestion
}

func (v *viewer) lines(out *strings.Builder, lines []string) {
	for _, l := range lines {
		out.WriteString("  " + l + "\n")
	}
}

// carousel draws as many cards side by side as fit.
func (v *viewer) carousel(out *strings.Builder, c *rbm.CarouselCard) {
	perRow := max(1, (v.columns-2+1)/(cardWidth+4+1))
	var row [][]string
	for i := range c.CardContents {
		row = append(row, v.card(&c.CardContents[i]))
		if len(row) == perRow || i == len(c.CardContents)-1 {
			v.lines(out, beside(row))
			row = nil
		}
	}
}

// beside puts boxes next to each other, made equally high.
func beside(boxes [][]string) []string {
	height := 0
	for _, b := range boxes {
		height = max(height, len(b))
	}
	lines := make([]string, height)
	for i := range boxes {
		body, bottom := boxes[i][:len(boxes[i])-1], boxes[i][len(boxes[i])-1]
		for len(body) < height-1 {
			body = append(body, boxLine(""))
		}
		for n, l := range append(body, bottom) {
			if i > 0 {
				lines[n] += " "
			}
			lines[n] += l
		}
	}
	return lines
}

// card draws one card in a box.
func (v *viewer) card(c *rbm.CardContent) []string {
	var inside []string
	if c.Media != nil {
		inside = append(inside, wrap("[media] "+media(c.Media), cardWidth)...)
		if c.Media.ContentDescription != "" {
			inside = append(inside, wrap("("+c.Media.ContentDescription+")", cardWidth)...)
		}
	}
	if c.Title != "" {
		inside = append(inside, wrap(c.Title, cardWidth)...)
		inside = append(inside, strings.Repeat("─", min(cardWidth, width(c.Title))))
	}
	if c.Description != "" {
		inside = append(inside, wrap(c.Description, cardWidth)...)
	}
	for i := range c.Suggestions {
		inside = append(inside, wrap(v.suggestion(&c.Suggestions[i]), cardWidth)...)
	}
	bar := strings.Repeat("─", cardWidth+2)
	box := []string{"┌" + bar + "┐"}
	for _, l := range inside {
		box = append(box, boxLine(l))
	}
	return append(box, "└"+bar+"┘")
}

func boxLine(s string) string {
	return "│ " + s + strings.Repeat(" ", max(0, cardWidth-width(s))) + " │"
}

func media(m *rbm.Media) string {
	switch {
	case m.ContentInfo != nil:
		return m.ContentInfo.FileURL
	case m.UploadedRbmFile != nil:
		return m.UploadedRbmFile.FileName
	}
	return m.FileName
}

// chips draws the suggestions under a message, as many on a line as fit.
func (v *viewer) chips(out *strings.Builder, list []rbm.Suggestion) {
	line := ""
	for i := range list {
		chip := plain(v.suggestion(&list[i]))
		if line != "" && width(line)+3+width(chip) > v.columns-2 {
			v.lines(out, []string{line})
			line = ""
		}
		if line != "" {
			line += "   "
		}
		line += chip
	}
	if line != "" {
		v.lines(out, []string{line})
	}
}

func (v *viewer) suggestion(s *rbm.Suggestion) string {
	v.number++
	text, kind := label(s)
	return fmt.Sprintf("[%d] %s%s", v.number, text, kind)
}

// label is the text of a suggestion and, for an action, a mark of its kind.
func label(s *rbm.Suggestion) (text, kind string) {
	switch {
	case s.Reply != nil:
		return s.Reply.Text, ""
	case s.Action == nil:
		return "", ""
	}
	switch a := s.Action; {
	case a.DialAction != nil:
		kind = " · call"
	case a.ViewLocationAction != nil:
		kind = " · map"
	case a.CreateCalendarEventAction != nil:
		kind = " · date"
	case a.OpenURLAction != nil:
		kind = " · link"
	case a.ShareLocationAction != nil:
		kind = " · where"
	}
	return s.Action.Text, kind
}

// effect says what a phone does when a suggestion is tapped, beside telling the
// agent; "" for a reply (facts/rbm-api.md §2.8).
func effect(s *rbm.Suggestion) string {
	if s.Action == nil {
		return ""
	}
	switch a := s.Action; {
	case a.DialAction != nil:
		return "opens the dialler with " + plain(a.DialAction.PhoneNumber)
	case a.ViewLocationAction != nil:
		return "opens the map " + plain(destination(a.ViewLocationAction))
	case a.CreateCalendarEventAction != nil:
		e := a.CreateCalendarEventAction
		return plain(fmt.Sprintf("opens the calendar with %q, %s to %s", e.Title, e.StartTime, e.EndTime))
	case a.OpenURLAction != nil && a.OpenURLAction.Application == rbm.OpenURLApplicationWebview:
		return plain(fmt.Sprintf("opens %s in a %s web view", a.OpenURLAction.URL, strings.ToLower(string(a.OpenURLAction.WebviewViewMode))))
	case a.OpenURLAction != nil:
		return "opens the browser at " + plain(a.OpenURLAction.URL)
	case a.ShareLocationAction != nil:
		return "opens the location picker"
	}
	return ""
}

func destination(a *rbm.ViewLocationAction) string {
	if a.LatLong == nil {
		return fmt.Sprintf("and searches for %q", a.Query)
	}
	at := fmt.Sprintf("at %g, %g", a.LatLong.Latitude, a.LatLong.Longitude)
	if a.Label != "" {
		at += fmt.Sprintf(" (%s)", a.Label)
	}
	return at
}

// plain makes text safe for a terminal: an agent must not be able to move the cursor.
func plain(s string) string {
	return strings.Map(func(r rune) rune {
		if r != '\n' && !unicode.IsGraphic(r) && r != '\u200d' {
			return '\uFFFD'
		}
		return r
	}, s)
}

// wrap breaks text into lines of at most n columns, between words where it can.
func wrap(text string, n int) []string {
	var lines []string
	for line := range strings.SplitSeq(plain(text), "\n") {
		current := ""
		for word := range strings.SplitSeq(line, " ") {
			if current != "" && width(current)+1+width(word) <= n {
				current += " " + word
				continue
			}
			if current != "" {
				lines = append(lines, current)
			}
			for width(word) > n {
				head := cut(word, n)
				lines, word = append(lines, head), word[len(head):]
			}
			current = word
		}
		lines = append(lines, current)
	}
	return lines
}

// cut is the longest beginning of s that is at most n columns wide, but not nothing.
func cut(s string, n int) string {
	used := 0
	for i, r := range s {
		if used += runeWidth(r); used > n && i > 0 {
			return s[:i]
		}
	}
	return s
}

// width is the number of columns that s takes in a terminal.
func width(s string) int {
	n := 0
	for _, r := range s {
		n += runeWidth(r)
	}
	return n
}

// wide are the ranges of characters that take two columns.
var wide = [][2]rune{
	{0x1100, 0x115f}, {0x2e80, 0xa4cf}, {0xac00, 0xd7a3}, {0xf900, 0xfaff}, {0xfe30, 0xfe6f},
	{0xff00, 0xff60}, {0xffe0, 0xffe6}, {0x1f300, 0x1faff}, {0x20000, 0x3fffd},
}

func runeWidth(r rune) int {
	if r == '\u200d' || unicode.In(r, unicode.Mn, unicode.Me, unicode.Cf) {
		return 0
	}
	for _, w := range wide {
		if r >= w[0] && r <= w[1] {
			return 2
		}
	}
	return 1
}
