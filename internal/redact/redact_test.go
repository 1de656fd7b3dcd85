package redact

import (
	"bytes"
	"fmt"
	"log/slog"
	"regexp"
	"strings"
	"testing"
)

func TestMask(t *testing.T) {
	for text, want := range map[string]string{
		"":                              "",
		"no number":                     "no number",
		"phone=+12223334444 x":          "phone=+122******44 x",
		`"+4915112345678"`:              `"+491********78"`,
		"phones/%2B12223334444/x":       "phones/%2B122******44/x",
		"q+12223334444\\x00+4917012345": "q+122******44\\x00+491*****45",
		"+1234567":                      "+123**67",
		"+123456":                       "+123456",
		"+00:00 +0200":                  "+00:00 +0200",
		"+1234567890123456":             "+1234567890123456", // too long for a number
		"took=1.5s+3ms":                 "took=1.5s+3ms",
		"++12223334444+":                "++122******44+",
		"%2":                            "%2",
		"ends +":                        "ends +",
	} {
		in := []byte(text)
		if got := string(Mask(in)); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
		if string(in) != text {
			t.Errorf("%q was changed", text)
		}
	}
}

func TestLinesOfALog(t *testing.T) {
	for name, handler := range map[string]func(*bytes.Buffer) slog.Handler{
		"text": func(b *bytes.Buffer) slog.Handler { return slog.NewTextHandler(Writer{b}, nil) },
		"json": func(b *bytes.Buffer) slog.Handler { return slog.NewJSONHandler(Writer{b}, nil) },
	} {
		var b bytes.Buffer
		log := slog.New(handler(&b))
		log.Error("cannot reach +12223334444", "phone", "+12223334444", "err", fmt.Errorf("key %q", "q+12223334444\x00"), "n", 7)
		if strings.Contains(b.String(), "2223334444") || strings.Count(b.String(), "+122******44") != 3 || !strings.Contains(b.String(), "7") {
			t.Errorf("%s: %s", name, &b)
		}
	}
}

var number = regexp.MustCompile(`\+[1-9][0-9]{6,14}`)

func FuzzMask(f *testing.F) {
	f.Add([]byte("x +12223334444 y %2b12223334444"))
	f.Add([]byte("+%2B+1"))
	f.Fuzz(func(t *testing.T, text []byte) {
		got := Mask(text)
		if len(got) != len(text) {
			t.Fatalf("%q became %q", text, got)
		}
		for _, at := range number.FindAllIndex(got, -1) {
			if at[1] == len(got) || !isDigit(got[at[1]]) { // of a longer run of digits
				t.Fatalf("%q became %q", text, got)
			}
		}
	})
}

func BenchmarkMask(b *testing.B) {
	line := []byte(`time=2026-11-21T02:26:20.123Z level=DEBUG msg=accepted kind=MESSAGE agent=demo_agent messageId=8d1c8a4e-0c6c-4b6e-9d0e-0a8b5c1d2e3f phone=+12223334444 expireTime=2026-12-21T02:26:20Z`)
	for b.Loop() {
		Mask(line)
	}
}
