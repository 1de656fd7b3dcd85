package client

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/openrbm/openrbm/rbm"
)

var aFile = answer{status: 200, body: `{"name":"files/f1"}`}

// once hides that a reader can be rewound.
func once(r io.Reader) io.Reader { return struct{ io.Reader }{r} }

func TestUploadIsRepeatedFromWhereItStood(t *testing.T) {
	for _, failed := range []answer{unavailable, exhausted, badToken, hangUp} {
		r := newRemote(t, failed, aFile)
		c, _ := r.client(Options{})
		content := strings.NewReader("heading,content")
		if _, err := content.Seek(8, io.SeekStart); err != nil {
			t.Fatal(err)
		}
		f, err := c.UploadFile(t.Context(), content, "image/png")
		if err != nil || f.Name != "files/f1" {
			t.Errorf("file %+v, error %v", f, err)
		}
		asked, _ := r.seen()
		const want = "POST /upload/v1/files?agentId=demo_agent&uploadType=media content"
		if len(asked) != 2 || asked[0] != want || asked[1] != want {
			t.Errorf("asked %q", asked)
		}
	}
}

func TestUploadThatCannotBeRepeated(t *testing.T) {
	for _, failed := range []answer{unavailable, exhausted, badToken, hangUp} {
		r := newRemote(t, failed, aFile)
		c, _ := r.client(Options{})
		f, err := c.UploadFile(t.Context(), once(strings.NewReader("content")), "image/png")
		if err == nil {
			t.Errorf("file %+v after a part of it was lost", f)
		}
		if asked, _ := r.seen(); len(asked) != 1 {
			t.Errorf("asked %q", asked)
		}
	}
}

func TestUploadRepeatsTheTokenRequest(t *testing.T) {
	r := newRemote(t, aFile)
	r.tokens = []answer{unavailable}
	c, pauses := r.client(Options{})
	f, err := c.UploadFile(t.Context(), once(strings.NewReader("content")), "image/png")
	if err != nil || f.Name != "files/f1" || len(*pauses) != 1 {
		t.Errorf("file %+v, error %v, pauses %v", f, err, *pauses)
	}
}

var errDisk = errors.New("disk on fire")

type burning struct{ io.ReadSeeker }

func (burning) Read([]byte) (int, error) { return 0, errDisk }

func TestUploadOfAnUnreadableFile(t *testing.T) {
	r := newRemote(t, answer{status: 200, header: http.Header{"Location": {"http://127.0.0.1:1/u"}}})
	r.cut = true
	c, pauses := r.client(Options{})
	if _, err := c.UploadFile(t.Context(), burning{strings.NewReader("")}, "image/png"); !errors.Is(err, errDisk) {
		t.Errorf("error %v", err)
	}
	if _, err := c.UploadFileResumable(t.Context(), burning{strings.NewReader("")}, 5, "image/png"); !errors.Is(err, errDisk) {
		t.Errorf("error %v", err)
	}
	if _, err := c.UploadFileResumable(t.Context(), strings.NewReader("four"), 5, "image/png"); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("error %v", err)
	}
	if _, err := c.UploadFileResumable(t.Context(), strings.NewReader("four"), -1, "image/png"); err == nil {
		t.Error("a file of -1 bytes")
	}
	if len(*pauses) != 0 {
		t.Errorf("pauses %v", *pauses)
	}
}

// A turn that is over reads nothing: the transport may hold it longer than the attempt lasts.
func TestOldAttemptReadsNothing(t *testing.T) {
	s := newSource(strings.NewReader("content"))
	old, err := s.open()
	if err != nil {
		t.Fatal(err)
	}
	b := make([]byte, 3)
	if n, err := old.Read(b); n != 3 || err != nil {
		t.Fatal(n, err)
	}
	now, err := s.open()
	if err != nil {
		t.Fatal(err)
	}
	if n, err := old.Read(b); n != 0 || !errors.Is(err, errTurnOver) {
		t.Errorf("read %d, error %v", n, err)
	}
	if all, err := io.ReadAll(now); err != nil || string(all) != "content" {
		t.Errorf("read %q, error %v", all, err)
	}
	s.close()
	if n, err := now.Read(b); n != 0 || !errors.Is(err, errTurnOver) {
		t.Errorf("read %d, error %v", n, err)
	}
	s = newSource(once(strings.NewReader("content")))
	if now, err = s.open(); err != nil {
		t.Fatal(err)
	}
	if _, err := now.Read(b); err != nil || !s.spent() {
		t.Errorf("error %v", err)
	}
	if _, err := s.open(); !errors.Is(err, errTurnOver) {
		t.Errorf("opened what is gone: %v", err)
	}
}

// session begins an upload whose further answers are these.
func session(t *testing.T, answers ...answer) (*remote, *Client) {
	begun := answer{status: 200, header: http.Header{}}
	r := newRemote(t, append([]answer{begun}, answers...)...)
	begun.header.Set("Location", r.url+"/session")
	c, _ := r.client(Options{})
	return r, c
}

func at(status int, arrived string) answer {
	a := answer{status: status, header: http.Header{}}
	if arrived != "" {
		a.header.Set("Range", arrived)
	}
	return a
}

func TestResumableUpload(t *testing.T) {
	content := bytes.Repeat([]byte("x"), uploadChunk+10)
	first, rest := "bytes=0-1048575", "PUT /session xxxxxxxxxx"
	for name, tc := range map[string]struct {
		answers []answer
		asked   int // PUTs
		last    string
	}{
		"undisturbed":        {[]answer{at(308, first), aFile}, 2, rest},
		"201":                {[]answer{at(308, first), {status: 201, body: aFile.body}}, 2, rest},
		"half a chunk":       {[]answer{hangUp, at(308, "bytes=0-524287"), at(308, first), aFile}, 4, rest},
		"nothing came":       {[]answer{unavailable, at(308, ""), at(308, first), aFile}, 4, rest},
		"lost answer":        {[]answer{at(308, first), hangUp, aFile}, 3, "PUT /session "},
		"query fails too":    {[]answer{at(308, first), exhausted, hangUp, at(308, first), aFile}, 5, rest},
		"server forgot half": {[]answer{at(308, first), hangUp, at(308, ""), at(308, first), aFile}, 5, rest},
	} {
		r, c := session(t, tc.answers...)
		f, err := c.UploadFileResumable(t.Context(), bytes.NewReader(content), int64(len(content)), "image/png")
		if err != nil || f.Name != "files/f1" {
			t.Errorf("%s: file %+v, error %v", name, f, err)
		}
		asked, bearers := r.seen()
		if asked[0] != "POST /upload/v1/files?agentId=demo_agent&uploadType=resumable {}" {
			t.Errorf("%s: asked %q", name, asked[0])
		}
		if len(asked) != 1+tc.asked || asked[len(asked)-1] != tc.last {
			t.Errorf("%s: asked %d times, the last %.40q", name, len(asked), asked[len(asked)-1])
		}
		if bearers[1] != "" {
			t.Errorf("%s: the token went to the session", name)
		}
	}
}

func TestResumableUploadFails(t *testing.T) {
	gone := answer{status: 404, body: `{"error":{"code":404,"status":"NOT_FOUND"}}`}
	for name, tc := range map[string]struct {
		answers []answer
		asked   int // PUTs
		code    rbm.Code
	}{
		"always down":    {[]answer{unavailable}, 5, rbm.CodeUnavailable},
		"never forward":  {[]answer{at(308, "")}, 5, 0},
		"forgotten":      {[]answer{gone}, 1, rbm.CodeNotFound},
		"odd range":      {[]answer{at(308, "bytes=7-8")}, 1, 0},
		"too far":        {[]answer{at(308, "bytes=0-7")}, 1, 0},
		"not an address": {nil, 0, 0},
	} {
		r, c := session(t, tc.answers...)
		if tc.answers == nil {
			r.answers = []answer{{status: 200, header: http.Header{"Location": {"file:///etc"}}}}
		}
		f, err := c.UploadFileResumable(t.Context(), strings.NewReader("content"), 7, "image/png")
		if err == nil || tc.code != 0 && !hasCode(err, tc.code) {
			t.Errorf("%s: file %+v, error %v", name, f, err)
		}
		if asked, _ := r.seen(); len(asked) != 1+tc.asked {
			t.Errorf("%s: asked %d times: %q", name, len(asked), asked)
		}
	}
}

func FuzzReceived(f *testing.F) {
	for _, s := range []string{"", "bytes=0-5", "bytes=0-99", "bytes=1-5", "bytes=0--1", "bytes=0-18446744073709551615"} {
		f.Add(s, int64(10))
	}
	f.Fuzz(func(t *testing.T, said string, size int64) {
		if n, err := received(said, size); n < 0 || err == nil && n > max(0, size) {
			t.Errorf("%q: %d of %d bytes", said, n, size)
		}
	})
}
