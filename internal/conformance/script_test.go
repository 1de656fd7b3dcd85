package conformance

import (
	"strings"
	"testing"
)

const get = "=== t\nGET / HTTP/1.1\nHost: h\n\n>>> 200\n"

func TestParse(t *testing.T) {
	s, err := Parse("x.txt", `# A comment.
@needs ADMIN PHONE

=== first
# Another comment.
@body gzip chunked
POST /a HTTP/1.1
Host: h
x-y:z

line 1

# line 3
>>> 404 raw
X-A: b: c

text

=== second
GET /b HTTP/1.1
>>> 200

{"a": 1}
`)
	if err != nil {
		t.Fatal(err)
	}
	if strings.Join(s.Needs, " ") != "ADMIN PHONE" || len(s.Steps) != 2 {
		t.Fatalf("got %+v", s)
	}
	a, b := s.Steps[0], s.Steps[1]
	if a.Title != "first" || a.Line != 4 || a.codings != "gzip chunked" || a.head != "POST /a HTTP/1.1\nHost: h\nx-y:z\n" || a.body != "line 1\n\n# line 3" {
		t.Errorf("the request: %+v", a)
	}
	if a.status != 404 || !a.raw || a.text != "text\n" || len(a.header) != 1 || a.header[0] != [2]string{"X-A", "b: c"} {
		t.Errorf("the answer: %+v", a)
	}
	if b.Line != 19 || b.head != "GET /b HTTP/1.1\n" || b.body != "" || b.raw || show(b.want) != `{"a":1}` {
		t.Errorf("the second: %+v", b)
	}
}

func TestParseErrors(t *testing.T) {
	for text, want := range map[string]string{
		"":                                          "x.txt: there is no step",
		"# only\n@needs A\n":                        "x.txt: there is no step",
		"GET / HTTP/1.1\n" + get:                    "x.txt:1: before the first step",
		"=== t\n":                                   "x.txt:2: a request begins with",
		"=== t\nGET / HTTP/1.1\n":                   "x.txt:1: there is no line >>> STATUS",
		"=== t\nGET /\n>>> 200\n":                   "x.txt:2: a request begins with",
		"=== t\nGET / HTTP/1.1\nx\n>>> 200":         "x.txt:2: a request begins with",
		"=== t\n@body zip\n" + get[6:]:              `x.txt:2: "@body zip" is not`,
		"=== t\n@body gzip crlf\n" + get[6:]:        `x.txt:2: "@body gzip crlf" is not`,
		"=== t\n@soul\n" + get[6:]:                  `x.txt:2: "@soul" is not`,
		strings.Replace(get, "200", "20", 1):        `x.txt:5: ">>> 20" is not`,
		strings.Replace(get, "200", "200 html", 1):  `x.txt:5: ">>> 200 html" is not`,
		get + "X-A\n":                               `x.txt:5: the expected header "X-A"`,
		get + "\nnull\n":                            "x.txt:5: the expected body",
		get + "\n{\"a\":1,\"a\":1}\n":               "x.txt:5: the expected body",
		get + "\n{}\n" + get + "\n{}\n=== t\nGET\n": "x.txt:16: a request begins with",
	} {
		_, err := Parse("x.txt", text)
		if err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%q: got %v, want %s", text, err, want)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add("# c\n@needs A\n\n=== t\n@body crlf gzip chunked\nPUT /${ID1} HTTP/1.1\nx:y\n\nbody\n\n>>> 404 raw\nX-A: <none>\n\n<any=A>${A}<uuid>\\\n\n" + get)
	f.Add(get + "X: <time A+1s>\n\n[\"<any=A>\", \"<more>\"]\n")
	f.Fuzz(func(t *testing.T, text string) {
		s, err := Parse("x.txt", text)
		if err != nil {
			if !strings.HasPrefix(err.Error(), "x.txt:") {
				t.Fatalf("the error does not name the file: %v", err)
			}
			return
		}
		line := 0
		for _, step := range s.Steps {
			if step.Line <= line || step.head == "" || step.status < 200 {
				t.Fatalf("step %+v after line %d", step, line)
			}
			line = step.Line
			// Whatever is expected can be compared with whatever is answered.
			step.check(&response{status: step.status, body: []byte(text)}, vars{})
			step.check(&response{status: step.status, body: []byte(step.text)}, vars{})
		}
	})
}
