package httpapi

import (
	"compress/gzip"
	"context"
	"encoding/base64"
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"strings"
	"time"

	"github.com/openrbm/openrbm/internal/engine"
	"github.com/openrbm/openrbm/internal/media"
	"github.com/openrbm/openrbm/internal/registry"
	"github.com/openrbm/openrbm/rbm"
)

// A client that uploads may be silent for uploadPatience, and slower than
// uploadSlowest, in bytes a second, for as long: whoever trickles holds a
// connection, and is not meant to hold it for days.
const (
	uploadPatience = time.Minute
	uploadSlowest  = 1 << 10
)

// fetchPatience is how long an answer may take that waits for a URL.
const fetchPatience = 3 * time.Minute

// createFile is files.create by URL (facts/rbm-api.md §1.9).
func (a *API) createFile(c *call) (any, error) {
	in, d, err := a.fileRequest(c)
	if err != nil {
		return nil, err
	}
	if in.FileURL == "" {
		return nil, rbm.InvalidArgument(rbm.Violation{Field: "file_url", Description: "Invalid value at 'file_url': required; the bytes of a file are sent to " + uploadPath + "."})
	}
	file, err := a.Media.FetchUpload(c.r.Context(), in.FileURL, d)
	return uploaded(file, media.Invalid("file_url", err))
}

// uploadFile is files.create with the file's bytes, in one of three protocols
// (facts/rbm-api.md §1.9).
func (a *API) uploadFile(c *call) (any, error) {
	switch p, err := c.uploadProtocol(); {
	case err != nil:
		return nil, err
	case p == "resumable":
		return a.beginUpload(c)
	case p == "multipart":
		return a.uploadParts(c)
	}
	agent, err := a.agentOf(c)
	if err != nil {
		return nil, err
	}
	body, err := c.stream()
	if err != nil {
		return nil, err
	}
	return a.keepFile(c, body, c.r.Header.Get("Content-Type"), media.Details{Owner: agent.ID})
}

// uploadProtocol is how the bytes come: "resumable", "multipart" or "media".
func (c *call) uploadProtocol() (string, error) {
	for _, said := range []string{c.systemValue("uploadType"), c.systemValue("upload_protocol"), c.r.Header.Get("X-Goog-Upload-Protocol")} {
		switch strings.ToLower(said) {
		case "":
		case "media", "raw":
			return "media", nil
		case "multipart", "resumable":
			return strings.ToLower(said), nil
		default:
			return "", rbm.InvalidArgument(rbm.Violation{Field: "upload_protocol", Description: "Invalid value at 'upload_protocol': " +
				"the protocols are media (raw), multipart and resumable."})
		}
	}
	if t, _, _ := mime.ParseMediaType(c.r.Header.Get("Content-Type")); t == "multipart/related" {
		return "multipart", nil
	}
	return "media", nil
}

// fileRequest reads a CreateFileRequest from the body, and what it says of the
// file; the thumbnail that it names is fetched.
func (a *API) fileRequest(c *call) (*rbm.CreateFileRequest, media.Details, error) {
	body, err := c.body()
	if err != nil {
		return nil, media.Details{}, err
	}
	return a.fileDetails(c, body)
}

func (a *API) fileDetails(c *call, body []byte) (in *rbm.CreateFileRequest, d media.Details, err error) {
	if in, err = rbm.Decode[rbm.CreateFileRequest](body, ""); err != nil {
		return nil, d, err
	}
	agent, err := a.agentNamed(c, in.AgentID)
	if err != nil {
		return nil, d, err
	}
	d.Owner, d.Alt = agent.ID, in.ContentDescription
	if in.ThumbnailURL != "" {
		c.allow(fetchPatience)
		d.Thumb, err = a.Media.FetchThumbnail(c.r.Context(), in.ThumbnailURL, media.Details{Owner: agent.ID})
	}
	c.allow(fetchPatience)
	return in, d, media.Invalid("thumbnail_url", err)
}

// uploadParts takes a multipart/related body: the metadata as JSON, then the file.
func (a *API) uploadParts(c *call) (any, error) {
	body, err := c.stream()
	if err != nil {
		return nil, err
	}
	parts, err := newParts(body, c.r.Header.Get("Content-Type"))
	if err != nil {
		return nil, err
	}
	metadata, _, err := parts.next()
	if err != nil {
		return nil, err
	}
	b, err := readAll(metadata, 0)
	if err == nil && len(b) > maxBody {
		err = badParts("the metadata is too long")
	}
	if err != nil {
		return nil, err
	}
	_, d, err := a.fileDetails(c, b)
	if err != nil {
		return nil, err
	}
	content, contentType, err := parts.next()
	if err != nil {
		return nil, err
	}
	return a.keepFile(c, content, contentType, d)
}

func (a *API) keepFile(c *call, r io.Reader, contentType string, d media.Details) (any, error) {
	var err error
	if d.MimeType, err = media.Allowed(contentType); err != nil {
		return nil, media.Invalid("content_type", err)
	}
	file, err := a.Media.Create(c.r.Context(), r, media.MaxFile, d)
	return uploaded(file, media.Invalid("file", err))
}

// uploaded is the answer of files.create.
func uploaded(file *media.File, err error) (any, error) {
	if err != nil {
		return nil, err
	}
	return &rbm.File{Name: "files/" + file.Name}, nil
}

// parts reads a multipart/related body.
type parts struct{ r *multipart.Reader }

func badParts(why string) error {
	return rbm.Errorf(rbm.CodeInvalidArgument, "The multipart body is malformed: %s. It must be multipart/related with two parts: JSON metadata, then the file.", why)
}

func newParts(r io.Reader, contentType string) (parts, error) {
	t, params, err := mime.ParseMediaType(contentType)
	if err != nil || t != "multipart/related" || params["boundary"] == "" {
		return parts{}, badParts("the Content-Type is not multipart/related with a boundary")
	}
	return parts{multipart.NewReader(r, params["boundary"])}, nil
}

// next is the content of the next part, decoded, and its Content-Type.
func (p parts) next() (io.Reader, string, error) {
	part, err := p.r.NextRawPart()
	if err == io.EOF {
		return nil, "", badParts("a part is missing")
	}
	if typed, ok := errors.AsType[*rbm.Error](err); ok {
		return nil, "", typed
	}
	if err != nil {
		return nil, "", badParts("a part cannot be read")
	}
	var r io.Reader = partReader{part}
	if strings.EqualFold(part.Header.Get("Content-Transfer-Encoding"), "base64") {
		r = partReader{base64.NewDecoder(base64.StdEncoding, r)}
	}
	r, err = unpack(r, part.Header.Get("Content-Encoding"))
	return r, part.Header.Get("Content-Type"), err
}

// partReader makes errors of the caller's of those of a damaged part.
type partReader struct{ r io.Reader }

func (p partReader) Read(b []byte) (int, error) {
	n, err := p.r.Read(b)
	if _, typed := errors.AsType[*rbm.Error](err); err != nil && err != io.EOF && !typed {
		err = badParts("a part is cut short or damaged")
	}
	return n, err
}

// unpack undoes a Content-Encoding.
func unpack(r io.Reader, coding string) (io.Reader, error) {
	switch strings.ToLower(coding) {
	case "", "identity":
		return r, nil
	case "gzip", "x-gzip":
		unpacked, err := gzip.NewReader(r)
		if err != nil {
			return nil, rbm.Errorf(rbm.CodeInvalidArgument, "The request body is not valid gzip.")
		}
		return patient{r: unpacked}, nil
	}
	return nil, rbm.Errorf(rbm.CodeInvalidArgument, "The Content-Encoding %q is not supported: use gzip.", coding)
}

// stream is the request's body, unpacked, for content that is read as it comes:
// the client may be slow, and not silent.
func (c *call) stream() (io.Reader, error) {
	return unpack(patient{r: c.r.Body, allow: c.allow, pace: &pace{begin: time.Now()}}, c.r.Header.Get("Content-Encoding"))
}

// allow gives the call that much time from now, whatever the listener's bounds.
func (c *call) allow(d time.Duration) {
	control := http.NewResponseController(c.w)
	// A test's recorder has no bounds to move.
	_ = control.SetReadDeadline(time.Now().Add(d))
	_ = control.SetWriteDeadline(time.Now().Add(2 * d))
}

// patient gives every Read its time, and makes errors of the caller's of its errors.
type patient struct {
	r     io.Reader
	allow func(time.Duration)
	pace  *pace
}

// pace is how fast a body comes.
type pace struct {
	begin time.Time
	bytes int64
}

// left is how long the client may be silent now.
func (p *pace) left(now time.Time) time.Duration {
	fair := 2*uploadPatience + time.Duration(p.bytes/uploadSlowest)*time.Second - now.Sub(p.begin)
	return min(uploadPatience, fair)
}

func (p patient) Read(b []byte) (int, error) {
	if p.allow != nil {
		p.allow(p.pace.left(time.Now()))
	}
	n, err := p.r.Read(b)
	if p.pace != nil {
		p.pace.bytes += int64(n)
	}
	if _, typed := errors.AsType[*rbm.Error](err); err != nil && err != io.EOF && !typed {
		err = rbm.Errorf(rbm.CodeInvalidArgument, "The request body could not be read: it is cut short or damaged.")
	}
	return n, err
}

// acceptFiles accepts a message with files: what it names by URL is fetched first,
// unless the message was sent before.
func (a *API) acceptFiles(c *call, agent *registry.Agent, ref engine.Ref, phone string, m *rbm.AgentMessage) (any, error) {
	ctx := c.r.Context()
	if !a.Media.Ready(m) {
		if before, repeated := a.Engine.EarlierMessage(ctx, ref); repeated {
			return c.accepted(before, nil)
		}
		c.allow(fetchPatience)
	}
	told, err := a.resolve(ctx, phone, m)
	if err != nil {
		before, repeated := a.Engine.EarlierMessage(ctx, ref)
		return c.unless(before, repeated, err)
	}
	return a.acceptCounted(c, agent, ref, phone, m, func() (*engine.Accepted, error) {
		return a.Engine.AcceptMedia(ctx, ref, phone, m, told)
	})
}

// resolve finds the files of m and returns what the phone is to be told of them.
func (a *API) resolve(ctx context.Context, phone string, m *rbm.AgentMessage) (told []byte, err error) {
	p, err := a.Registry.Phone(ctx, phone)
	if err != nil {
		return nil, err
	}
	list, bytes, err := a.Media.Resolve(ctx, m, p.Features)
	if err != nil || len(list) == 0 {
		return nil, err
	}
	if p.US {
		m.TotalPayloadSizeBytes = bytes // facts/rbm-api.md §2.12
	}
	return rbm.Marshal(list)
}
