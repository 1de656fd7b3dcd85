package s3blobs

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/openrbm/openrbm/internal/media"
)

// bucket is as much of an S3 server as Blobs needs. It stores plain bodies: it
// refuses what is not signed, and leaves the checking of signatures to real servers.
type bucket struct {
	mu      sync.Mutex
	objects map[string][]byte
	asked   []string // method and path, in order
}

func (b *bucket) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.asked = append(b.asked, r.Method+" "+r.URL.Path)
	name, inBucket := strings.CutPrefix(r.URL.Path, "/files/")
	if !strings.HasPrefix(r.Header.Get("Authorization"), "AWS4-HMAC-SHA256 Credential=key/") {
		fail(w, r, http.StatusForbidden, "AccessDenied")
		return
	}
	content, stored := b.objects[name]
	switch {
	case !inBucket || name == "":
		if strings.Trim(r.URL.Path, "/") != "files" {
			fail(w, r, http.StatusNotFound, "NoSuchBucket")
		}
	case r.Method == http.MethodPut:
		body, err := io.ReadAll(r.Body)
		if err != nil || strings.HasPrefix(r.Header.Get("X-Amz-Content-Sha256"), "STREAMING-") {
			body, err = unchunk(body)
		}
		if err != nil {
			fail(w, r, http.StatusBadRequest, "IncompleteBody")
			return
		}
		b.objects[name] = body
		w.Header().Set("ETag", `"x"`)
	case r.Method == http.MethodDelete:
		delete(b.objects, name)
		w.WriteHeader(http.StatusNoContent)
	case !stored:
		fail(w, r, http.StatusNotFound, "NoSuchKey")
	default:
		w.Header().Set("ETag", `"x"`)
		http.ServeContent(w, r, "", time.Unix(1, 0), bytes.NewReader(content))
	}
}

// unchunk undoes the aws-chunked coding: "size;signature\r\n" before every chunk.
func unchunk(b []byte) ([]byte, error) {
	var out []byte
	for {
		head, rest, ok := bytes.Cut(b, []byte("\r\n"))
		var n int
		if _, err := fmt.Sscanf(string(head), "%x", &n); err != nil || !ok || len(rest) < n {
			return nil, io.ErrUnexpectedEOF
		}
		if n == 0 {
			return out, nil
		}
		out, b = append(out, rest[:n]...), bytes.TrimPrefix(rest[n:], []byte("\r\n"))
	}
}

func fail(w http.ResponseWriter, r *http.Request, status int, code string) {
	w.Header().Set("Content-Type", "application/xml")
	w.WriteHeader(status)
	if r.Method != http.MethodHead {
		fmt.Fprintf(w, "<Error><Code>%s</Code><Message>%s</Message></Error>", code, code)
	}
}

// configs are the servers to test against: the one in this file and, with
// OPENRBM_TEST_S3=https://KEY:SECRET@HOST/BUCKET, a real one.
func configs(t *testing.T) map[string]Config {
	server := httptest.NewServer(&bucket{objects: make(map[string][]byte)})
	t.Cleanup(server.Close)
	list := map[string]Config{"in the test": {
		Endpoint: server.URL, Region: "us-east-1", Bucket: "files", Prefix: "openrbm/", AccessKey: "key", SecretKey: "secret",
	}}
	if real := os.Getenv("OPENRBM_TEST_S3"); real != "" {
		r, err := http.NewRequest(http.MethodGet, real, nil)
		if err != nil {
			t.Fatal(err)
		}
		secret, _ := r.URL.User.Password()
		list["real"] = Config{
			Endpoint: r.URL.Scheme + "://" + r.URL.Host, Region: "us-east-1", Bucket: strings.Trim(r.URL.Path, "/"), Prefix: fmt.Sprintf("openrbm-test-%d/", time.Now().UnixNano()),
			AccessKey: r.URL.User.Username(), SecretKey: secret,
		}
	}
	return list
}

func TestBlobs(t *testing.T) {
	for name, c := range configs(t) {
		t.Run(name, func(t *testing.T) {
			ctx := t.Context()
			blobs, err := Open(ctx, c)
			if err != nil {
				t.Fatal(err)
			}
			content := bytes.Repeat([]byte("0123456789abcdef"), 1<<16) // 1 MiB
			hash := sha256.Sum256(content)
			sum := hex.EncodeToString(hash[:])
			for range 2 { // the second finds it there
				path := filepath.Join(t.TempDir(), "x")
				if err := os.WriteFile(path, content, 0o600); err != nil {
					t.Fatal(err)
				}
				if err := blobs.Put(ctx, sum, path); err != nil {
					t.Fatal(err)
				}
				if _, err := os.Stat(path); !errors.Is(err, os.ErrNotExist) {
					t.Errorf("the file is still there: %v", err)
				}
			}
			r, err := blobs.Open(ctx, sum)
			if err != nil {
				t.Fatal(err)
			}
			defer r.Close()
			if got, err := io.ReadAll(r); err != nil || !bytes.Equal(got, content) {
				t.Errorf("read %d bytes, %v", len(got), err)
			}
			if n, err := r.Seek(-6, io.SeekEnd); err != nil || n != 1<<20-6 {
				t.Fatalf("at %d, %v", n, err)
			}
			if got, err := io.ReadAll(r); err != nil || string(got) != "abcdef" {
				t.Errorf("the end: %q, %v", got, err)
			}
			for range 2 {
				if err := blobs.Delete(ctx, sum); err != nil {
					t.Fatal(err)
				}
			}
			if _, err := blobs.Open(ctx, sum); !errors.Is(err, media.ErrNoContent) {
				t.Errorf("after delete: %v", err)
			}
		})
	}
}

func TestIdenticalContentIsUploadedOnce(t *testing.T) {
	b := &bucket{objects: make(map[string][]byte)}
	server := httptest.NewServer(b)
	defer server.Close()
	blobs, err := Open(t.Context(), Config{Endpoint: server.URL, Region: "us-east-1", Bucket: "files", AccessKey: "key", SecretKey: "secret"})
	if err != nil {
		t.Fatal(err)
	}
	for range 3 {
		path := filepath.Join(t.TempDir(), "x")
		if err := os.WriteFile(path, []byte("x"), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := blobs.Put(t.Context(), "aa", path); err != nil {
			t.Fatal(err)
		}
	}
	puts := 0
	for _, call := range b.asked {
		if call == "PUT /files/aa" {
			puts++
		}
	}
	if puts != 1 || string(b.objects["aa"]) != "x" {
		t.Errorf("%d uploads of %q", puts, b.objects)
	}
}

func TestOpenRefuses(t *testing.T) {
	server := httptest.NewServer(&bucket{})
	defer server.Close()
	for name, c := range map[string]Config{
		"no scheme":   {Endpoint: "s3.example.com", Bucket: "files"},
		"no host":     {Endpoint: "https://", Bucket: "files"},
		"no bucket":   {Endpoint: server.URL, Region: "us-east-1", Bucket: "other", AccessKey: "key", SecretKey: "secret"},
		"another key": {Endpoint: server.URL, Region: "us-east-1", Bucket: "files", AccessKey: "no", SecretKey: "secret"},
	} {
		if _, err := Open(t.Context(), c); err == nil {
			t.Errorf("%s: opened", name)
		}
	}
}
