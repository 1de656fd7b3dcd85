package rbm

import "time"

// AgentMessage is a message from an agent to a user (facts/rbm-api.md §2.1).
//
// Name, SendTime, RichMessageClassification, TotalPayloadSizeBytes and Carrier
// are set by the platform and ignored on input. Of ExpireTime and TTL at most
// one may be given; TTL is never output, ExpireTime takes its place.
type AgentMessage struct {
	Name                      string                     `json:"name,omitzero" rbm:"out"` // phones/{E.164}/agentMessages/{messageId}
	SendTime                  Timestamp                  `json:"sendTime,omitzero" rbm:"out"`
	ContentMessage            *AgentContentMessage       `json:"contentMessage,omitzero"`
	MessageTrafficType        MessageTrafficType         `json:"messageTrafficType,omitzero"`
	RichMessageClassification *RichMessageClassification `json:"richMessageClassification,omitzero" rbm:"out"`    // US numbers only
	TotalPayloadSizeBytes     int64                      `json:"totalPayloadSizeBytes,omitzero,string" rbm:"out"` // bytes of all attachments; US numbers only
	Carrier                   string                     `json:"carrier,omitzero" rbm:"out"`                      // US numbers only
	ExpireTime                *Timestamp                 `json:"expireTime,omitzero" rbm:"oneof=expiration"`
	TTL                       *Duration                  `json:"ttl,omitzero" rbm:"oneof=expiration"`
}

// AgentContentMessage is what the user sees: exactly one of Text, FileName,
// RichCard, ContentInfo and UploadedRbmFile, and a list of at most
// [MaxSuggestions] chips (facts/rbm-api.md §2.2). An empty text counts as not set.
type AgentContentMessage struct {
	Text            string           `json:"text,omitzero" rbm:"oneof=content"`     // at most MaxTextChars characters
	FileName        string           `json:"fileName,omitzero" rbm:"oneof=content"` // deprecated, "files/…"
	RichCard        *RichCard        `json:"richCard,omitzero" rbm:"oneof=content"`
	Suggestions     []Suggestion     `json:"suggestions,omitempty"`
	ContentInfo     *ContentInfo     `json:"contentInfo,omitzero" rbm:"oneof=content"`
	UploadedRbmFile *UploadedRbmFile `json:"uploadedRbmFile,omitzero" rbm:"oneof=content"`
}

// UploadedRbmFile names a file, and its thumbnail, that were uploaded to the
// platform; both names as files.create returned them (facts/rbm-api.md §2.3).
type UploadedRbmFile struct {
	FileName      string `json:"fileName,omitzero"`
	ThumbnailName string `json:"thumbnailName,omitzero"`
}

// ContentInfo is a file that the platform fetches by URL, without following
// redirects (facts/rbm-api.md §2.3). ForceRefresh fetches again what is cached.
type ContentInfo struct {
	FileURL      string `json:"fileUrl,omitzero"`
	ThumbnailURL string `json:"thumbnailUrl,omitzero"`
	ForceRefresh bool   `json:"forceRefresh,omitzero"`
}

// Expiry is the moment at which an undelivered message is to be revoked; ok is
// false when the message asks for none (facts/rbm-api.md §2.10).
func (m *AgentMessage) Expiry(sendTime time.Time) (at time.Time, ok bool) {
	switch {
	case m.ExpireTime != nil:
		return m.ExpireTime.Time(), true
	case m.TTL != nil:
		return sendTime.Add(time.Duration(*m.TTL)), true
	}
	return time.Time{}, false
}

func (m *AgentMessage) expiration() [2]member {
	return [...]member{{"expireTime", m.ExpireTime != nil}, {"ttl", m.TTL != nil}}
}

func (c *AgentContentMessage) content() [5]member {
	return [...]member{
		{"text", c.Text != ""},
		{"fileName", c.FileName != ""},
		{"richCard", c.RichCard != nil},
		{"contentInfo", c.ContentInfo != nil},
		{"uploadedRbmFile", c.UploadedRbmFile != nil},
	}
}

// settle drops what the platform sets itself, and reports whether the message
// is in canonical form; if not, the slow reading has to say what is wrong.
func (m *AgentMessage) settle() bool {
	m.Name, m.SendTime, m.RichMessageClassification = "", Timestamp{}, nil
	m.TotalPayloadSizeBytes, m.Carrier = 0, ""
	x := m.expiration()
	ok := trafficTypes.has(m.MessageTrafficType) && atMostOne(x[:])
	if c := m.ContentMessage; c != nil {
		x := c.content()
		ok = ok && atMostOne(x[:]) && c.RichCard.canonical()
	}
	for _, card := range m.cards() {
		ok = ok && card.Media.canonical()
	}
	for _, list := range m.suggestionLists() {
		for i := range list {
			ok = ok && list[i].canonical()
		}
	}
	return ok
}

// member is one alternative of a proto oneof.
type member struct {
	name string
	set  bool
}

func atMostOne(union []member) bool {
	n := 0
	for _, m := range union {
		if m.set {
			n++
		}
	}
	return n <= 1
}
