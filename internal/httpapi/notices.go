package httpapi

import (
	"fmt"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/openrbm/openrbm/internal/journal"
	"github.com/openrbm/openrbm/internal/ledger"
	"github.com/openrbm/openrbm/internal/outbox"
	"github.com/openrbm/openrbm/internal/registry"
	"github.com/openrbm/openrbm/rbm"
)

// noticeJSON is one thing that an agent is to be told, or was not told.
type noticeJSON struct {
	NoticeID   string         `json:"noticeId"`
	Type       string         `json:"type"`
	CreateTime rbm.Timestamp  `json:"createTime"`
	DueTime    rbm.Timestamp  `json:"dueTime"` // of a dead one: when it was given up
	Attempts   int            `json:"attempts"`
	Data       jsontext.Value `json:"data"`
}

type noticeList struct {
	Notices []noticeJSON `json:"notices"`
}

func showNotices(notices []*ledger.Notice, err error) (any, error) {
	if err != nil {
		return nil, err
	}
	list := &noticeList{Notices: []noticeJSON{}}
	for _, n := range notices {
		list.Notices = append(list.Notices, noticeJSON{n.EventID, n.Type, rbm.Timestamp(n.Created), rbm.Timestamp(n.Due), n.Attempts, n.Data})
	}
	return list, nil
}

// farAhead is later than any notice is due.
const farAhead = 10 * 365 * 24 * time.Hour

func (a *API) listPendingNotices(c *call) (any, error) {
	agent, size, err := a.agentAndSize(c)
	if err != nil {
		return nil, err
	}
	notices, _, err := a.Ledger.DueNotices(c.r.Context(), agent.ID, time.Time{}, a.Clock.Now().Add(farAhead), size)
	return showNotices(notices, err)
}

func (a *API) listDeadNotices(c *call) (any, error) {
	agent, size, err := a.agentAndSize(c)
	if err != nil {
		return nil, err
	}
	return showNotices(a.Ledger.DeadNotices(c.r.Context(), agent.ID, size))
}

func (a *API) agentAndSize(c *call) (*registry.Agent, int, error) {
	size, err := pageSize(c)
	if err != nil {
		return nil, 0, err
	}
	agent, err := a.Registry.Agent(c.params[0])
	return agent, size, err
}

func (a *API) pauseWebhook(c *call) (any, error)  { return a.setPaused(c, true) }
func (a *API) resumeWebhook(c *call) (any, error) { return a.setPaused(c, false) }

// setPaused keeps an agent's events in the outbox, or lets them go again.
func (a *API) setPaused(c *call, paused bool) (any, error) {
	agent, err := a.Registry.UpdateAgent(c.r.Context(), c.params[0], func(agent *registry.Agent) { agent.WebhookPaused = paused })
	if err != nil {
		return nil, err
	}
	if !paused {
		if _, err := a.Outbox.Retry(c.r.Context(), agent.ID); err != nil {
			return nil, err
		}
	}
	return a.showWebhook(c, agent)
}

// replayRequest names what is to be delivered once more: events of the journal,
// or notices that were given up.
type replayRequest struct {
	Events      []string `json:"events"`
	DeadNotices []string `json:"deadNotices"`
}

type replayAnswer struct {
	Replayed int `json:"replayed"`
}

// maxReplay is how many notices one call delivers again.
const maxReplay = 1000

func (a *API) replayWebhook(c *call) (any, error) {
	in, err := decode[replayRequest](c)
	if err != nil {
		return nil, err
	}
	agent, err := a.Registry.Agent(c.params[0])
	if err != nil {
		return nil, err
	}
	if n := len(in.Events) + len(in.DeadNotices); n == 0 || n > maxReplay {
		return nil, rbm.InvalidArgument(rbm.Violation{Field: "events", Description: fmt.Sprintf("There must be 1 to %d events and dead notices.", maxReplay)})
	}
	notices, err := a.eventNotices(agent.ID, in.Events)
	if err != nil {
		return nil, err
	}
	dead, err := a.deadNotices(c, agent.ID, in.DeadNotices)
	if err != nil {
		return nil, err
	}
	notices = append(notices, dead...)
	return &replayAnswer{len(notices)}, a.Outbox.Replay(c.r.Context(), agent.ID, notices...)
}

// eventNotices are what calls of agent's webhook were about.
func (a *API) eventNotices(agent string, names []string) ([]*ledger.Notice, error) {
	var notices []*ledger.Notice
	for _, name := range names {
		e, err := a.event(name)
		if err != nil {
			return nil, err
		}
		if e.Attempt == nil || e.Agent != agent {
			return nil, rbm.InvalidArgument(rbm.Violation{Field: "events", Description: fmt.Sprintf("The event %q is not a call of this agent's webhook.", name)})
		}
		notices = append(notices, &ledger.Notice{Agent: agent, EventID: e.Attempt.EventID, Type: e.Type, Data: e.Payload, Created: e.Attempt.Created})
	}
	return notices, nil
}

func (a *API) deadNotices(c *call, agent string, ids []string) ([]*ledger.Notice, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	dead, err := a.Ledger.DeadNotices(c.r.Context(), agent, 0)
	if err != nil {
		return nil, err
	}
	byID := make(map[string]*ledger.Notice, len(dead))
	for _, n := range dead {
		byID[n.EventID] = n
	}
	var notices []*ledger.Notice
	for _, id := range ids {
		if byID[id] == nil {
			return nil, rbm.Errorf(rbm.CodeNotFound, "There is no dead notice %q, or no longer.", id)
		}
		notices = append(notices, byID[id])
	}
	return notices, nil
}

// signatureJSON is what is wrong with a signature.
type signatureJSON struct {
	Verifies bool   `json:"verifies"`
	Text     string `json:"text"`
	// TokenChanged: the call was signed under another clientToken than today's.
	TokenChanged bool `json:"tokenChanged,omitzero"`
}

// checkSignature compares what an agent's code has computed with what it should
// be, today.
func (a *API) checkSignature(c *call) (any, error) {
	in, err := decode[struct {
		Signature string `json:"signature"`
	}](c)
	if err != nil {
		return nil, err
	}
	e, err := a.event(c.params[0])
	if err == nil && e.Kind != journal.Webhook {
		err = rbm.Errorf(rbm.CodeFailedPrecondition, "The event is not a call of a webhook.")
	}
	if err != nil {
		return nil, err
	}
	hook, err := a.Registry.WebhookOf(c.r.Context(), e.Agent)
	if err != nil {
		return nil, err
	}
	if hook == nil {
		return nil, rbm.Errorf(rbm.CodeFailedPrecondition, "The agent has no webhook any more.")
	}
	d := outbox.Diagnose(hook.ClientToken, e.Payload, e.HTTP.Request, in.Signature)
	changed := !outbox.Diagnose(hook.ClientToken, e.Payload, e.HTTP.Request, e.Attempt.Signature).Verifies
	return &signatureJSON{d.Verifies, d.Text, changed}, nil
}
