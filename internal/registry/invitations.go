package registry

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/openrbm/openrbm/internal/ledger"
	"github.com/openrbm/openrbm/internal/store"
	"github.com/openrbm/openrbm/rbm"
)

// InviteLimits bound the invitations of one agent (facts/rbm-api.md §1.7); zero
// is no limit.
type InviteLimits struct {
	PerDay int // requests in 24 hours
	Total  int // users invited and not removed since
}

// The labels and the postback data of the two answers to an invitation; the
// agent's id follows.
const (
	acceptLabel, acceptWord   = "Make me a tester", "accept "
	declineLabel, declineWord = "Decline", "decline "
)

// invitationPeriod is the time over which tester requests are counted
// (facts/rbm-api.md §1.7).
const invitationPeriod = 24 * time.Hour

// Invite makes the user of phone a tester of agent who is still to be asked:
// with the message of the Tester's Prompt, see Prompt. One who has accepted
// before stays a tester and is not asked. It fails with NOT_FOUND when the phone
// cannot be reached, and with RESOURCE_EXHAUSTED beyond the limits.
func (r *Registry) Invite(ctx context.Context, agent, phone string, limits InviteLimits) (t *Tester, ask bool, err error) {
	r.changing.Lock()
	defer r.changing.Unlock()
	a, err := r.Agent(agent)
	if err != nil {
		return nil, false, err
	}
	p, err := r.Phone(ctx, phone)
	if rbm.CodeOf(err) == rbm.CodeNotFound || err == nil && !r.reachable(p) {
		return nil, false, rbm.NotFound()
	}
	if err != nil {
		return nil, false, err
	}
	now := r.clock.Now().Truncate(time.Microsecond)
	prompt := ledger.EventID("invitation", a.ID, phone, now.Format(time.RFC3339Nano))
	if err := r.mayInvite(ctx, a.ID, phone, prompt, limits); err != nil {
		return nil, false, err
	}
	return r.invite(ctx, &Tester{Agent: a.ID, Phone: phone, Status: rbm.InviteStatusPending, CreateTime: now, Prompt: prompt})
}

func (r *Registry) mayInvite(ctx context.Context, agent, phone, prompt string, limits InviteLimits) error {
	if limits.Total > 0 {
		invited, err := r.invited(ctx, agent, phone)
		if err != nil {
			return err
		}
		if invited >= limits.Total {
			return rbm.Errorf(rbm.CodeResourceExhausted, "The agent has invited %d testers, which is as many as it may: remove one first.", invited)
		}
	}
	if limits.PerDay <= 0 {
		return nil
	}
	return r.spend(ctx, r.invitations, ledger.ID("invitations", agent), prompt, allowance{limits.PerDay, invitationPeriod,
		fmt.Sprintf("The agent may make %d tester requests in 24 hours.", limits.PerDay)})
}

// Invited counts the users whom agent has invited and not removed since.
func (r *Registry) Invited(ctx context.Context, agent string) (int, error) {
	return r.invited(ctx, agent, "")
}

func (r *Registry) invited(ctx context.Context, agent, except string) (int, error) {
	testers, err := r.Testers(ctx, agent)
	n := 0
	for _, t := range testers {
		if t.Prompt != "" && t.Phone != except {
			n++
		}
	}
	return n, err
}

// invite stores t, or makes the tester who is there be asked once more.
func (r *Registry) invite(ctx context.Context, t *Tester) (_ *Tester, ask bool, err error) {
	id := ledger.ID(t.Agent, t.Phone)
	prompt := t.Prompt
	err = r.testers.Create(ctx, id, t)
	if errors.Is(err, store.ErrConflict) {
		t, err = r.testers.Update(ctx, id, func(t *Tester) error {
			if t.Status != rbm.InviteStatusAccepted {
				t.Status, t.Prompt = rbm.InviteStatusPending, prompt
			}
			return nil
		})
	}
	if err != nil {
		return nil, false, r.wireError(ctx, "tester", id, err)
	}
	return t, t.Status == rbm.InviteStatusPending, nil
}

// Prompt is the message that asks a user to be a tester of a. It is to be sent
// by ledger.PlatformAgent.
func Prompt(a *Agent) *rbm.AgentMessage {
	from := a.DisplayName
	if a.BrandDisplayName != "" {
		from += " (" + a.BrandDisplayName + ")"
	}
	reply := func(label, word string) rbm.Suggestion {
		return rbm.Suggestion{Reply: &rbm.SuggestedReply{Text: label, PostbackData: word + a.ID}}
	}
	return &rbm.AgentMessage{ContentMessage: &rbm.AgentContentMessage{
		Text: from + " invites you to be a tester. Testers get messages of an agent that has not been launched yet. " +
			"If you do not know who asks, decline.",
		Suggestions: []rbm.Suggestion{reply(acceptLabel, acceptWord), reply(declineLabel, declineWord)},
	}}
}

// AnswerInvitation takes what the user of phone says to ledger.PlatformAgent: a
// tap on an answer makes the user a tester or not, also when it comes again or
// late. Nothing else is understood, and an invitation that is gone is no error.
func (r *Registry) AnswerInvitation(ctx context.Context, phone string, m *rbm.UserMessage) error {
	if m.SuggestionResponse == nil {
		return nil
	}
	status := rbm.InviteStatusAccepted
	agent, ok := strings.CutPrefix(m.SuggestionResponse.PostbackData, acceptWord)
	if !ok {
		status = rbm.InviteStatusDeclined
		agent, ok = strings.CutPrefix(m.SuggestionResponse.PostbackData, declineWord)
	}
	if !ok || !agentID.MatchString(agent) {
		return nil
	}
	r.changing.Lock()
	defer r.changing.Unlock()
	_, err := r.testers.Update(context.WithoutCancel(ctx), ledger.ID(agent, phone), func(t *Tester) error {
		t.Status = status
		return nil
	})
	if errors.Is(err, store.ErrNotFound) {
		return nil
	}
	return r.wireError(ctx, "tester", phone, err)
}
