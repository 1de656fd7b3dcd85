package client_test

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/openrbm/openrbm/client"
	"github.com/openrbm/openrbm/phone"
	"github.com/openrbm/openrbm/rbm"
	"github.com/openrbm/openrbm/servertest"
)

// shown sends a file and gives what the phone downloads.
func shown(t *testing.T, s *servertest.Server, c *client.Client, p *phone.Phone, file *rbm.File) []byte {
	t.Helper()
	id := client.NewMessageID()
	m := &rbm.AgentMessage{ContentMessage: &rbm.AgentContentMessage{UploadedRbmFile: &rbm.UploadedRbmFile{FileName: file.Name}}}
	if _, err := c.CreateAgentMessage(s.Context(), s.Number(), id, m); err != nil {
		t.Fatal(err)
	}
	got, err := p.WaitMessage(s.Context(), func(m *phone.Message) bool { return m.MessageID == id })
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.Get(got.Media[0].URL)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != 200 {
		t.Fatalf("status %d, error %v", resp.StatusCode, err)
	}
	return b
}

func TestFilesReachThePhone(t *testing.T) {
	s := servertest.New(t)
	c, p := s.Client(), s.Dial()
	content := bytes.Repeat([]byte("all of the film "), 200_000) // 3.2 MB
	pages := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "video/mp4")
		w.Write(content)
	}))
	t.Cleanup(pages.Close)
	for name, make := range map[string]func() (*rbm.File, error){
		"by URL":   func() (*rbm.File, error) { return c.CreateFile(s.Context(), pages.URL+"/film.mp4", "") },
		"seekable": func() (*rbm.File, error) { return c.UploadFile(s.Context(), bytes.NewReader(content), "video/mp4") },
		"stream": func() (*rbm.File, error) {
			return c.UploadFile(s.Context(), io.MultiReader(bytes.NewReader(content)), "video/mp4")
		},
		"resumable": func() (*rbm.File, error) {
			return c.UploadFileResumable(s.Context(), bytes.NewReader(content), int64(len(content)), "video/mp4")
		},
	} {
		file, err := make()
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if got := shown(t, s, c, p, file); !bytes.Equal(got, content) {
			t.Errorf("%s: the phone has %d bytes, want %d", name, len(got), len(content))
		}
	}
}

func TestFilesAreRefused(t *testing.T) {
	s := servertest.New(t)
	c := s.Client()
	text := strings.NewReader("#!/bin/sh")
	for name, try := range map[string]func() (*rbm.File, error){
		"by URL":     func() (*rbm.File, error) { return c.CreateFile(s.Context(), "", "") },
		"of no type": func() (*rbm.File, error) { return c.UploadFile(s.Context(), once{text}, "") },
		"at once":    func() (*rbm.File, error) { return c.UploadFile(s.Context(), once{text}, "text/x-sh") },
		"resumable":  func() (*rbm.File, error) { return c.UploadFileResumable(s.Context(), text, 9, "text/x-sh") },
		"too big":    func() (*rbm.File, error) { return c.UploadFileResumable(s.Context(), text, 1<<40, "image/png") },
	} {
		if f, err := try(); rbm.CodeOf(err) != rbm.CodeInvalidArgument {
			t.Errorf("%s: file %+v, error %v", name, f, err)
		}
	}
	if text.Len() != 9 {
		t.Error("a file that was refused was read")
	}
}

func TestEmptyFile(t *testing.T) {
	s := servertest.New(t)
	f, err := s.Client().UploadFileResumable(s.Context(), strings.NewReader(""), 0, "image/png")
	if err != nil || !strings.HasPrefix(f.Name, "files/") {
		t.Errorf("file %+v, error %v", f, err)
	}
}

type once struct{ io.Reader }

// cutting breaks the connection of some PUTs: some in the midst of their bytes, some
// before their answer is heard.
type cutting struct {
	mu   sync.Mutex
	puts int
	said []string // Content-Range
}

func (c *cutting) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Method != http.MethodPut {
		return http.DefaultTransport.RoundTrip(r)
	}
	c.mu.Lock()
	c.puts++
	n := c.puts
	c.said = append(c.said, r.Header.Get("Content-Range"))
	c.mu.Unlock()
	if n == 2 {
		r = r.Clone(r.Context())
		r.Body = struct {
			io.Reader
			io.Closer
		}{io.MultiReader(io.LimitReader(r.Body, 300_000), broken{}), r.Body}
	}
	resp, err := http.DefaultTransport.RoundTrip(r)
	if n == 5 && err == nil {
		resp.Body.Close()
		return nil, errCut
	}
	return resp, err
}

var errCut = io.ErrUnexpectedEOF

type broken struct{}

func (broken) Read([]byte) (int, error) { return 0, errCut }

func TestResumableUploadSurvivesBrokenConnections(t *testing.T) {
	s := servertest.New(t)
	cut := &cutting{}
	c := s.ClientFor(client.Options{KeyFile: s.Ready.Agents[0].KeyFile, AgentID: s.Agent(), HTTPClient: &http.Client{Transport: cut}})
	content := bytes.Repeat([]byte("0123456789abcdef"), 150_000) // 2.4 MB: 3 chunks
	file, err := c.UploadFileResumable(s.Context(), bytes.NewReader(content), int64(len(content)), "video/mp4")
	if err != nil {
		t.Fatal(err)
	}
	if got := shown(t, s, c, s.Dial(), file); !bytes.Equal(got, content) {
		t.Errorf("the phone has %d bytes, want %d", len(got), len(content))
	}
	if cut.said[0] != "bytes 0-1048575/2400000" || cut.said[2] != "bytes */2400000" || cut.said[5] != "bytes */2400000" {
		t.Errorf("asked %q", cut.said)
	}
}
