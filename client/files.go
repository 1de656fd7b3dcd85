package client

import (
	"context"
	"io"
	"net/http"

	"github.com/openrbm/openrbm/rbm"
)

const uploadPath = "/upload/v1/files"

// CreateFile makes the platform fetch a file, and a thumbnail if thumbnailURL is not
// empty, and keep them for messages: the name of what it returns, files/…, goes into
// rbm.UploadedRbmFile. The platform answers when it has them, so only ctx bounds how
// long that takes. A file has at most 100 MiB, a thumbnail 100 kB, and the platform
// keeps them for 60 days (facts/rbm-api.md §1.9).
func (c *Client) CreateFile(ctx context.Context, fileURL, thumbnailURL string) (*rbm.File, error) {
	body, err := encode(&rbm.CreateFileRequest{FileURL: fileURL, ThumbnailURL: thumbnailURL})
	if err != nil {
		return nil, err
	}
	return c.createFile(ctx, call{path: "/v1/files", query: c.query("", ""), body: body})
}

// UploadFile sends the bytes of a file, as they are read from r, and returns the
// file's name as CreateFile does. mimeType is one that the platform takes, such as
// image/png. Only ctx bounds how long it takes.
//
// Attempts are repeated if r is an io.Seeker, from where it stood, or if nothing was
// read of it yet. Over bad connections UploadFileResumable is better: it does not
// begin again.
func (c *Client) UploadFile(ctx context.Context, r io.Reader, mimeType string) (*rbm.File, error) {
	file := newSource(r)
	defer file.close()
	query := c.query("uploadType", "media")
	return c.createFile(ctx, call{path: uploadPath, query: query, file: file, header: http.Header{
		"Content-Type": {mimeType},
		"Expect":       {"100-continue"}, // what is refused is not read
	}})
}

// createFile makes a call that answers with a file.
func (c *Client) createFile(ctx context.Context, k call) (*rbm.File, error) {
	k.method, k.slow = http.MethodPost, true
	answer, _, err := c.do(ctx, k)
	if err != nil {
		return nil, err
	}
	return decode[rbm.File](answer)
}
