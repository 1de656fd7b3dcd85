package frame

import (
	"math"
	"net/url"
	"strings"
	"unicode/utf8"
)

// The limits of what a phone sends. Text is counted in Unicode code points, as
// facts/rbm-api.md §2 does; ids and the rest in bytes.
const (
	MaxFrameBytes = 64 << 10 // a whole frame
	MaxWindow     = 256
	DefaultWindow = 32
	MaxRefs       = 256 // messages named in one ack, read or withdrawn

	maxID         = 200 // as rbm.MaxMessageIDChars
	maxAgentID    = 100
	maxToken      = 512
	maxClient     = 128
	maxCarrier    = 64
	maxFeatures   = 64
	maxFeature    = 64
	maxText       = 3072 // facts/rbm-api.md §2.2, the same in both directions
	maxLabel      = 25   // facts/rbm-api.md §2.7
	maxPostback   = 2048 // facts/rbm-api.md §2.7
	maxURL        = 2048
	maxFileName   = 255
	maxMimeType   = 127       // RFC 6838 §4.2
	maxFileBytes  = 100 << 20 // facts/rbm-api.md §2.13
	maxServerSize = 1 << 20   // what a phone must be ready to receive
)

// MaxServerFrameBytes is the largest frame that the server sends: an
// agentMessage of 250 kB (facts/rbm-api.md §2.2) and its wrapping, with room.
const MaxServerFrameBytes = maxServerSize

func (f *Hello) check() *Error {
	switch {
	case f.Protocol != Protocol:
		return invalid("protocol %d is not spoken here: this server speaks %d", f.Protocol, Protocol)
	case f.PhoneNumber == "" || len(f.PhoneNumber) > 16:
		return invalid("phoneNumber must be a number in E.164 form")
	case f.Token == "" || len(f.Token) > maxToken:
		return invalid("token must have 1 to %d bytes", maxToken)
	case f.Window < 0 || f.Window > MaxWindow:
		return invalid("window must be 1 to %d", MaxWindow)
	case len(f.Client) > maxClient:
		return invalid("client must have at most %d bytes", maxClient)
	}
	return checkCapabilities(f.Features, f.Carrier)
}

func (f *Announce) check() *Error {
	if e := checkID("ref", f.Ref); e != nil {
		return e
	}
	return checkCapabilities(f.Features, f.Carrier)
}

func (f *Reports) check() *Error {
	if len(f.Messages) == 0 || len(f.Messages) > MaxRefs {
		return invalid("messages must name 1 to %d messages", MaxRefs)
	}
	for _, m := range f.Messages {
		if e := checkAgentID(m.AgentID); e != nil {
			return e
		}
		if e := checkID("messageId", m.MessageID); e != nil {
			return e
		}
	}
	return nil
}

func (f *UserEvent) check() *Error {
	switch f.EventType {
	case "IS_TYPING", "SUBSCRIBE", "UNSUBSCRIBE":
	default:
		return invalid("eventType must be IS_TYPING, SUBSCRIBE or UNSUBSCRIBE")
	}
	return firstError(checkID("ref", f.Ref), checkAgentID(f.AgentID), checkID("eventId", f.EventID))
}

func (f *UserMessage) check() *Error {
	e := firstError(checkID("ref", f.Ref), checkAgentID(f.AgentID), checkID("messageId", f.MessageID))
	if e != nil {
		return e
	}
	contents := 0
	for _, set := range []bool{f.Text != nil, f.SuggestionResponse != nil, f.Location != nil, f.UserFile != nil} {
		if set {
			contents++
		}
	}
	switch {
	case contents != 1:
		return invalid("exactly one of text, suggestionResponse, location and userFile must be set")
	case f.Text != nil:
		return checkChars("text", *f.Text, 1, maxText)
	case f.SuggestionResponse != nil:
		return f.SuggestionResponse.check()
	case f.Location != nil:
		return f.Location.check()
	}
	return f.UserFile.check()
}

func (r *SuggestionResponse) check() *Error {
	if r.Type != "REPLY" && r.Type != "ACTION" {
		return invalid("suggestionResponse.type must be REPLY or ACTION")
	}
	return firstError(
		checkChars("suggestionResponse.text", r.Text, 0, maxLabel),
		checkChars("suggestionResponse.postbackData", r.PostbackData, 0, maxPostback),
	)
}

func (l *Location) check() *Error {
	if !within(l.Latitude, 90) {
		return invalid("location.latitude must be -90 to 90 degrees")
	}
	if !within(l.Longitude, 180) {
		return invalid("location.longitude must be -180 to 180 degrees")
	}
	return nil
}

func within(degrees *float64, limit float64) bool {
	return degrees != nil && math.Abs(*degrees) <= limit
}

func (u *UserFile) check() *Error {
	if u.Payload == nil {
		return invalid("userFile.payload must be set")
	}
	if e := u.Payload.check("userFile.payload"); e != nil || u.Thumbnail == nil {
		return e
	}
	return u.Thumbnail.check("userFile.thumbnail")
}

func (i *FileInfo) check(path string) *Error {
	if kind, sub, ok := strings.Cut(i.MimeType, "/"); !ok || kind == "" || sub == "" || len(i.MimeType) > maxMimeType {
		return invalid("%s.mimeType must be a media type like image/jpeg", path)
	}
	if i.FileSizeBytes < 0 || i.FileSizeBytes > maxFileBytes {
		return invalid("%s.fileSizeBytes must be 0 to %d", path, maxFileBytes)
	}
	u, err := url.Parse(i.FileURI)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || len(i.FileURI) > maxURL {
		return invalid("%s.fileUri must be an http or https URL of at most %d bytes", path, maxURL)
	}
	if len(i.FileName) > maxFileName {
		return invalid("%s.fileName must have at most %d bytes", path, maxFileName)
	}
	return nil
}

func checkCapabilities(features []string, carrier string) *Error {
	if len(features) > maxFeatures {
		return invalid("features must have at most %d entries", maxFeatures)
	}
	for _, f := range features {
		if f == "" || len(f) > maxFeature {
			return invalid("a feature must have 1 to %d bytes", maxFeature)
		}
	}
	if len(carrier) > maxCarrier {
		return invalid("carrier must have at most %d bytes", maxCarrier)
	}
	return nil
}

// checkAgentID takes the local part of an agent's id (facts/rbm-api.md §0.1).
func checkAgentID(id string) *Error {
	ok := id != "" && len(id) <= maxAgentID
	for _, c := range []byte(id) {
		ok = ok && (c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '_' || c == '-' || c == '.')
	}
	if !ok {
		return invalid("agentId must be 1 to %d letters, digits, or _ - . (without @rbm.goog)", maxAgentID)
	}
	return nil
}

func checkID(path, id string) *Error {
	ok := id != "" && len(id) <= maxID
	for _, c := range []byte(id) {
		ok = ok && c > ' ' && c < 0x7f
	}
	if !ok {
		return invalid("%s must be 1 to %d visible ASCII characters", path, maxID)
	}
	return nil
}

func checkChars(path, s string, low, high int) *Error {
	if n := utf8.RuneCountInString(s); n < low || n > high {
		return invalid("%s must have %d to %d characters", path, low, high)
	}
	return nil
}

func firstError(errs ...*Error) *Error {
	for _, e := range errs {
		if e != nil {
			return e
		}
	}
	return nil
}
