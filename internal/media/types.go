package media

import (
	"mime"
	"strings"
)

// kind is what a MIME type is of.
type kind uint8

const (
	image kind = iota + 1
	audio
	video
	document
)

// pdf is the type that cards may have only on some phones.
const pdf = "application/pdf"

// kinds are the types that agents may send (facts/rbm-api.md §6.1).
var kinds = map[string]kind{
	"image/jpeg": image, "image/jpg": image, "image/gif": image, "image/png": image,

	"audio/aac": audio, "audio/mp3": audio, "audio/mpeg": audio, "audio/mpg": audio, "audio/mp4": audio,
	"audio/mp4-latm": audio, "audio/3gpp": audio, "application/ogg": audio, "audio/ogg": audio,

	"video/h263": video, "video/m4v": video, "video/mp4": video, "video/mpeg": video, "video/mpeg4": video, "video/webm": video,

	pdf: document,
}

// mimeType is the type in a Content-Type header, without its parameters; "" if
// there is none.
func mimeType(header string) string {
	t, _, err := mime.ParseMediaType(header)
	if err != nil || !strings.Contains(t, "/") {
		return ""
	}
	return t
}

// Allowed is the type of a Content-Type header that an agent may send; the
// failure says why it is none (facts/rbm-api.md §6.1).
func Allowed(header string) (string, error) {
	t := mimeType(header)
	switch {
	case t == "":
		return "", fail("the Content-Type is missing or malformed")
	case kinds[t] == 0:
		return "", fail("the type %q is not supported: send an image (JPEG, PNG, GIF), audio, video or PDF", t)
	}
	return t, nil
}

// thumbnailType is Allowed for thumbnails.
func thumbnailType(header string) (string, error) {
	t, err := Allowed(header)
	if err == nil && kinds[t] != image {
		return "", fail("a thumbnail must be an image (JPEG, PNG, GIF), not %q", t)
	}
	return t, err
}
