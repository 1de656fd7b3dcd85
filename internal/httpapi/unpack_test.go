package httpapi

import (
	"bytes"
	"compress/gzip"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/openrbm/openrbm/rbm"
)

func zip(text []byte) []byte {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	_, _ = w.Write(text)
	_ = w.Close()
	return b.Bytes()
}

// A body is never longer than it may be, however it was packed; what is damaged is
// the caller's fault, and what is not comes out as it went in.
func FuzzUnpack(f *testing.F) {
	f.Add("gzip", zip([]byte("{}")))
	f.Add("gzip", zip(make([]byte, maxBody+1)))
	f.Add("x-gzip", zip(make([]byte, maxBody)))
	f.Add("gzip", append(zip([]byte("a")), zip([]byte("b"))...))
	f.Add("gzip", zip([]byte("cut"))[:12])
	f.Add("", []byte("plain"))
	f.Add("br", []byte("x"))
	f.Fuzz(func(t *testing.T, coding string, body []byte) {
		r := httptest.NewRequest("POST", "/v1/x", bytes.NewReader(body))
		r.Header = http.Header{"Content-Encoding": {coding}}
		c := &call{w: httptest.NewRecorder(), r: r}
		got, err := c.unpacked()
		switch {
		case err != nil && rbm.CodeOf(err) != rbm.CodeInvalidArgument:
			t.Fatalf("%q: %v", coding, err)
		case len(got) > maxBody:
			t.Fatalf("%d bytes", len(got))
		case err == nil && (coding == "" || coding == "identity") && !bytes.Equal(got, body):
			t.Fatal("it was changed")
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		stream, err := c.stream()
		if err == nil {
			_, err = io.Copy(io.Discard, io.LimitReader(stream, maxBody))
		}
		if err != nil && rbm.CodeOf(err) != rbm.CodeInvalidArgument {
			t.Fatalf("%q as a stream: %v", coding, err)
		}
	})
}

// Whatever the headers of an upload say, they are understood or refused as the
// caller's fault, and no chunk begins before the file.
func FuzzUploadHeaders(f *testing.F) {
	f.Add("bytes 0-1/2", "upload, finalize", "0", "resumable", "image/png")
	f.Add("bytes */*", "query", "-1", "", "multipart/related; boundary=x")
	f.Add("bytes 9223372036854775807-0/1", "", "9223372036854775808", "raw", "x")
	f.Fuzz(func(t *testing.T, span, command, offset, protocol, kind string) {
		r := httptest.NewRequest("PUT", "/upload/v1/files", bytes.NewReader([]byte("x")))
		r.Header = http.Header{"Content-Range": {span}, "X-Goog-Upload-Command": {command}, "X-Goog-Upload-Offset": {offset},
			"X-Goog-Upload-Protocol": {protocol}, "Content-Type": {kind}}
		c := &call{w: httptest.NewRecorder(), r: r}
		chunk, err := c.chunk()
		if err != nil && rbm.CodeOf(err) != rbm.CodeInvalidArgument {
			t.Fatal(err)
		}
		if err == nil && (chunk.First < 0 || chunk.Length < -1 || chunk.Total < -1) {
			t.Fatalf("%q is %+v", span, chunk)
		}
		if _, err := c.uploadProtocol(); err != nil && rbm.CodeOf(err) != rbm.CodeInvalidArgument {
			t.Fatal(err)
		}
		if _, err := newParts(r.Body, kind); err != nil && rbm.CodeOf(err) != rbm.CodeInvalidArgument {
			t.Fatal(err)
		}
	})
}
