package httpapi

import (
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/openrbm/openrbm/internal/media"
	"github.com/openrbm/openrbm/internal/store"
	"github.com/openrbm/openrbm/rbm"
)

// Resumable uploads (facts/rbm-api.md §7.4), in both spellings: PUT with
// Content-Range, and POST with X-Goog-Upload-Command. Whoever knows the address of an
// upload may go on with it.

// chunkGranularity is what chunks should be multiples of, in bytes.
const chunkGranularity = 256 << 10

// beginUpload answers with the address of a new upload.
func (a *API) beginUpload(c *call) (any, error) {
	_, d, err := a.fileRequest(c)
	if err != nil {
		return nil, err
	}
	if d.MimeType, err = media.Allowed(c.uploadHeader("Content-Type")); err != nil {
		return nil, media.Invalid("x_upload_content_type", err)
	}
	size := int64(media.Unknown)
	if said := c.uploadHeader("Content-Length"); said != "" {
		if size, err = strconv.ParseInt(said, 10, 64); err != nil || size < 0 {
			return nil, invalidUpload("x_upload_content_length", "not a number of bytes")
		}
	}
	id, err := a.Media.Begin(c.r.Context(), size, d)
	if err != nil {
		return nil, media.Invalid("x_upload_content_length", err)
	}
	h := c.w.Header()
	h.Set("Location", a.BaseURL+uploadPath+"?"+sessionQuery(c.query, id).Encode())
	h.Set("X-GUploader-UploadID", id)
	h.Set("X-Goog-Upload-URL", a.BaseURL+uploadPath+"/"+id)
	h.Set("X-Goog-Upload-Chunk-Granularity", strconv.Itoa(chunkGranularity))
	c.uploadStatus(media.Progress{}, http.StatusOK)
	return answered{}, nil
}

// uploadHeader is what the client says of the file to come, in either spelling.
func (c *call) uploadHeader(name string) string {
	if v := c.r.Header.Get("X-Upload-" + name); v != "" {
		return v
	}
	return c.r.Header.Get("X-Goog-Upload-Header-" + name)
}

// sessionQuery is the query of an upload's address: that of the request, without
// its secrets.
func sessionQuery(query url.Values, id string) url.Values {
	q := url.Values{"uploadType": {"resumable"}, "upload_id": {id}}
	for name, v := range query {
		switch name {
		case "access_token", "oauth_token", "key", "uploadType", "upload_protocol", "upload_id":
		default:
			q[name] = v
		}
	}
	return q
}

func invalidUpload(field, why string) error {
	return rbm.InvalidArgument(rbm.Violation{Field: field, Description: "Invalid value at '" + field + "': " + why + "."})
}

// continueUpload takes a chunk that comes with PUT, or says how far the upload is.
func (a *API) continueUpload(c *call) (any, error) {
	chunk, err := c.chunk()
	if err != nil {
		return nil, err
	}
	p, err := a.Media.Resume(c.r.Context(), c.query.Get("upload_id"), chunk)
	if err != nil && (p.Received == 0 || !isCut(err)) {
		return nil, uploadError(err)
	}
	if p.File != nil {
		return uploaded(p.File, nil)
	}
	if p.Received > 0 {
		c.w.Header().Set("Range", "bytes=0-"+strconv.FormatInt(p.Received-1, 10))
	}
	c.uploadStatus(p, http.StatusPermanentRedirect) // "Resume Incomplete"
	return answered{}, nil
}

// chunk is the chunk that a PUT brings. Without a Content-Range it is the whole file.
func (c *call) chunk() (media.Chunk, error) {
	body, err := c.stream()
	if err != nil {
		return media.Chunk{}, err
	}
	length := c.r.ContentLength
	if c.r.Header.Get("Content-Encoding") != "" {
		length = media.Unknown
	}
	chunk := media.Chunk{Length: length, Total: length, Final: true, Body: body}
	if said := c.r.Header.Get("Content-Range"); said != "" {
		r, ok := parseContentRange(said)
		if !ok {
			return chunk, invalidUpload("content_range", "it must be like 'bytes 0-524287/2000000', 'bytes 0-524287/*' or 'bytes */2000000'")
		}
		if !r.query && length >= 0 && length != r.length {
			return chunk, invalidUpload("content_range", "it does not agree with the Content-Length")
		}
		chunk = media.Chunk{First: r.first, Length: r.length, Total: r.total, Body: body}
		if r.query {
			chunk.Body = nil
		}
	}
	chunk.Interrupt = c.interrupt
	return chunk, nil
}

// interrupt ends a Read of the body that is under way.
func (c *call) interrupt() {
	_ = http.NewResponseController(c.w).SetReadDeadline(time.Unix(1, 0))
}

// isCut says that a chunk ended before its end: what came of it counts.
func isCut(err error) bool {
	_, failed := errors.AsType[*media.Failure](err)
	return !failed && rbm.CodeOf(err) == rbm.CodeInvalidArgument
}

func uploadError(err error) error {
	if errors.Is(err, store.ErrNotFound) {
		return rbm.NotFound()
	}
	return media.Invalid("content_range", err)
}

// contentRange is a Content-Range of a request. A query has no bytes.
type contentRange struct {
	first, length, total int64 // total may be media.Unknown
	query                bool
}

// parseContentRange reads "bytes FIRST-LAST/TOTAL", where the range or the total may
// be "*".
func parseContentRange(s string) (r contentRange, ok bool) {
	s, ok = strings.CutPrefix(strings.TrimSpace(s), "bytes ")
	span, total, both := strings.Cut(s, "/")
	if !ok || !both {
		return r, false
	}
	r.total = media.Unknown
	if total != "*" {
		if r.total, ok = parseCount(total); !ok {
			return r, false
		}
	}
	if r.query = span == "*"; r.query {
		return r, true
	}
	from, to, both := strings.Cut(span, "-")
	first, ok1 := parseCount(from)
	last, ok2 := parseCount(to)
	r.first, r.length = first, last-first+1
	return r, both && ok1 && ok2 && last >= first && (r.total == media.Unknown || last < r.total)
}

// parseCount reads digits, of a number that can be added to.
func parseCount(s string) (int64, bool) {
	n, err := strconv.ParseUint(s, 10, 62)
	return int64(n), err == nil
}

// uploadStatus answers without a body, and says in headers how far the upload is.
func (c *call) uploadStatus(p media.Progress, status int) {
	h := c.w.Header()
	if p.File != nil {
		h.Set("X-Goog-Upload-Status", "final")
	} else {
		h.Set("X-Goog-Upload-Status", "active")
	}
	h.Set("X-Goog-Upload-Size-Received", strconv.FormatInt(p.Received, 10))
	h.Set("Content-Length", "0")
	c.status = status
	c.w.WriteHeader(status)
}

// cancelUpload ends an upload. 499 is Google's answer to that.
func (a *API) cancelUpload(c *call) (any, error) {
	if err := a.Media.Cancel(c.r.Context(), c.query.Get("upload_id")); err != nil {
		return nil, uploadError(err)
	}
	c.status = rbm.CodeCancelled.HTTPStatus()
	c.w.Header().Set("Content-Length", "0")
	c.w.WriteHeader(c.status)
	return answered{}, nil
}

// commandUpload does what X-Goog-Upload-Command says: upload, finalize, both, query
// or cancel.
func (a *API) commandUpload(c *call) (any, error) {
	id, h := c.params[0], c.w.Header()
	body, err := c.stream()
	if err != nil {
		return nil, err
	}
	chunk := media.Chunk{Length: c.r.ContentLength, Total: media.Unknown, Body: body, Interrupt: c.interrupt}
	switch command := strings.ReplaceAll(strings.ToLower(c.r.Header.Get("X-Goog-Upload-Command")), " ", ""); command {
	case "upload", "upload,finalize", "finalize":
		chunk.Final = command != "upload"
		ok := true
		if said := c.r.Header.Get("X-Goog-Upload-Offset"); said != "" || command == "upload" {
			chunk.First, ok = parseCount(said)
		}
		if !ok {
			return nil, invalidUpload("x_goog_upload_offset", "not a number of bytes")
		}
	case "query":
		chunk.Body = nil
	case "cancel":
		h.Set("X-Goog-Upload-Status", "cancelled")
		return nil, uploadError(a.Media.Cancel(c.r.Context(), id))
	default:
		return nil, invalidUpload("x_goog_upload_command", "the commands are upload, finalize, 'upload, finalize', query and cancel")
	}
	return a.advanceUpload(c, id, chunk)
}

func (a *API) advanceUpload(c *call, id string, chunk media.Chunk) (any, error) {
	p, err := a.Media.Resume(c.r.Context(), id, chunk)
	if err == nil && p.File == nil && chunk.Body != nil && chunk.First > p.Received {
		err = invalidUpload("x_goog_upload_offset", "the upload has "+strconv.FormatInt(p.Received, 10)+" bytes so far")
	}
	if err == nil && p.File == nil && chunk.Final {
		err = invalidUpload("x_goog_upload_command", "the upload is not complete")
	}
	if err != nil {
		return nil, uploadError(err)
	}
	if p.File != nil && chunk.Body != nil {
		c.w.Header().Set("X-Goog-Upload-Status", "final")
		return uploaded(p.File, nil)
	}
	c.uploadStatus(p, http.StatusOK)
	return answered{}, nil
}
