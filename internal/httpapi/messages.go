package httpapi

import (
	"context"
	"errors"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/openrbm/openrbm/internal/ledger"
	"github.com/openrbm/openrbm/internal/registry"
	"github.com/openrbm/openrbm/internal/store"
	"github.com/openrbm/openrbm/rbm"
)

// messageJSON is where an agentMessage or agentEvent stands.
type messageJSON struct {
	AgentID     string         `json:"agentId"`
	MessageID   string         `json:"messageId"`
	PhoneNumber string         `json:"phoneNumber"`
	Kind        string         `json:"kind"`
	State       string         `json:"state"`
	SendTime    rbm.Timestamp  `json:"sendTime"`
	ChangeTime  rbm.Timestamp  `json:"changeTime"`
	ExpireTime  *rbm.Timestamp `json:"expireTime,omitzero"`
	Message     jsontext.Value `json:"message,omitzero"`
	Media       jsontext.Value `json:"media,omitzero"` // as the phone is told of it
}

func (a *API) getMessage(c *call) (any, error) {
	ref := ledger.Ref{Agent: registry.AgentID(c.params[0]), ID: c.params[1]}
	it, st, err := a.stored(c.r.Context(), ref)
	if errors.Is(err, store.ErrNotFound) {
		return nil, rbm.Errorf(rbm.CodeNotFound, "The agent %q has sent nothing with the id %q.", ref.Agent, ref.ID)
	}
	if err != nil {
		return nil, err
	}
	return showMessage(it, st), nil
}

// stored reads an item and where it stands, or store.ErrNotFound.
func (a *API) stored(ctx context.Context, ref ledger.Ref) (*ledger.Item, *ledger.Status, error) {
	st, err := a.Ledger.Status(ctx, ref)
	if err != nil {
		return nil, nil, err
	}
	it, err := a.Ledger.Item(ctx, st.Seq)
	return it, st, err
}

func showMessage(it *ledger.Item, st *ledger.Status) *messageJSON {
	m := &messageJSON{
		AgentID: it.Agent, MessageID: it.ID, PhoneNumber: st.Phone, Kind: st.Kind.String(), State: st.State.String(),
		SendTime: rbm.Timestamp(it.SendTime), ChangeTime: rbm.Timestamp(st.ChangeTime), Message: it.Payload, Media: it.Media,
	}
	if !st.ExpireTime.IsZero() {
		m.ExpireTime = rbm.NewTimestamp(st.ExpireTime)
	}
	return m
}
