package httpapi

import (
	"mime"
	"net/http"
	"strings"

	"github.com/openrbm/openrbm/internal/front"
	"github.com/openrbm/openrbm/internal/media"
	"github.com/openrbm/openrbm/rbm"
)

// maxFileName is the longest name of a user's file, in bytes.
const maxFileName = 255

// uploadUserFile takes a file from a phone and answers with the userFile that the
// phone can send (docs/device-protocol.md, "Files").
func (a *API) uploadUserFile(c *call) (any, error) {
	ctx, h := c.r.Context(), c.r.Header
	number := h.Get("X-Phone-Number")
	if number == "" {
		number = c.query.Get("phoneNumber")
	}
	token, _ := strings.CutPrefix(h.Get("Authorization"), "Bearer ")
	if err := a.admitPhone(c.r, number, token); err != nil {
		return nil, err
	}
	t, _, err := mime.ParseMediaType(h.Get("Content-Type"))
	if err != nil || !strings.Contains(t, "/") {
		return nil, invalidUpload("content_type", "missing or malformed")
	}
	name := c.query.Get("fileName")
	if len(name) > maxFileName || strings.ContainsFunc(name, func(r rune) bool { return r < ' ' }) {
		return nil, invalidUpload("file_name", "at most 255 bytes, without control characters")
	}
	body, err := c.stream()
	if err != nil {
		return nil, err
	}
	file, err := a.Media.Create(ctx, body, media.MaxFile, media.Details{MimeType: t, Title: strings.ToValidUTF8(name, ""), Owner: number})
	if err != nil {
		return nil, media.Invalid("file", err)
	}
	return &rbm.UserFile{Payload: a.fileInfo(file), Thumbnail: a.fileInfo(file.Thumb)}, nil
}

// admitPhone checks a device token, as the gateway does.
func (a *API) admitPhone(r *http.Request, number, token string) error {
	from := a.Logins.Client(r)
	if err := a.Logins.Blocked(front.PhoneDoor, from, number); err != nil {
		return err
	}
	err := a.Registry.Authenticate(r.Context(), number, token)
	if rbm.CodeOf(err) == rbm.CodeUnauthenticated {
		a.Logins.Failed(front.PhoneDoor, from, number)
	}
	return err
}

// fileInfo is a file as agents are told of it (facts/rbm-api.md §3.5).
func (a *API) fileInfo(f *media.File) *rbm.FileInfo {
	if f == nil {
		return nil
	}
	return &rbm.FileInfo{MimeType: f.MimeType, FileSizeBytes: int32(f.Size), FileURI: a.Media.URL(f.Name), FileName: f.Title}
}
