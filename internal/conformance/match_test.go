package conformance

import (
	"net/http"
	"strings"
	"testing"
)

// check compares an answer with the end of a script, from the headers on.
func check(t *testing.T, mark, expected string, got *response, v vars) string {
	t.Helper()
	s, err := Parse("x.txt", "=== t\nGET / HTTP/1.1\n>>> "+mark+"\n"+expected)
	if err != nil {
		t.Fatal(err)
	}
	if got.header == nil {
		got.header = http.Header{"Content-Type": {"application/json; charset=UTF-8"}}
	}
	return strings.Join(s.Steps[0].check(got, v), "\n")
}

func TestJSON(t *testing.T) {
	const now = `"2026-11-20T10:00:00.500Z"`
	for _, tc := range []struct{ want, got, wrong string }{
		{`{"a": 1, "b": [true, null, "x"]}`, `{"b":[true,null,"x"],"a":1}`, ""},
		{`{"a": 1}`, `{"a":2}`, "a: got 2, want 1"},
		{`{"a": 1}`, `{"a":"1"}`, `a: got "1", want 1`},
		{`{"a": "1"}`, `{"a":1}`, `a: got 1, want "1"`},
		{`{"a": false}`, `{"a":null}`, "a: got null, want false"},
		{`{"a": {"b": 1}}`, `{"a":[]}`, `a: got [], want {"b":1}`},
		{`{"a": [1]}`, `{"a":{}}`, "a: got {}, want [1]"},
		{`{"a": {"b": 1}}`, `{"a":{}}`, "a.b: missing, want 1"},
		{`{"a": {}}`, `{"a":{"b":"<c>"}}`, `a.b: not expected: "<c>"`},
		{`{"a?": 1}`, `{}`, ""},
		{`{"a?": 1}`, `{"a":1}`, ""},
		{`{"a?": 1}`, `{"a":2}`, "a: got 2, want 1"},
		{`[1, 2]`, `[2, 1]`, "[0]: got 2, want 1\n[1]: got 1, want 2"},
		{`[1]`, `[1, 1]`, ": 2 elements, want 1: [1,1]"},
		{`[{"a": 1}, 2, "<more>"]`, `[2, 3, {"a":1}]`, ""},
		{`[4, "<more>"]`, `[2, 3]`, ": no element 4 in [2,3]"},
		{`["<more>"]`, `{}`, `: got {}, want ["<more>"]`},
		{`{"a": "<any>", "b": "<any>", "c": "<any>"}`, `{"a":[1],"b":null,"c":"x\ny"}`, ""},
		{`{"a": "<any>"}`, `{}`, `a: missing, want "<any>"`},
		{`"<any>x"`, `"ax"`, ""},
		{`"<any>x"`, `"xa"`, `: got "xa", want "<any>x"`},
		{`"<time>"`, now, ""},
		{`"<time>"`, `"2026-11-20T10:00:00.5Z"`, `: got "2026-11-20T10:00:00.5Z", want "<time>"`},
		{`"<time>"`, `"2026-11-20T10:00:00+00:00"`, `: got "2026-11-20T10:00:00+00:00", want "<time>"`},
		{`"a/<uuid>"`, `"a/6f1a7c52-0000-4000-8000-00000000000a"`, ""},
		{`"<uuid>"`, `"6F1A7C52-0000-4000-8000-00000000000A"`, `: got "6F1A7C52-0000-4000-8000-00000000000A", want "<uuid>"`},
		{`"${PHONE}.${PHONE}"`, `"+1.+1"`, ""},
		{`"${PHONE}.${PHONE}"`, `"+11+1"`, `: got "+11+1", want "${PHONE}.${PHONE}"`},
		{`"${NONE}"`, `""`, ": the variable ${NONE} is not known here"},
		{`{"a": "<time B+2s>", "b": "<time=B>"}`, `{"a":"2026-11-20T10:00:02.500Z","b":` + now + `}`, ""},
		{`{"a": "<time B+2s>", "b": "<time=B>"}`, `{"a":` + now + `,"b":` + now + `}`,
			"a: got 2026-11-20T10:00:00.500Z, want 2026-11-20T10:00:00.500Z and 2s more"},
		{`{"a": "<time B+2s>"}`, `{"a":` + now + `}`, "a: got 2026-11-20T10:00:00.500Z, want  and 2s more"},
		{`["<any=A>", "${A}"]`, `["x.y","x.y"]`, ""},
		{`{"a${PHONE}b": 1, "${PHONE}?": 2}`, `{"a+1b":1}`, ""},
		{`{"${PHONE}": 1}`, `{"+2":1}`, "+1: missing, want 1\n+2: not expected: 1"},
		{`{"a": {"${NONE}?": 1}}`, `{"a":{}}`, "a: the variable ${NONE} is not known here"},
		{`["<any=A>", "${A}"]`, `["x.y","xzy"]`, `[1]: got "xzy", want "${A}"`},
		{`{"a": 1}`, `{"a":1,"a":1}`, "body: not JSON"},
		{`{"a": 1}`, `a`, "body: not JSON"},
		{`{"a": 1}`, ``, "body: not JSON"},
		{``, ``, ""},
		{``, `{}`, ": got {}, want null"},
	} {
		wrong := check(t, "200", "\n"+tc.want, &response{status: 200, body: []byte(tc.got)}, vars{"PHONE": "+1"})
		if wrong != tc.wrong && (tc.wrong != "body: not JSON" || !strings.HasPrefix(wrong, tc.wrong)) {
			t.Errorf("%s with %s: got %q, want %q", tc.want, tc.got, wrong, tc.wrong)
		}
	}
}

func TestStatusAndHeader(t *testing.T) {
	h := http.Header{"Content-Type": {"text/html"}, "Vary": {"A", "B"}}
	for _, tc := range []struct {
		expected, wrong string
		status          int
	}{
		{"vary: B\nContent-Type: text/<any>\nX: <none>\n\n<any>", "", 200},
		{"Vary: <none>\nX: y\n\n<any>", "Vary: got [\"A\" \"B\"], want \"<none>\"\nX: got [], want \"y\"", 200},
		{"\n<any>", "status: got 404, want 200\n1\n2", 404},
	} {
		if wrong := check(t, "200 raw", tc.expected, &response{tc.status, h, []byte("1\n2\n")}, vars{}); wrong != tc.wrong {
			t.Errorf("%q: got %q, want %q", tc.expected, wrong, tc.wrong)
		}
	}
	if wrong := check(t, "200", "\n{}", &response{200, h, []byte("{}")}, vars{}); wrong != `Content-Type: got "text/html", want application/json` {
		t.Errorf("JSON that says it is HTML: %q", wrong)
	}
}

func TestRaw(t *testing.T) {
	for _, tc := range []struct{ want, got, wrong string }{
		{"a\nb", "a\nb\n", ""},
		{"a\nb\n\n\n", "a\nb\n", ""},
		{"a\nb\\", "a\nb", ""},
		{"a\n\n  <time>", "a\n\n  2026-11-20T10:00:00Z\n", ""},
		{"a\nb", "a\nb", "body: differs from line 2 on\n- \"b\\n\"\n- \"\"\n+ \"b\""},
		{"a\\", "a\n", "body: differs from line 1 on\n- \"a\"\n+ \"a\\n\"\n+ \"\""},
		{"a\n<any>c\nd", "a\nbc\nD\n", "body: differs from line 3 on\n- \"d\\n\"\n- \"\"\n+ \"D\\n\"\n+ \"\""},
	} {
		if wrong := check(t, "200 raw", "\n"+tc.want, &response{status: 200, body: []byte(tc.got)}, vars{}); wrong != tc.wrong {
			t.Errorf("%q with %q: got %q, want %q", tc.want, tc.got, wrong, tc.wrong)
		}
	}
}
