package registry

import (
	"fmt"
	"testing"
	"time"

	"github.com/openrbm/openrbm/rbm"
)

func tap(postback string) *rbm.UserMessage {
	return &rbm.UserMessage{SuggestionResponse: &rbm.SuggestionResponse{PostbackData: postback, Type: rbm.SuggestionTypeReply}}
}

// What a user answers holds, also when it comes again or late; nobody answers
// for somebody else.
func TestAnswerInvitation(t *testing.T) {
	w := newWorld(t)
	a := w.agent("shop")
	w.phone(number)
	w.phone("+12125550001")
	for _, phone := range []string{number, "+12125550001"} {
		tester, ask, err := w.Invite(t.Context(), "shop", phone, InviteLimits{})
		w.ok(err)
		if !ask || tester.Status != rbm.InviteStatusPending || tester.Prompt == "" {
			t.Fatalf("%+v", tester)
		}
	}
	prompt := Prompt(a).ContentMessage
	if err := Prompt(a).Validate(w.clock.Now()); err != nil {
		t.Errorf("the prompt cannot be sent: %v", err)
	}
	accept, decline := prompt.Suggestions[0].Reply.PostbackData, prompt.Suggestions[1].Reply.PostbackData
	for _, step := range []struct {
		say  *rbm.UserMessage
		want rbm.InviteStatus
	}{
		{&rbm.UserMessage{Text: accept}, rbm.InviteStatusPending},
		{tap("accept nobody"), rbm.InviteStatusPending},
		{tap("accept a\x00b"), rbm.InviteStatusPending},
		{tap(decline), rbm.InviteStatusDeclined},
		{tap(accept), rbm.InviteStatusAccepted},
		{tap(accept), rbm.InviteStatusAccepted},
	} {
		w.ok(w.AnswerInvitation(t.Context(), number, step.say))
		testers, err := w.Testers(t.Context(), "shop")
		w.ok(err)
		if len(testers) != 2 || testers[1].Status != step.want || testers[0].Status != rbm.InviteStatusPending {
			t.Fatalf("after %+v: %+v and %+v", step.say, testers[0], testers[1])
		}
	}
	if reached, err := w.Reach(t.Context(), a, number); err != nil || reached.Number != number {
		t.Errorf("%v, %v", reached, err)
	}
}

// A tally keeps what is within its period, counts an id once, and says when
// there is room.
func TestTally(t *testing.T) {
	var c tally
	a := allowance{most: 2, period: time.Hour, refusal: "enough"}
	now := time.Date(2026, 11, 20, 0, 0, 0, 0, time.UTC)
	for i, step := range []struct {
		id    string
		later time.Duration
		wait  time.Duration // 0: taken
	}{
		{"a", 0, 0}, {"a", 0, 0}, {"b", 20 * time.Minute, 0}, {"a", 0, 0}, {"c", 10 * time.Minute, 30 * time.Minute},
		{"c", 30 * time.Minute, 0}, {"b", 0, 0}, {"d", 0, 20 * time.Minute}, {"d", 5 * time.Hour, 0},
	} {
		now = now.Add(step.later)
		err := c.add(step.id, now, a)
		if step.wait == 0 && err != nil {
			t.Fatalf("step %d: %v", i, err)
		}
		if e := rbm.AsError(err); step.wait > 0 && (e == nil || e.Code != rbm.CodeResourceExhausted || e.RetryAfter != step.wait || e.Message != "enough") {
			t.Fatalf("step %d: %+v", i, e)
		}
	}
	if len(c.Spent) != 1 {
		t.Errorf("%d are remembered", len(c.Spent))
	}
}

// Many at once spend no more than there is, and all of it.
func TestPromotionsAtOnce(t *testing.T) {
	w := newWorld(t)
	errs := make(chan error, 20)
	for i := range cap(errs) {
		go func() { errs <- w.CountPromotion(t.Context(), "shop", number, fmt.Sprint(i), 5) }()
	}
	taken := 0
	for range cap(errs) {
		switch err := <-errs; rbm.CodeOf(err) {
		case rbm.CodeOK:
			taken++
		case rbm.CodeResourceExhausted, rbm.CodeUnavailable: // of those that lost too many races
		default:
			t.Error(err)
		}
	}
	if taken != 5 {
		t.Errorf("%d were taken, want 5", taken)
	}
}
