package httpapi

import (
	"slices"
	"unicode/utf8"

	"github.com/openrbm/openrbm/internal/media"
	"github.com/openrbm/openrbm/rbm"
)

// checkJSON is what the platform thinks of a message that is not sent.
type checkJSON struct {
	// Error is what a send would be refused with, without regard to quotas; none: it
	// would be accepted.
	Error *rbm.ErrorEnvelope `json:"error,omitzero"`
	// Bytes is the size of the message as JSON, Characters those of its text, and
	// FileBytes the size of its files.
	Bytes      int   `json:"bytes"`
	Characters int   `json:"characters"`
	FileBytes  int64 `json:"fileBytes"`
	// Classification is that for a number of the United States.
	Classification rbm.RichMessageClassification `json:"classification"`
	// Features are what a phone must have to show it.
	Features []rbm.Feature `json:"features"`
	// Media are its files, as the phone would be told of them.
	Media []media.Attachment `json:"media"`
}

// checkAgentMessage says whether a message could be sent, with the agentId to
// the phoneNumber or, without those, to anybody; nothing is sent. Files that it
// names by URL are fetched and kept.
func (a *API) checkAgentMessage(c *call) (any, error) {
	body, err := c.body()
	if err != nil {
		return nil, err
	}
	v := &checkJSON{Bytes: len(body), Features: []rbm.Feature{}, Media: []media.Attachment{}}
	m, err := rbm.DecodeAgentMessage(body)
	if err == nil {
		v.describe(m)
		err = a.checkFor(c, m, v)
	}
	if err != nil {
		v.Error = rbm.AsError(err).Envelope(false)
	}
	return v, nil
}

func (v *checkJSON) describe(m *rbm.AgentMessage) {
	if m.ContentMessage == nil {
		return
	}
	v.Characters = utf8.RuneCountInString(m.ContentMessage.Text)
	v.Classification = rbm.Classify(m)
	for _, need := range rbm.RequiredFeatures(m) {
		v.Features = append(v.Features, need.Feature)
	}
}

// checkFor looks at the files of m whatever else is wrong with it: who writes a
// message wants to see them.
func (a *API) checkFor(c *call, m *rbm.AgentMessage, v *checkJSON) error {
	ctx, phone := c.r.Context(), c.query.Get("phoneNumber")
	c.allow(fetchPatience)
	features := slices.Clone(rbm.Features)
	if p, err := a.Registry.Phone(ctx, phone); err == nil {
		features = p.Features
	}
	list, bytes, wrongFiles := a.Media.Resolve(ctx, m, features)
	v.FileBytes = bytes
	if list != nil {
		v.Media = list
	}
	if err := m.Validate(a.Clock.Now()); err != nil {
		return err
	}
	if id := c.query.Get("agentId"); id != "" && phone != "" {
		agent, err := a.Registry.Agent(id)
		if err == nil {
			err = checkPhone("parent", phone)
		}
		if err == nil {
			err = a.checkMessage(ctx, agent, phone, m)
		}
		if err != nil {
			return err
		}
	}
	return wrongFiles
}

// resolveMedia keeps the picture at a URL as the platform keeps the files of
// messages, and says where it is: {} if it cannot be had. Browsers are not to
// call other hosts for the logo of an agent.
func (a *API) resolveMedia(c *call) (any, error) {
	in, err := decode[struct {
		URL string `json:"url"`
	}](c)
	if err != nil {
		return nil, err
	}
	m := &rbm.AgentMessage{ContentMessage: &rbm.AgentContentMessage{ContentInfo: &rbm.ContentInfo{FileURL: in.URL}}}
	c.allow(fetchPatience)
	list, _, err := a.Media.Resolve(c.r.Context(), m, rbm.Features)
	if err != nil || len(list) == 0 {
		return nil, err
	}
	return &list[0], nil
}
