package media

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/openrbm/openrbm/internal/store"
	"github.com/openrbm/openrbm/rbm"
)

// Attachment is a file of a message as its phone is told of it
// (docs/device-protocol.md, "Media"). URLs are references relative to the server.
type Attachment struct {
	// Path is the place in contentMessage that has the file, such as
	// "richCard.standaloneCard.cardContent.media".
	Path              string `json:"path"`
	MimeType          string `json:"mimeType"`
	SizeBytes         int64  `json:"sizeBytes"`
	URL               string `json:"url"`
	FileName          string `json:"fileName,omitzero"`
	ThumbnailURL      string `json:"thumbnailUrl,omitzero"`
	ThumbnailMimeType string `json:"thumbnailMimeType,omitzero"`
}

// mention is a place in a message that has a file.
type mention struct {
	path     string // as Attachment.Path
	card     bool
	name     string // the deprecated fileName
	info     *rbm.ContentInfo
	uploaded *rbm.UploadedRbmFile
}

// found is what a mention stands for.
type found struct {
	file, thumb *File
	wrong       []rbm.Violation
	err         error
}

// Mentions says whether m has files.
func Mentions(m *rbm.AgentMessage) bool { return len(mentions(m)) > 0 }

func mentions(m *rbm.AgentMessage) (list []mention) {
	c := m.ContentMessage
	if c == nil {
		return nil
	}
	add := func(at mention) {
		if at.name != "" || at.info != nil || at.uploaded != nil {
			list = append(list, at)
		}
	}
	switch {
	case c.ContentInfo != nil:
		add(mention{path: "contentInfo", info: c.ContentInfo})
	case c.UploadedRbmFile != nil:
		add(mention{path: "uploadedRbmFile", uploaded: c.UploadedRbmFile})
	case c.FileName != "":
		add(mention{path: "fileName", name: c.FileName})
	case c.RichCard != nil:
		for path, card := range cards(c.RichCard) {
			if x := card.Media; x != nil {
				add(mention{path: path + ".media", card: true, name: x.FileName, info: x.ContentInfo, uploaded: x.UploadedRbmFile})
			}
		}
	}
	return list
}

// field is the place as errors name it.
func (at *mention) field() string { return "agent_message.content_message." + snake(at.path) }

// inner is the reference at the place, as errors name it.
func (at *mention) inner() string {
	switch {
	case !at.card:
		return at.field()
	case at.info != nil: // at.path is the media, which has the reference as a member
		return at.field() + ".content_info"
	}
	return at.field() + ".uploaded_rbm_file"
}

// cards yields the cards with their paths.
func cards(r *rbm.RichCard) func(yield func(string, *rbm.CardContent) bool) {
	return func(yield func(string, *rbm.CardContent) bool) {
		if s := r.StandaloneCard; s != nil && s.CardContent != nil && !yield("richCard.standaloneCard.cardContent", s.CardContent) {
			return
		}
		if r.CarouselCard == nil {
			return
		}
		for i := range r.CarouselCard.CardContents {
			if !yield(fmt.Sprintf("richCard.carouselCard.cardContents[%d]", i), &r.CarouselCard.CardContents[i]) {
				return
			}
		}
	}
}

// snake is a path in the spelling of errors.
func snake(path string) string {
	var b strings.Builder
	for _, c := range path {
		if c >= 'A' && c <= 'Z' {
			b.WriteByte('_')
			c += 'a' - 'A'
		}
		b.WriteRune(c)
	}
	return b.String()
}

// Resolve finds the files that a valid message has, and fetches those that it names
// by URL. It returns them as the phone is told of them, and how many bytes they
// have. What is wrong with them is INVALID_ARGUMENT, naming every field (facts/rbm-api.md
// §2.3, §2.6, §6.2); features are those of the phone.
func (f *Files) Resolve(ctx context.Context, m *rbm.AgentMessage, features []rbm.Feature) (list []Attachment, bytes int64, err error) {
	all := mentions(m)
	results := make([]found, len(all))
	var wg sync.WaitGroup
	for i := range all {
		if f.knows(&all[i]) {
			results[i] = f.find(ctx, &all[i])
		} else {
			wg.Go(func() { results[i] = f.find(ctx, &all[i]) })
		}
	}
	wg.Wait()
	var wrong []rbm.Violation
	for i := range all {
		at, r := &all[i], &results[i]
		if r.err != nil {
			return nil, 0, r.err
		}
		wrong = append(wrong, r.wrong...)
		if r.file == nil {
			continue
		}
		wrong = append(wrong, suits(at, r.file, features)...)
		bytes += r.file.Size
		list = append(list, r.attachment(at.path))
	}
	if bytes > MaxFile {
		wrong = append(wrong, rbm.Violation{Field: "agent_message", Description: fmt.Sprintf(
			"Invalid value at 'agent_message': its files have %d bytes together, at most %d are allowed.", bytes, MaxFile)})
	}
	if len(wrong) > 0 {
		return nil, 0, rbm.InvalidArgument(wrong...)
	}
	return list, bytes, nil
}

// Ready says that Resolve will find the files of m without fetching anything.
func (f *Files) Ready(m *rbm.AgentMessage) bool {
	for _, at := range mentions(m) {
		if !f.knows(&at) {
			return false
		}
	}
	return true
}

// knows says that what is at its URLs is known, if it has any.
func (f *Files) knows(at *mention) bool {
	if at.info == nil {
		return true
	}
	known := func(address string, u use) bool {
		_, ok := f.known.get(source{u.name, address}, f.clock.Now())
		return ok
	}
	return !at.info.ForceRefresh && known(at.info.FileURL, asContent) &&
		(at.info.ThumbnailURL == "" || known(at.info.ThumbnailURL, asThumbnail))
}

// suits says why a file cannot stand where it does (facts/rbm-api.md §2.6).
func suits(at *mention, file *File, features []rbm.Feature) []rbm.Violation {
	why := ""
	switch {
	case !at.card:
	case kinds[file.MimeType] == audio:
		why = "audio is not allowed in rich cards"
	case file.MimeType == pdf && !slices.Contains(features, rbm.FeaturePDFInRichCards):
		why = "the user's device does not support the feature PDF_IN_RICH_CARDS"
	}
	if why == "" {
		return nil
	}
	return []rbm.Violation{{Field: at.field(), Description: "Invalid value at '" + at.field() + "': " + why + "."}}
}

func (r *found) attachment(path string) Attachment {
	a := Attachment{Path: path, MimeType: r.file.MimeType, SizeBytes: r.file.Size, URL: Path + r.file.Name, FileName: r.file.Title}
	if r.thumb == nil {
		r.thumb = r.file.Thumb
	}
	if r.thumb != nil {
		a.ThumbnailURL, a.ThumbnailMimeType = Path+r.thumb.Name, r.thumb.MimeType
	}
	return a
}

// find finds the file of one mention and its thumbnail.
func (f *Files) find(ctx context.Context, at *mention) (r found) {
	switch {
	case at.info != nil:
		r.file = r.fetched(f, ctx, at, "file_url", at.info.FileURL, asContent)
		if at.info.ThumbnailURL != "" {
			r.thumb = r.fetched(f, ctx, at, "thumbnail_url", at.info.ThumbnailURL, asThumbnail)
		}
	case at.uploaded != nil:
		r.file = r.named(f, ctx, at.inner()+".file_name", at.uploaded.FileName, false)
		if at.uploaded.ThumbnailName != "" {
			r.thumb = r.named(f, ctx, at.inner()+".thumbnail_name", at.uploaded.ThumbnailName, true)
		}
	case at.card:
		r.file = r.named(f, ctx, at.field()+".file_name", at.name, false)
	default:
		r.file = r.named(f, ctx, at.field(), at.name, false)
	}
	return r
}

// fetched is the file at a URL, or nil.
func (r *found) fetched(f *Files, ctx context.Context, at *mention, member, address string, u use) *File {
	file, err := f.at(ctx, address, u, at.info.ForceRefresh)
	if err == nil {
		return file
	}
	if v, ok := violation(at.inner()+"."+member, err); ok {
		if !f.opts.Lenient {
			r.wrong = append(r.wrong, v)
		}
		return nil
	}
	r.err = errors.Join(r.err, err)
	return file
}

// named is the uploaded file of that name, or nil.
func (r *found) named(f *Files, ctx context.Context, field, name string, thumbnail bool) *File {
	file, err := f.File(ctx, strings.TrimPrefix(name, "files/"))
	switch {
	case errors.Is(err, store.ErrNotFound):
		err = fail("there is no file %q, or no longer", name)
	case err == nil && thumbnail && kinds[file.MimeType] != image:
		err = fail("a thumbnail must be an image (JPEG, PNG, GIF), not %q", file.MimeType)
	case err == nil && thumbnail && file.Size > MaxThumbnail:
		err = errTooLarge(MaxThumbnail)
	case err == nil && kinds[file.MimeType] == 0:
		err = fail("the type %q is not supported", file.MimeType) // a user sent it
	}
	if v, ok := violation(field, err); ok {
		r.wrong = append(r.wrong, v)
		return nil
	}
	r.err = errors.Join(r.err, err)
	return file
}

// FetchUpload keeps what is at address as an uploaded file: one redirect is followed
// (facts/rbm-api.md §1.9).
func (f *Files) FetchUpload(ctx context.Context, address string, d Details) (*File, error) {
	return f.fetch(ctx, address, asUpload, d)
}

// FetchThumbnail keeps what is at address as a thumbnail to be.
func (f *Files) FetchThumbnail(ctx context.Context, address string, d Details) (*File, error) {
	u := asThumbnail
	u.redirects = asUpload.redirects
	return f.fetch(ctx, address, u, d)
}
