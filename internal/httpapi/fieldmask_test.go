package httpapi

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/openrbm/openrbm/internal/apidoc"
	"github.com/openrbm/openrbm/rbm"
)

func TestMaskSelects(t *testing.T) {
	const answer = `{"name":"n","a":{"b":{"c":1,"d":2},"e":"x"},"list":[{"b":1,"c":2},{"c":3},7],"map":{"k":{"v":1,"w":2}}}`
	for fields, want := range map[string]string{
		"":                   answer,
		"*":                  answer,
		"name":               `{"name":"n"}`,
		"name,missing":       `{"name":"n"}`,
		"a/b/c":              `{"a":{"b":{"c":1}}}`,
		"a.b.c":              `{"a":{"b":{"c":1}}}`,
		"a(b/c,e)":           `{"a":{"b":{"c":1},"e":"x"}}`,
		"a(b(c,d),e)":        `{"a":{"b":{"c":1,"d":2},"e":"x"}}`,
		"a/b(d)":             `{"a":{"b":{"d":2}}}`,
		"a/b/c,a":            `{"a":{"b":{"c":1,"d":2},"e":"x"}}`,
		"a,a/b/c":            `{"a":{"b":{"c":1,"d":2},"e":"x"}}`,
		"a/b/c,a/e":          `{"a":{"b":{"c":1},"e":"x"}}`,
		"list/b":             `{"list":[{"b":1},{},7]}`,
		"list":               `{"list":[{"b":1,"c":2},{"c":3},7]}`,
		"map/*/v":            `{"map":{"k":{"v":1}}}`,
		"map/k/*":            `{"map":{"k":{"v":1,"w":2}}}`,
		"*/b":                `{"name":"n","a":{"b":{"c":1,"d":2}},"list":[{"b":1},{},7],"map":{}}`,
		"*/b/c,a/b/d":        `{"name":"n","a":{"b":{"c":1,"d":2}},"list":[{"b":1},{},7],"map":{}}`,
		"a/none":             `{"a":{}}`,
		"snake_case,na_me,a": `{"a":{"b":{"c":1,"d":2},"e":"x"}}`,
	} {
		m, err := parseMask(fields)
		if err != nil {
			t.Errorf("%q: %v", fields, err)
			continue
		}
		got := []byte(answer)
		if m != nil {
			if got, err = m.apply(got); err != nil {
				t.Errorf("%q: %v", fields, err)
			}
		}
		if string(got) != want {
			t.Errorf("%q:\ngot  %s\nwant %s", fields, got, want)
		}
	}
}

func TestMaskRefusesBadLists(t *testing.T) {
	for fields, says := range map[string]string{
		",":                            "unexpected ',' at position 0",
		"a,":                           "ends too early",
		"a,,b":                         "unexpected ',' at position 2",
		"a(":                           "ends too early",
		"a()":                          "unexpected ')' at position 2",
		"a(b":                          "ends too early",
		"a(b))":                        "unexpected ')' at position 4",
		"a/":                           "ends too early",
		"/a":                           "unexpected '/' at position 0",
		"a b":                          "unexpected ' ' at position 1",
		"a(b)c":                        "unexpected 'c' at position 4",
		"ä":                            "unexpected 'ä' at position 0",
		"a\xff":                        "unexpected '\ufffd' at position 1",
		strings.Repeat("a/", 40) + "a": "nested deeper than 32",
		strings.Repeat("a(", 40):       "nested deeper than 32",
		strings.Repeat("a,", 5000):     "longer than 8192 bytes",
	} {
		_, err := parseMask(fields)
		e := rbm.AsError(err)
		if rbm.CodeOf(err) != rbm.CodeInvalidArgument || !strings.Contains(e.Message, says) || e.Violations[0].Field != "fields" {
			t.Errorf("%.40q: %v, want %q", fields, err, says)
		}
	}
}

func TestMaskIsCheckedAgainstTheAnswer(t *testing.T) {
	message := apidoc.Message[rbm.AgentMessage]()
	for fields, wrong := range map[string]string{
		"name,sendTime": "",
		"send_time":     "",
		"contentMessage(text,richCard/carouselCard/cardContents(title,suggestions/reply/text))": "",
		"*":                        "",
		"*/anything":               "",
		"contentMessage/*":         "",
		"bogus":                    "bogus",
		"name/x":                   "name.x",
		"contentMessage/bogus":     "contentMessage.bogus",
		"Name":                     "Name",
		"z,contentMessage(text,b)": "contentMessage.b\nz",
	} {
		m, err := parseMask(fields)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, v := range m.check(message, "") {
			got = append(got, v.Field)
			if !strings.Contains(v.Description, "Cannot find matching fields for path '"+v.Field+"'") {
				t.Errorf("%q: %s", fields, v.Description)
			}
		}
		if strings.Join(got, "\n") != wrong {
			t.Errorf("%q: wrong are %q, want %q", fields, got, wrong)
		}
	}
}

// Whatever the list is: it is refused, or it leaves JSON that is part of the answer.
func FuzzMask(f *testing.F) {
	for _, seed := range []string{"a", "a,b/c,d(e,f),*", "a(b(c),*/d)", "*/*", "a(", "a,a/b", "contentMessage/richCard(standaloneCard)"} {
		f.Add(seed)
	}
	const answer = `{"a":{"b":[{"c":1},{"d":{"e":null}}],"c":{}},"d":{"e":1,"f":[2]},"b":"x"}`
	f.Fuzz(func(t *testing.T, fields string) {
		m, err := parseMask(fields)
		if err != nil {
			if rbm.CodeOf(err) != rbm.CodeInvalidArgument {
				t.Fatal(err)
			}
			return
		}
		m.check(apidoc.Message[rbm.AgentMessage](), "")
		if m == nil {
			return
		}
		out, err := m.apply([]byte(answer))
		if err != nil || !json.Valid(out) || len(out) > len(answer) {
			t.Fatalf("%q left %s, %v", fields, out, err)
		}
		again, err := m.apply(out)
		if err != nil || string(again) != string(out) {
			t.Fatalf("%q is not stable: %s, then %s, %v", fields, out, again, err)
		}
	})
}
