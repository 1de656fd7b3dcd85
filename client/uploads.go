package client

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/openrbm/openrbm/rbm"
)

// uploadChunk is how many bytes one request of a resumable upload carries at most; a
// multiple of 256 KiB (facts/rbm-api.md §7.4).
const uploadChunk = 1 << 20

// UploadFileResumable is UploadFile in chunks of 1 MiB: the size bytes that r has
// from where it stands. After a broken connection or a failure of the server it asks
// how much has arrived and goes on from there (facts/rbm-api.md §7.4).
// Options.MaxAttempts counts the attempts that brought nothing forward.
func (c *Client) UploadFileResumable(ctx context.Context, r io.ReadSeeker, size int64, mimeType string) (*rbm.File, error) {
	if size < 0 {
		return nil, fmt.Errorf("client: a file of %d bytes", size)
	}
	start, err := r.Seek(0, io.SeekCurrent)
	if err != nil {
		return nil, fmt.Errorf("client: reading the file: %w", err)
	}
	u := &upload{r: r, start: start, size: size, http: finalAnswers(c.http)}
	if u.session, err = c.beginUpload(ctx, size, mimeType); err != nil {
		return nil, err
	}
	for u.file == nil {
		if _, err := c.retry.run(ctx, func() error { return u.step(ctx) }); err != nil {
			return nil, err
		}
	}
	return u.file, nil
}

// beginUpload asks for the address of a new upload.
func (c *Client) beginUpload(ctx context.Context, size int64, mimeType string) (session string, err error) {
	r, _, err := c.ask(ctx, call{method: http.MethodPost, path: uploadPath, query: c.query("uploadType", "resumable"), body: []byte("{}"),
		header: http.Header{"X-Upload-Content-Type": {mimeType}, "X-Upload-Content-Length": {strconv.FormatInt(size, 10)}}})
	if err != nil {
		return "", err
	}
	session = r.header.Get("Location")
	if u, err := url.Parse(session); err != nil || !isHTTP(u) {
		return "", fmt.Errorf("client: the address of the upload, %q, is not an http or https URL", session)
	}
	return session, nil
}

// upload is a resumable upload under way. Its address is its only credential.
type upload struct {
	r           io.ReadSeeker
	start, size int64
	http        *http.Client
	session     string

	at   int64     // bytes that have arrived
	lost bool      // the last chunk failed: at may be more
	file *rbm.File // of an upload that is complete
}

// step brings the upload forward, or fails.
func (u *upload) step(ctx context.Context) error {
	before := u.at
	if u.lost {
		if err := u.put(ctx, nil); err != nil {
			return err
		}
		if u.lost = false; u.file != nil || u.at > before {
			return nil
		}
	}
	chunk, err := u.chunk()
	if err != nil {
		return err
	}
	if err := u.put(ctx, chunk); err != nil {
		u.lost = true
		return err
	}
	if u.file == nil && u.at <= before {
		return &setback{err: fmt.Errorf("client: the upload stays at %d of %d bytes", u.at, u.size)}
	}
	return nil
}

// chunk reads the bytes to send next. They are new ones each time: the HTTP transport
// may still hold those of an attempt that failed.
func (u *upload) chunk() ([]byte, error) {
	b := make([]byte, min(uploadChunk, u.size-u.at))
	_, err := u.r.Seek(u.start+u.at, io.SeekStart)
	if err == nil {
		_, err = io.ReadFull(u.r, b)
	}
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		err = fmt.Errorf("it ends before its %d bytes: %w", u.size, io.ErrUnexpectedEOF)
	}
	if err != nil {
		return nil, fmt.Errorf("client: reading the file: %w", err)
	}
	return b, nil
}

// put sends a chunk and learns how far the upload is. Without bytes it only asks.
func (u *upload) put(ctx context.Context, chunk []byte) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodPut, u.session, bytes.NewReader(chunk))
	if err != nil {
		return fmt.Errorf("client: %w", err)
	}
	span := "*"
	if len(chunk) > 0 {
		span = fmt.Sprintf("%d-%d", u.at, u.at+int64(len(chunk))-1)
	}
	req.Header.Set("Content-Range", fmt.Sprintf("bytes %s/%d", span, u.size))
	req.Header.Set("User-Agent", userAgent)
	resp, answer, err := roundTrip(u.http, req, maxAnswer)
	if err != nil {
		return err
	}
	switch resp.StatusCode {
	case http.StatusPermanentRedirect: // here it means "Resume Incomplete"
		u.at, err = received(resp.Header.Get("Range"), u.size)
		return err
	case http.StatusCreated:
		resp.StatusCode = http.StatusOK
	}
	if err := failure(resp, answer); err != nil {
		return err
	}
	u.file, err = decode[rbm.File](answer)
	return err
}

// received is how many of size bytes a Range says have arrived: "bytes=0-LAST", or
// nothing.
func received(said string, size int64) (int64, error) {
	if said == "" {
		return 0, nil
	}
	last, ok := strings.CutPrefix(said, "bytes=0-")
	n, err := strconv.ParseUint(last, 10, 62)
	if !ok || err != nil || int64(n) >= size {
		return 0, fmt.Errorf("client: the upload of %d bytes is at %q", size, said)
	}
	return int64(n) + 1, nil
}

// finalAnswers is h with 308 as an answer like any other.
func finalAnswers(h *http.Client) *http.Client {
	final := *h
	final.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &final
}
