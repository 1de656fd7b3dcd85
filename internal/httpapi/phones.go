package httpapi

import (
	"cmp"
	"strconv"

	"github.com/openrbm/openrbm/internal/registry"
	"github.com/openrbm/openrbm/rbm"
)

// phoneJSON is a phone as the admin API shows it.
type phoneJSON struct {
	PhoneNumber  string        `json:"phoneNumber"`
	RCSEnabled   bool          `json:"rcsEnabled"`
	Features     []rbm.Feature `json:"features"`
	Carrier      string        `json:"carrier,omitzero"`
	Online       bool          `json:"online"`
	Queued       int           `json:"queued"` // at most maxPending
	LastSeenTime rbm.Timestamp `json:"lastSeenTime"`
	CreateTime   rbm.Timestamp `json:"createTime"`
	DeviceToken  string        `json:"deviceToken,omitzero"` // only in the answer that makes it
}

// phonePatch is the body of a create or a change: what is given counts.
type phonePatch struct {
	PhoneNumber  *string        `json:"phoneNumber"`
	RCSEnabled   *bool          `json:"rcsEnabled"`
	Features     *[]rbm.Feature `json:"features"`
	Carrier      *string        `json:"carrier"`
	Online       *bool          `json:"online"`       // this and the next: output only, ignored
	Queued       *int           `json:"queued"`       //
	LastSeenTime *rbm.Timestamp `json:"lastSeenTime"` //
	CreateTime   *rbm.Timestamp `json:"createTime"`   //
	DeviceToken  *string        `json:"deviceToken"`  //
}

func (p *phonePatch) apply(phone *registry.Phone) {
	set(&phone.RCSEnabled, p.RCSEnabled)
	set(&phone.Features, p.Features)
	set(&phone.Carrier, p.Carrier)
}

func (a *API) showPhone(c *call, p *registry.Phone) (*phoneJSON, error) {
	queued, err := a.Ledger.CountMailbox(c.r.Context(), p.Number, maxPending)
	if err != nil {
		return nil, err
	}
	return &phoneJSON{
		PhoneNumber: p.Number, RCSEnabled: p.RCSEnabled, Features: p.Features, Carrier: p.Carrier,
		Online: a.Engine.IsOnline(p.Number), Queued: queued,
		LastSeenTime: rbm.Timestamp(p.LastSeen), CreateTime: rbm.Timestamp(p.CreateTime),
	}, nil
}

// Pages of lists.
const (
	defaultPage = 100
	maxPage     = 1000
)

// pageSize is how long the page is that the query asks for.
func pageSize(c *call) (int, error) {
	v := c.query.Get("pageSize")
	if v == "" {
		return defaultPage, nil
	}
	n, err := strconv.Atoi(v)
	if err != nil || n < 0 {
		return 0, rbm.InvalidArgument(rbm.Violation{Field: "page_size", Description: "The pageSize must be a number from 0 to 1000."})
	}
	if n == 0 {
		n = defaultPage
	}
	return min(n, maxPage), nil
}

func (a *API) listPhones(c *call) (any, error) {
	size, err := pageSize(c)
	if err != nil {
		return nil, err
	}
	phones, err := a.Registry.Phones(c.r.Context(), c.query.Get("pageToken"), size+1)
	if err != nil {
		return nil, err
	}
	list := struct {
		Phones        []*phoneJSON `json:"phones"`
		NextPageToken string       `json:"nextPageToken,omitzero"`
	}{Phones: []*phoneJSON{}}
	for _, p := range phones {
		if len(list.Phones) == size {
			list.NextPageToken = list.Phones[size-1].PhoneNumber
			break
		}
		shown, err := a.showPhone(c, p)
		if err != nil {
			return nil, err
		}
		list.Phones = append(list.Phones, shown)
	}
	return list, nil
}

// createPhone adds a phone. What is not said of it is that it has RCS and can
// do everything.
func (a *API) createPhone(c *call) (any, error) {
	in, err := decode[phonePatch](c)
	if err != nil {
		return nil, err
	}
	p := registry.Phone{RCSEnabled: true, Features: rbm.Features}
	set(&p.Number, in.PhoneNumber)
	in.apply(&p)
	if erasing, err := a.Ledger.Erasing(c.r.Context(), p.Number); err != nil || erasing {
		return nil, cmp.Or(err, error(rbm.Errorf(rbm.CodeFailedPrecondition, "What is kept of this number is being erased: try again in some minutes.")))
	}
	made, token, err := a.Registry.CreatePhone(c.r.Context(), p)
	if err != nil {
		return nil, err
	}
	shown, err := a.showPhone(c, made)
	if err != nil {
		return nil, err
	}
	shown.DeviceToken = token
	return shown, nil
}

func (a *API) getPhone(c *call) (any, error) {
	p, err := a.Registry.Phone(c.r.Context(), c.params[0])
	if err != nil {
		return nil, err
	}
	return a.showPhone(c, p)
}

func (a *API) patchPhone(c *call) (any, error) {
	in, err := decode[phonePatch](c)
	if err != nil {
		return nil, err
	}
	p, err := a.Registry.UpdatePhone(c.r.Context(), c.params[0], in.apply)
	if err != nil {
		return nil, err
	}
	return a.showPhone(c, p)
}

// deletePhone removes a phone and takes it offline.
func (a *API) deletePhone(c *call) (any, error) {
	err := a.Registry.DeletePhone(c.r.Context(), c.params[0])
	if err == nil {
		a.Disconnect(c.params[0])
	}
	return nil, err
}

// issueToken replaces a phone's device token; whoever uses the old one is
// disconnected.
func (a *API) issueToken(c *call) (any, error) {
	token, err := a.Registry.IssueToken(c.r.Context(), c.params[0])
	if err != nil {
		return nil, err
	}
	a.Disconnect(c.params[0])
	return map[string]string{"phoneNumber": c.params[0], "deviceToken": token}, nil
}
