package conformance

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"io"
	"log"
	"net"
	"net/http/httptest"
	"net/http/httputil"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// wire answers each connection with the next answer and keeps what came until
// the other side had nothing more to say for now.
type wire struct {
	net.Listener
	got chan string
}

// newWire listens; end tells where a request ends.
func newWire(t *testing.T, end string, answers ...string) *wire {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	w := &wire{l, make(chan string, len(answers))}
	go func() {
		for _, answer := range answers {
			c, err := l.Accept()
			if err != nil {
				return
			}
			var b []byte
			for one := make([]byte, 1); !strings.HasSuffix(string(b), end); b = append(b, one[0]) {
				if _, err := io.ReadFull(c, one); err != nil {
					break
				}
			}
			w.got <- string(b)
			io.WriteString(c, answer)
			c.Close()
		}
	}()
	return w
}

func (w *wire) target() *Target {
	return &Target{URL: "http://" + w.Addr().String() + "/", Vars: map[string]string{"PHONE": "+12223334444", "TOKEN": "t"}}
}

// wrong runs a script and returns all that is wrong.
func wrong(t *testing.T, target *Target, text string) string {
	t.Helper()
	s, err := Parse("x.txt", text)
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for r := range target.Run(t.Context(), s) {
		all = append(all, r.Wrong...)
	}
	return strings.Join(all, "\n")
}

func TestRequestGoesOutByteForByte(t *testing.T) {
	const answer = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"
	w := newWire(t, "END", answer, answer)
	got := wrong(t, w.target(), `=== one
PoST /v1/${PHONE}?a=%2B${DIGITS}&b= HTTP/1.1
hOST: ${HOST}
X-Twice:  1
X-Twice: 2
content-length: ${LENGTH}

{'a': "é",}
 ${URL} ${TOKEN} END
>>> 200

{}

=== two: the same ids in one run, others in the next
GET /${ID1}/${ID1}/${NUM1}/${PHONE1} HTTP/1.1
x: END

>>> 200

{}
`)
	if got != "" {
		t.Fatal(got)
	}
	host := w.Addr().String()
	body := "{'a': \"é\",}\n http://" + host + " t END"
	head, after, _ := strings.Cut(<-w.got, "content-length: ")
	if want := "PoST /v1/+12223334444?a=%2B12223334444&b= HTTP/1.1\r\nhOST: " + host + "\r\nX-Twice:  1\r\nX-Twice: 2\r\n"; head != want {
		t.Errorf("got %q, want %q", head, want)
	}
	if want := strconv.Itoa(len(body)) + "\r\n\r\n" + body; after != want {
		t.Errorf("got %q, want %q", after, want)
	}
	second := <-w.got
	if !regexp.MustCompile(`^GET /([0-9a-f-]{36})/[0-9a-f-]{36}/\d{20,}/\+120155501\d\d HTTP/1.1\r\nx: END$`).MatchString(second) ||
		second[5:41] != second[42:78] {
		t.Errorf("got %q", second)
	}
}

func TestCodings(t *testing.T) {
	long := strings.Repeat("0123456789", 20)
	chunked := httputil.NewChunkedReader(bytes.NewReader(encode([]byte(long), "gzip chunked")))
	unpacked, err := gzip.NewReader(chunked)
	if err != nil {
		t.Fatal(err)
	}
	if b, err := io.ReadAll(unpacked); err != nil || string(b) != long {
		t.Errorf("got %q, %v", b, err)
	}
	if got := string(encode([]byte("a\n\nb\n"), "crlf chunked")); got != "8\r\na\r\n\r\nb\r\n\r\n0\r\n\r\n" {
		t.Errorf("got %q", got)
	}
	if got := string(encode([]byte(long[:70]), "chunked")); got != "40\r\n"+long[:64]+"\r\n6\r\n"+long[64:70]+"\r\n0\r\n\r\n" {
		t.Errorf("got %q", got)
	}
	w := newWire(t, "\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Encoding: gzip\r\n\r\n"+string(encode([]byte(`{"a":1}`), "gzip")))
	if got := wrong(t, w.target(), "=== t\nGET / HTTP/1.1\n>>> 200\n\n{\"a\": 1}"); got != "" {
		t.Error(got)
	}
}

func TestBrokenServers(t *testing.T) {
	const step = "=== t\nGET / HTTP/1.1\n>>> 200\n\n{}"
	for answer, want := range map[string]string{
		"":                    "no answer: unexpected EOF",
		"220 mail\r\n":        "no answer: malformed HTTP",
		"HTTP/1.1 200 OK\r\n": "no answer: unexpected EOF",
		"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{}":                                               "unexpected EOF",
		"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n{}":                                          "unexpected EOF",
		"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n" + strings.Repeat(" ", maxAnswer+1): "it is longer than 4194304 bytes",
	} {
		w := newWire(t, "\r\n\r\n", answer)
		if got := wrong(t, w.target(), step); !strings.HasPrefix(got, want) {
			t.Errorf("%.60q: got %q, want %q", answer, got, want)
		}
	}
	for _, url := range []string{"", "http://", "ftp://h", "http://h/path", "http://u:p@h", "http://h?q=1", "http://%zz"} {
		if got := wrong(t, &Target{URL: url, Vars: map[string]string{}}, step); !strings.HasPrefix(got, "the base URL must be") {
			t.Errorf("%q: got %q", url, got)
		}
	}
	secure := httptest.NewUnstartedServer(nil)
	secure.Config.ErrorLog = log.New(io.Discard, "", 0)
	secure.StartTLS()
	defer secure.Close()
	if got := wrong(t, &Target{URL: secure.URL, Vars: map[string]string{}}, step); !strings.Contains(got, "certificate") {
		t.Errorf("a certificate that nobody signed: got %q", got)
	}
}

func TestRunEndsWithItsContext(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	s, err := Parse("x.txt", "=== t\nGET / HTTP/1.1\n>>> 200\n\n{}\n=== t\nGET / HTTP/1.1\n>>> 200\n\n{}")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancelCause(t.Context())
	go func() { // a server that never answers
		if c, err := l.Accept(); err == nil {
			io.ReadFull(c, make([]byte, 1))
			cancel(errors.New("enough"))
			io.Copy(io.Discard, c)
		}
	}()
	steps := 0
	for r := range (&Target{URL: "http://" + l.Addr().String(), Vars: map[string]string{}}).Run(ctx, s) {
		if steps++; len(r.Wrong) == 0 || !strings.Contains(r.Wrong[0], "enough") {
			t.Errorf("got %q", r.Wrong)
		}
	}
	if steps != 1 {
		t.Errorf("%d steps", steps)
	}
}

func TestMissing(t *testing.T) {
	s := &Script{Needs: []string{"ADMIN", "USPHONE", "TOKEN"}}
	for phone, want := range map[string]string{"+12223334444": "ADMIN", "+442071838750": "ADMIN USPHONE"} {
		target := &Target{Vars: map[string]string{"PHONE": phone, "TOKEN": "t", "ADMIN": ""}}
		if got := strings.Join(target.Missing(s), " "); got != want {
			t.Errorf("%s: got %q, want %q", phone, got, want)
		}
	}
}

func TestSign(t *testing.T) {
	private, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	der := x509.MarshalPKCS1PrivateKey(private)
	key, err := json.Marshal(map[string]string{"client_email": "me@x", "private_key_id": "k1",
		"private_key": string(pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: der}))})
	if err != nil {
		t.Fatal(err)
	}
	target, now := &Target{URL: "http://h/", Key: key, Vars: map[string]string{}}, time.Now()
	read := func(text string) (*jwt.Token, error) {
		signed, err := target.expand(text, target.vars(), now)
		if err != nil {
			t.Fatal(err)
		}
		return jwt.Parse(signed, func(*jwt.Token) (any, error) { return &private.PublicKey, nil })
	}
	for text, want := range map[string]string{
		"${ASSERTION}": `{"alg":"RS256","kid":"k1","typ":"JWT"} {"aud":"http://h/token","exp":3600,"iat":0,"iss":"me@x","scope":"https://www.googleapis.com/auth/rcsbusinessmessaging"}`,
		"${ASSERTION aud=${URL}/x kid= typ= scope=a,b iat=-5 exp=7 iss=you sub=s}": `{"alg":"RS256"} {"aud":"http://h/x","exp":7,"iat":-5,"iss":"you","scope":"a b","sub":"s"}`,
	} {
		token, err := read(text)
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		claims := token.Claims.(jwt.MapClaims)
		for _, at := range []string{"iat", "exp"} {
			claims[at] = claims[at].(float64) - float64(now.Unix())
		}
		if got := show(token.Header) + " " + show(map[string]any(claims)); got != want {
			t.Errorf("%s: got %s, want %s", text, got, want)
		}
	}
	if _, err := target.expand("${ASSERTION key=partner}", target.vars(), now); err == nil || target.vars()["PARTNER"] != "" {
		t.Errorf("the partner's key is not known: %v", err)
	}
	target.Key, target.PartnerKey = nil, key
	if _, err := read("${ASSERTION iss=you key=partner}"); err != nil || target.vars()["PARTNER"] != "me@x" {
		t.Errorf("the partner's JWT: %v", err)
	}
	target.Key = key
	if _, err := read("${ASSERTION signature=wrong}"); !errors.Is(err, jwt.ErrTokenSignatureInvalid) {
		t.Errorf("a wrong signature: %v", err)
	}
	for key, text := range map[string]string{"": "${ASSERTION}", "{}": "${ASSERTION}", string(key): "${ASSERTION iat=now}"} {
		target := &Target{URL: "http://h", Key: []byte(key)}
		if _, err := target.expand(text, vars{}, now); err == nil {
			t.Errorf("%s was signed with %.30q", text, key)
		}
	}
}
