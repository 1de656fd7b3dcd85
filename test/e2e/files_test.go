package e2e

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	stdimage "image"
	"image/color"
	"image/png"
	"io"
	"io/fs"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/openrbm/openrbm/client"
	"github.com/openrbm/openrbm/phone"
	"github.com/openrbm/openrbm/rbm"
	"github.com/openrbm/openrbm/servertest"
)

// caller makes calls of the API that are written out, as an agent.
type caller struct {
	t     *testing.T
	s     *servertest.Server
	token string
}

func newCaller(t *testing.T, s *servertest.Server) *caller {
	t.Helper()
	token, err := s.Client().AccessToken(s.Context())
	if err != nil {
		t.Fatal(err)
	}
	return &caller{t, s, token}
}

// do calls and returns the answer with its body. header is names and values in turn.
func (c *caller) do(method, address string, body io.Reader, header ...string) (*http.Response, string) {
	c.t.Helper()
	if strings.HasPrefix(address, "/") {
		address = c.s.Ready.APIURL + address
	}
	r, err := http.NewRequestWithContext(c.s.Context(), method, address, body)
	if err != nil {
		c.t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+c.token)
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	res, err := http.DefaultTransport.RoundTrip(r) // as it is: no redirects
	if err != nil {
		c.t.Fatalf("%s %s: %v", method, address, err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		c.t.Fatalf("%s %s: %v", method, address, err)
	}
	return res, string(b)
}

var fileName = regexp.MustCompile(`^\{\n  "name": "(files/[A-Za-z0-9_-]{24})"\n\}\n$`)

// uploaded is the name in the answer to an upload.
func (c *caller) uploaded(res *http.Response, body string) string {
	c.t.Helper()
	m := fileName.FindStringSubmatch(body)
	if res.StatusCode != http.StatusOK || m == nil {
		c.t.Fatalf("the upload is answered %s %s", res.Status, body)
	}
	return m[1]
}

func fileMessage(name string) *rbm.AgentMessage {
	return &rbm.AgentMessage{ContentMessage: &rbm.AgentContentMessage{UploadedRbmFile: &rbm.UploadedRbmFile{FileName: name}}}
}

func urlMessage(address string, refresh bool) *rbm.AgentMessage {
	return &rbm.AgentMessage{ContentMessage: &rbm.AgentContentMessage{ContentInfo: &rbm.ContentInfo{FileURL: address, ForceRefresh: refresh}}}
}

// show sends m and gives the media that the phone is told of.
func (c *caller) show(p *phone.Phone, m *rbm.AgentMessage) phone.Media {
	c.t.Helper()
	id := send(c.t, c.s, c.s.Client(), c.s.Number(), m)
	got, err := p.WaitMessage(c.s.Context(), hasID(id))
	if err != nil {
		c.t.Fatal(err)
	}
	if len(got.Media) != 1 {
		c.t.Fatalf("the phone is told of %+v", got.Media)
	}
	return got.Media[0]
}

// get fetches what a phone shows: without credentials.
func get(t *testing.T, address string, header ...string) (*http.Response, []byte) {
	t.Helper()
	r, err := http.NewRequest(http.MethodGet, address, nil)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res, b
}

func pngOf(w, h int) []byte {
	m := stdimage.NewRGBA(stdimage.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			m.Set(x, y, color.RGBA{uint8(x), uint8(y), 99, 255})
		}
	}
	var b bytes.Buffer
	if err := png.Encode(&b, m); err != nil {
		panic(err)
	}
	return b.Bytes()
}

func packed(s string) io.Reader {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	w.Write([]byte(s))
	w.Close()
	return &b
}

// stream hides the length of a body, so that it is sent chunked.
func stream(r io.Reader) io.Reader { return io.MultiReader(r) }

func TestUploadProtocols(t *testing.T) {
	s := servertest.New(t)
	c, p := newCaller(t, s), s.Dial()
	content := string(pngOf(640, 320))
	const related = `multipart/related; boundary=6d4ee9a0`
	body := func(metadata string) string {
		return "--6d4ee9a0\r\ncontent-type: application/json\r\n\r\n" + metadata + "\r\n--6d4ee9a0\r\ncontent-type: image/png\r\n\r\n" + content + "\r\n--6d4ee9a0--"
	}
	const path = "/upload/v1/files"
	for name, upload := range map[string]func() (*http.Response, string){
		"none": func() (*http.Response, string) {
			return c.do("POST", path+"?agentId="+s.Agent(), strings.NewReader(content), "Content-Type", "image/png")
		},
		"media": func() (*http.Response, string) {
			return c.do("POST", path+"?uploadType=media&agentId="+s.Agent(), stream(strings.NewReader(content)), "Content-Type", "image/png")
		},
		"raw": func() (*http.Response, string) {
			return c.do("POST", path+"?upload_protocol=raw", strings.NewReader(content), "Content-Type", "image/png; x=y")
		},
		"media, packed": func() (*http.Response, string) {
			return c.do("POST", path+"?uploadType=media", packed(content), "Content-Type", "image/png", "Content-Encoding", "gzip")
		},
		"multipart": func() (*http.Response, string) {
			return c.do("POST", path+"?uploadType=multipart", stream(strings.NewReader(body(`{"agentId":"`+s.Agent()+`","contentDescription":"A hill"}`))), "Content-Type", related)
		},
		"multipart, packed": func() (*http.Response, string) {
			return c.do("POST", path+"?upload_protocol=multipart&agent_id="+s.Agent(), packed(body("{}")), "Content-Type", related, "Content-Encoding", "gzip")
		},
		"resumable at once": func() (*http.Response, string) {
			res, _ := c.do("POST", path+"?uploadType=resumable&agentId="+s.Agent(), packed("{}"), "Content-Type", "application/json", "Content-Encoding", "gzip", "X-Upload-Content-Type", "image/png")
			return c.do("PUT", res.Header.Get("Location"), strings.NewReader(content))
		},
		"X-Goog-Upload": func() (*http.Response, string) {
			res, _ := c.do("POST", path+"?upload_protocol=resumable", nil, "X-Goog-Upload-Protocol", "resumable", "X-Goog-Upload-Command", "start", "X-Goog-Upload-Header-Content-Type", "image/png")
			to := res.Header.Get("X-Goog-Upload-URL")
			if res.StatusCode != 200 || res.Header.Get("X-Goog-Upload-Status") != "active" {
				t.Fatalf("start: %s, %v", res.Status, res.Header)
			}
			c.do("POST", to, strings.NewReader(content[:500]), "X-Goog-Upload-Command", "upload", "X-Goog-Upload-Offset", "0")
			if res, _ := c.do("POST", to, nil, "X-Goog-Upload-Command", "query"); res.Header.Get("X-Goog-Upload-Size-Received") != "500" {
				t.Errorf("query: %s, %v", res.Status, res.Header)
			}
			if res, _ := c.do("POST", to, strings.NewReader("x"), "X-Goog-Upload-Command", "upload", "X-Goog-Upload-Offset", "700"); res.StatusCode != 400 {
				t.Errorf("an offset that leaves a gap: %s", res.Status)
			}
			return c.do("POST", to, strings.NewReader(content[500:]), "X-Goog-Upload-Command", "upload, finalize", "X-Goog-Upload-Offset", "500")
		},
	} {
		t.Run(name, func(t *testing.T) {
			shown := c.show(p, fileMessage(c.uploaded(upload())))
			if shown.Path != "uploadedRbmFile" || shown.MimeType != "image/png" || shown.SizeBytes != int64(len(content)) || shown.ThumbnailMimeType != "image/jpeg" {
				t.Errorf("the phone is told %+v", shown)
			}
			if res, b := get(t, shown.URL); res.Header.Get("Content-Type") != "image/png" || string(b) != content {
				t.Errorf("the phone gets %s, %d bytes", res.Header.Get("Content-Type"), len(b))
			}
			_, b := get(t, shown.ThumbnailURL)
			if thumb, kind, err := stdimage.DecodeConfig(bytes.NewReader(b)); err != nil || kind != "jpeg" || thumb.Width != 480 || len(b) > 100_000 {
				t.Errorf("the thumbnail: %s %+v, %d bytes, %v", kind, thumb, len(b), err)
			}
		})
	}
	if n := contents(t, s); n != 2 {
		t.Errorf("%d contents are stored, want 2: the picture and its thumbnail", n)
	}
}

// contents counts what lies in the directory of files.
func contents(t *testing.T, s *servertest.Server) (n int) {
	t.Helper()
	err := filepath.WalkDir(filepath.Join(s.Dir, "store", "media", "content"), func(_ string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			n++
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func TestUploadRefuses(t *testing.T) {
	s := servertest.New(t)
	c := newCaller(t, s)
	const path = "/upload/v1/files"
	for name, row := range map[string]struct {
		status int
		text   string
		call   func() (*http.Response, string)
	}{
		"no type": {400, "content_type", func() (*http.Response, string) { return c.do("POST", path, strings.NewReader("x")) }},
		"other type": {400, "text/html", func() (*http.Response, string) {
			return c.do("POST", path, strings.NewReader("x"), "Content-Type", "text/html")
		}},
		"other protocol": {400, "upload_protocol", func() (*http.Response, string) { return c.do("POST", path+"?uploadType=x", strings.NewReader("x")) }},
		"another agent": {403, "", func() (*http.Response, string) {
			return c.do("POST", path+"?agentId=other", strings.NewReader("x"), "Content-Type", "image/png")
		}},
		"no token": {401, "", func() (*http.Response, string) {
			return c.do("POST", path, strings.NewReader("x"), "Authorization", "")
		}},
		"unknown parameter": {400, "Cannot bind query parameter", func() (*http.Response, string) {
			return c.do("POST", path+"?name=x", strings.NewReader("x"), "Content-Type", "image/png")
		}},
		"bad gzip": {400, "gzip", func() (*http.Response, string) {
			return c.do("POST", path, strings.NewReader("x"), "Content-Type", "image/png", "Content-Encoding", "gzip")
		}},
		"metadata that is wrong": {400, "Unknown name", func() (*http.Response, string) {
			return c.do("POST", path+"?uploadType=multipart", strings.NewReader("--b\r\n\r\n{\"x\":1}\r\n--b\r\n\r\n--b--"), "Content-Type", "multipart/related; boundary=b")
		}},
		"resumable without type": {400, "x_upload_content_type", func() (*http.Response, string) { return c.do("POST", path+"?uploadType=resumable", nil) }},
		"resumable, too large": {400, "104857600", func() (*http.Response, string) {
			return c.do("POST", path+"?uploadType=resumable", nil, "X-Upload-Content-Type", "image/png", "X-Upload-Content-Length", "104857601")
		}},
		"resumable, no length": {400, "x_upload_content_length", func() (*http.Response, string) {
			return c.do("POST", path+"?uploadType=resumable", nil, "X-Upload-Content-Type", "image/png", "X-Upload-Content-Length", "many")
		}},
		"unknown upload": {404, "", func() (*http.Response, string) { return c.do("PUT", path+"?upload_id=x", strings.NewReader("x")) }},
		"unknown upload, asked": {404, "", func() (*http.Response, string) {
			return c.do("PUT", path+"?upload_id=x", nil, "Content-Range", "bytes */5")
		}},
		"unknown upload, ended": {404, "", func() (*http.Response, string) { return c.do("DELETE", path, nil) }},
		"by no URL":             {400, "file_url", func() (*http.Response, string) { return c.do("POST", "/v1/files", strings.NewReader("{}")) }},
		"by a file's URL": {400, "scheme", func() (*http.Response, string) {
			return c.do("POST", "/v1/files", strings.NewReader(`{"fileUrl":"file:///etc/passwd"}`))
		}},
		"no device token": {401, "", func() (*http.Response, string) {
			return c.do("POST", "/device/v1/files", strings.NewReader("x"), "Authorization", "Bearer x", "X-Phone-Number", s.Number(), "Content-Type", "image/png")
		}},
		"no phone": {401, "", func() (*http.Response, string) { return c.do("POST", "/device/v1/files", strings.NewReader("x")) }},
		"message": {400, "agent_message.content_message.uploaded_rbm_file.file_name", func() (*http.Response, string) {
			return c.do("POST", "/v1/phones/"+s.Number()+"/agentMessages?messageId=m1", strings.NewReader(`{"contentMessage":{"uploadedRbmFile":{"fileName":"files/lpcg6f1tnYg1ryaQNho6hjka"}}}`))
		}},
	} {
		res, body := row.call()
		var envelope struct {
			Error struct {
				Code    int
				Message string
			}
		}
		if err := json.Unmarshal([]byte(body), &envelope); err != nil || res.StatusCode != row.status || envelope.Error.Code != row.status || !strings.Contains(body, row.text) {
			t.Errorf("%s: %s %s", name, res.Status, body)
		}
	}
	// A body that is too large is refused while it comes.
	r, err := http.NewRequestWithContext(s.Context(), "POST", s.Ready.APIURL+path, io.LimitReader(rand.NewChaCha8([32]byte{}), 100<<20+1))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+c.token)
	r.Header.Set("Content-Type", "video/mp4")
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if b, _ := io.ReadAll(res.Body); res.StatusCode != 400 || !strings.Contains(string(b), "104857600 bytes") {
		t.Errorf("100 MiB and a byte: %s %s", res.Status, b)
	}
}

// The issue's own case: 30 MB in chunks, cut in the middle of one, and resumed after a
// restart of the server.
func TestResumableUploadIsCutAndResumed(t *testing.T) {
	s := servertest.New(t)
	c := newCaller(t, s)
	content := make([]byte, 30_000_000)
	rand.NewChaCha8([32]byte{1}).Read(content)
	total := strconv.Itoa(len(content))
	res, body := c.do("POST", "/upload/v1/files?uploadType=resumable&agentId="+s.Agent(), packed("{}"),
		"Content-Encoding", "gzip", "X-Upload-Content-Type", "video/mp4", "X-Upload-Content-Length", total)
	location := res.Header.Get("Location")
	if res.StatusCode != 200 || body != "" || !strings.Contains(location, "upload_id="+res.Header.Get("X-GUploader-UploadID")) || !strings.Contains(location, "agentId="+s.Agent()) {
		t.Fatalf("the beginning: %s %v %s", res.Status, res.Header, body)
	}
	c.token = "none" // the address is the credential from here on
	put := func(first, last int, content io.Reader) (*http.Response, string) {
		t.Helper()
		return c.do("PUT", location, content, "Content-Range", fmt.Sprintf("bytes %d-%d/%s", first, last-1, total))
	}
	const chunk = 8 << 20
	res, _ = put(0, chunk, bytes.NewReader(content[:chunk]))
	if res.StatusCode != 308 || res.Header.Get("Range") != fmt.Sprintf("bytes=0-%d", chunk-1) || res.Header.Get("Location") != "" {
		t.Fatalf("the first chunk: %s %v", res.Status, res.Header)
	}

	// The second chunk breaks off with the connection.
	cut := &cutReader{r: bytes.NewReader(content[chunk : chunk+3<<20])}
	r, err := http.NewRequestWithContext(s.Context(), "PUT", location, cut)
	if err != nil {
		t.Fatal(err)
	}
	r.ContentLength = chunk
	r.Header.Set("Content-Range", fmt.Sprintf("bytes %d-%d/%s", chunk, 2*chunk-1, total))
	if res, err := http.DefaultTransport.RoundTrip(r); err == nil {
		res.Body.Close()
		t.Fatalf("a chunk that is cut is answered: %s", res.Status)
	}

	s.Restart()
	location = s.Ready.APIURL + location[strings.Index(location, "/upload/"):]
	res, _ = c.do("PUT", location, nil, "Content-Range", "bytes */"+total)
	var have int
	if _, err := fmt.Sscanf(res.Header.Get("Range"), "bytes=0-%d", &have); err != nil || res.StatusCode != 308 || have+1 < chunk || have+1 > chunk+3<<20 {
		t.Fatalf("after the restart: %s %v", res.Status, res.Header)
	}
	t.Logf("%d bytes are there after the cut", have+1)
	for first := have + 1; first < len(content); first += chunk {
		last := min(first+chunk, len(content))
		res, body = put(first, last, bytes.NewReader(content[first:last]))
		if last < len(content) && res.StatusCode != 308 {
			t.Fatalf("chunk from %d: %s %s", first, res.Status, body)
		}
	}
	name := c.uploaded(res, body)
	if again := c.uploaded(c.do("PUT", location, nil, "Content-Range", "bytes */"+total)); again != name {
		t.Errorf("asked after the end: %s, want %s", again, name)
	}
	c = newCaller(t, s)
	shown := c.show(s.Dial(), fileMessage(name))
	_, b := get(t, shown.URL)
	if sha256.Sum256(b) != sha256.Sum256(content) {
		t.Errorf("the phone gets %d bytes, not those that were sent", len(b))
	}
	res, b = get(t, shown.URL, "Range", "bytes=29999990-")
	if res.StatusCode != 206 || !bytes.Equal(b, content[29999990:]) || res.Header.Get("Content-Range") != "bytes 29999990-29999999/30000000" {
		t.Errorf("the last bytes: %s %v, %d bytes", res.Status, res.Header, len(b))
	}
}

// cutReader fails at the end of r.
type cutReader struct{ r io.Reader }

func (c *cutReader) Read(b []byte) (int, error) {
	n, err := c.r.Read(b)
	if err == io.EOF {
		err = io.ErrClosedPipe
	}
	return n, err
}

func TestCancelledUpload(t *testing.T) {
	s := servertest.New(t)
	c := newCaller(t, s)
	res, _ := c.do("POST", "/upload/v1/files?upload_protocol=resumable", nil, "X-Upload-Content-Type", "image/png")
	location := res.Header.Get("Location")
	if res, _ := c.do("PUT", location, strings.NewReader("01234"), "Content-Range", "bytes 0-4/*"); res.StatusCode != 308 || res.Header.Get("Range") != "bytes=0-4" {
		t.Fatalf("a chunk: %s %v", res.Status, res.Header)
	}
	if res, _ := c.do("PUT", location, strings.NewReader("01"), "Content-Range", "bytes 9-10/*"); res.StatusCode != 308 || res.Header.Get("Range") != "bytes=0-4" {
		t.Errorf("a chunk that leaves a gap: %s %v", res.Status, res.Header)
	}
	if res, body := c.do("PUT", location, strings.NewReader("01"), "Content-Range", "bytes 5-9/*"); res.StatusCode != 400 {
		t.Errorf("a chunk of another length: %s %s", res.Status, body)
	}
	if res, _ := c.do("DELETE", location, nil); res.StatusCode != 499 {
		t.Errorf("DELETE: %s", res.Status)
	}
	if res, _ := c.do("PUT", location, nil, "Content-Range", "bytes */*"); res.StatusCode != 404 {
		t.Errorf("after it: %s", res.Status)
	}
}

// picturesAt serves a picture and counts.
func picturesAt(t *testing.T, content []byte) (*httptest.Server, *atomic.Int32) {
	hits := new(atomic.Int32)
	site := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		hits.Add(1)
		switch r.URL.Path {
		case "/moved":
			http.Redirect(w, r, "/a.png", http.StatusFound)
		case "/a.png", "/t.png":
			w.Header().Set("Content-Type", "image/png")
			w.Write(content)
		default:
			http.NotFound(w, r)
		}
	}))
	t.Cleanup(site.Close)
	return site, hits
}

// The other case: the same file by URL is fetched once for 1,000 messages,
// and again after forceRefresh.
func TestURLIsFetchedOnceForAThousandMessages(t *testing.T) {
	s := servertest.New(t, servertest.Options{Settings: "[media]\nstrict = true"})
	c := s.Client()
	site, hits := picturesAt(t, pngOf(90, 60))
	var wg sync.WaitGroup
	for worker := range 20 {
		wg.Go(func() {
			for i := range 50 {
				id := fmt.Sprintf("m-%d-%d", worker, i)
				if _, err := c.CreateAgentMessage(s.Context(), s.Number(), id, urlMessage(site.URL+"/a.png", false)); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
	if hits.Load() != 1 {
		t.Fatalf("fetched %d times", hits.Load())
	}
	// The same message once more is ignored, and fetches nothing.
	if m, err := c.CreateAgentMessage(s.Context(), s.Number(), "m-0-0", urlMessage(site.URL+"/other", true)); err != nil || m.ContentMessage.ContentInfo.FileURL != site.URL+"/a.png" {
		t.Errorf("a repeat: %+v, %v", m, err)
	}
	p := s.Dial()
	call := newCaller(t, s)
	last, err := p.WaitMessage(s.Context(), hasID("m-19-49"))
	if err != nil {
		t.Fatal(err)
	}
	before := last.Media[0]
	after := call.show(p, urlMessage(site.URL+"/a.png", true))
	if hits.Load() != 2 || after.URL == before.URL || !strings.HasPrefix(after.URL, s.Ready.APIURL+"/media/v1/") {
		t.Errorf("forceRefresh: fetched %d times, %+v after %+v", hits.Load(), after, before)
	}
	if n := contents(t, s); n != 2 {
		t.Errorf("%d contents are stored, want 2", n)
	}
	_, err = c.CreateAgentMessage(s.Context(), s.Number(), "", urlMessage(site.URL+"/moved", false))
	wantCode(t, err, rbm.CodeInvalidArgument)
	if v := rbm.AsError(err).Violations; len(v) != 1 || v[0].Field != "agent_message.content_message.content_info.file_url" {
		t.Errorf("a redirect: %v", err)
	}
}

func TestFileByURL(t *testing.T) {
	s := servertest.New(t)
	c, p := newCaller(t, s), s.Dial()
	site, _ := picturesAt(t, pngOf(90, 60))
	create := func(body string) (*http.Response, string) {
		return c.do("POST", "/v1/files?agentId="+s.Agent(), strings.NewReader(body), "Content-Type", "application/json")
	}
	shown := c.show(p, fileMessage(c.uploaded(create(`{"fileUrl":"`+site.URL+`/moved","thumbnailUrl":"`+site.URL+`/t.png"}`))))
	if shown.MimeType != "image/png" || shown.ThumbnailMimeType != "image/png" {
		t.Errorf("the phone is told %+v", shown)
	}
	for _, field := range []string{"file_url", "thumbnail_url"} {
		file, thumb := "/a.png", "/none"
		if field == "file_url" {
			file, thumb = thumb, file
		}
		if res, body := create(`{"fileUrl":"` + site.URL + file + `","thumbnailUrl":"` + site.URL + thumb + `"}`); res.StatusCode != 400 || !strings.Contains(body, `"field": "`+field+`"`) {
			t.Errorf("%s: %s %s", field, res.Status, body)
		}
	}
}

func TestFilesInCards(t *testing.T) {
	s := servertest.New(t)
	c, p := newCaller(t, s), s.Dial(func(o *phone.Options) { o.Features = []rbm.Feature{rbm.FeatureRichCardCarousel} })
	site, _ := picturesAt(t, pngOf(90, 60))
	upload := func(kind string) *rbm.Media {
		name := c.uploaded(c.do("POST", "/upload/v1/files", strings.NewReader("12345"), "Content-Type", kind))
		return &rbm.Media{Height: rbm.HeightShort, UploadedRbmFile: &rbm.UploadedRbmFile{FileName: name}}
	}
	carousel := func(second *rbm.Media) *rbm.AgentMessage {
		return &rbm.AgentMessage{ContentMessage: &rbm.AgentContentMessage{RichCard: &rbm.RichCard{CarouselCard: &rbm.CarouselCard{
			CardWidth: rbm.CardWidthMedium, CardContents: []rbm.CardContent{
				{Media: &rbm.Media{Height: rbm.HeightShort, ContentInfo: &rbm.ContentInfo{FileURL: site.URL + "/a.png"}}}, {Media: second}},
		}}}}
	}
	id := client.NewMessageID()
	m, err := s.Client().CreateAgentMessage(s.Context(), s.Number(), id, carousel(upload("video/mp4")))
	if err != nil {
		t.Fatal(err)
	}
	if want := int64(len(pngOf(90, 60)) + 5); m.TotalPayloadSizeBytes != want {
		t.Errorf("totalPayloadSizeBytes %d, want %d", m.TotalPayloadSizeBytes, want)
	}
	got, err := p.WaitMessage(s.Context(), hasID(id))
	if err != nil {
		t.Fatal(err)
	}
	if len(got.Media) != 2 || got.Media[1].Path != "richCard.carouselCard.cardContents[1].media" || got.Media[1].ThumbnailURL != "" || got.Media[0].ThumbnailURL == "" {
		t.Errorf("the phone is told %+v", got.Media)
	}
	// The resource is as the agent sent it, for the agent and for the phone.
	if u := got.Content.ContentMessage.RichCard.CarouselCard.CardContents[0].Media.ContentInfo.FileURL; u != site.URL+"/a.png" {
		t.Errorf("the resource names %s", u)
	}
	for _, kind := range []string{"audio/ogg", "application/pdf"} {
		_, err := s.Client().CreateAgentMessage(s.Context(), s.Number(), "", carousel(upload(kind)))
		wantCode(t, err, rbm.CodeInvalidArgument)
	}
	if err := p.Announce(s.Context(), []rbm.Feature{rbm.FeatureRichCardCarousel, rbm.FeaturePDFInRichCards}, ""); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Client().CreateAgentMessage(s.Context(), s.Number(), "", carousel(upload("application/pdf"))); err != nil {
		t.Errorf("a PDF for a phone that shows them: %v", err)
	}
	// Only numbers of the United States have a size.
	token := s.NewPhone("+4915112345678")
	s.Dial(func(o *phone.Options) { o.Number, o.Token = "+4915112345678", token })
	if m, err := s.Client().CreateAgentMessage(s.Context(), "+4915112345678", "", carousel(upload("video/mp4"))); err != nil || m.TotalPayloadSizeBytes != 0 {
		t.Errorf("abroad: %d bytes, %v", m.TotalPayloadSizeBytes, err)
	}
}

func TestFilesAreKeptSixtyDays(t *testing.T) {
	s := servertest.New(t)
	c, p := newCaller(t, s), s.Dial()
	name := c.uploaded(c.do("POST", "/upload/v1/files", strings.NewReader("12345"), "Content-Type", "video/mp4"))
	shown := c.show(p, fileMessage(name))
	if _, err := s.Admin.AdvanceClock(s.Context(), 59*24*time.Hour); err != nil {
		t.Fatal(err)
	}
	if res, _ := get(t, shown.URL); res.StatusCode != 200 || contents(t, s) != 1 {
		t.Errorf("after 59 days: %s, %d contents", res.Status, contents(t, s))
	}
	if _, err := s.Admin.AdvanceClock(s.Context(), 25*time.Hour); err != nil {
		t.Fatal(err)
	}
	if res, _ := get(t, shown.URL); res.StatusCode != 404 {
		t.Errorf("after 60 days: %s", res.Status)
	}
	p.Disconnect() // and counts as reachable again
	if err := p.Connect(s.Context()); err != nil {
		t.Fatal(err)
	}
	_, err := s.Client().CreateAgentMessage(s.Context(), s.Number(), "", fileMessage(name))
	wantCode(t, err, rbm.CodeInvalidArgument)
	for ctx := s.Context(); contents(t, s) > 0; { // the turned clock has woken the sweep
		if ctx.Err() != nil {
			t.Fatal("the content is still stored")
		}
		get(t, shown.URL)
	}
}

func TestFetchesAreGuarded(t *testing.T) {
	s := servertest.New(t, servertest.Options{Settings: "[media]\nallow_private = false\nstrict = true"})
	s.Dial()
	site, hits := picturesAt(t, pngOf(9, 9))
	for _, address := range []string{site.URL + "/a.png", "http://127.0.0.1/a.png", "http://[::1]/", "http://localhost/", "http://169.254.169.254/latest/", "http://[::ffff:10.0.0.1]/", "http://2130706433/"} {
		_, err := s.Client().CreateAgentMessage(s.Context(), s.Number(), "", urlMessage(address, false))
		wantCode(t, err, rbm.CodeInvalidArgument)
		if res, body := newCaller(t, s).do("POST", "/v1/files", strings.NewReader(`{"fileUrl":"`+address+`"}`)); res.StatusCode != 400 {
			t.Errorf("%s: %s %s", address, res.Status, body)
		}
	}
	if hits.Load() != 0 {
		t.Errorf("%d fetches", hits.Load())
	}
}

func TestLenientMedia(t *testing.T) {
	s := servertest.New(t, servertest.Options{Settings: "[media]\nstrict = false"})
	p := s.Dial()
	site, _ := picturesAt(t, nil)
	id := send(t, s, s.Client(), s.Number(), urlMessage(site.URL+"/none", false))
	if m, err := p.WaitMessage(s.Context(), hasID(id)); err != nil || len(m.Media) != 0 {
		t.Errorf("%+v, %v", m, err)
	}
}

// A user's file reaches the webhook with its thumbnail, and the agent can read both.
func TestUserFile(t *testing.T) {
	s := servertest.New(t)
	hook, p := s.Webhook(s.Agent()), s.Dial()
	path := filepath.Join(t.TempDir(), "trip.png")
	content := pngOf(800, 400)
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	id, err := p.SendFile(s.Context(), s.Agent(), path, "image/png")
	if err != nil {
		t.Fatal(err)
	}
	e := hook.Wait(func(e client.Event) bool { return e.UserMessage != nil && e.UserMessage.MessageID == id })
	file := e.UserMessage.UserFile
	if file == nil || file.Payload == nil || file.Thumbnail == nil {
		t.Fatalf("the webhook gets %+v", e.UserMessage)
	}
	if file.Payload.FileName != "trip.png" || file.Payload.MimeType != "image/png" || int(file.Payload.FileSizeBytes) != len(content) || file.Thumbnail.MimeType != "image/jpeg" {
		t.Errorf("payload %+v, thumbnail %+v", file.Payload, file.Thumbnail)
	}
	if _, b := get(t, file.Payload.FileURI); !bytes.Equal(b, content) {
		t.Errorf("the payload has %d bytes", len(b))
	}
	if _, b := get(t, file.Thumbnail.FileURI); len(b) != int(file.Thumbnail.FileSizeBytes) {
		t.Errorf("the thumbnail has %d bytes", len(b))
	}
	// Any type will do, and a browser does not run it.
	card, err := p.Upload(s.Context(), strings.NewReader("<script>"), -1, "text/html", "x.html")
	if err != nil || card.Thumbnail != nil {
		t.Fatalf("%+v, %v", card, err)
	}
	if res, _ := get(t, card.Payload.FileURI); !strings.HasPrefix(res.Header.Get("Content-Disposition"), "attachment") || res.Header.Get("X-Content-Type-Options") != "nosniff" {
		t.Errorf("a page is served with %v", res.Header)
	}
	for _, bad := range []string{"", "x"} {
		if _, err := p.Upload(s.Context(), strings.NewReader("x"), 1, bad, "x"); rbm.CodeOf(err) != rbm.CodeInvalidArgument {
			t.Errorf("type %q: %v", bad, err)
		}
	}
	if _, err := p.SendFile(s.Context(), s.Agent(), path+"?", "image/png"); err == nil {
		t.Error("sent a file that is not there")
	}
}
