package httpapi

import (
	"context"
	"time"

	"github.com/openrbm/openrbm/internal/ledger"
	"github.com/openrbm/openrbm/internal/media"
	"github.com/openrbm/openrbm/rbm"
)

// Calls that had begun when an erasure did may still add something, so it is
// looked for again when they must have ended: after the listener's timeouts.
const lastLook = 2 * time.Minute

// erasedJSON is what an erasure has removed.
type erasedJSON struct {
	Registered bool `json:"registered"` // the phone was
	Messages   int  `json:"messages"`
	Upstream   int  `json:"upstream"`
	Notices    int  `json:"notices"`
	Marks      int  `json:"marks"`
	Files      int  `json:"files"`
	Damaged    int  `json:"damaged"`
}

// erasePhone removes all that is kept of a person's number (docs/privacy.md).
func (a *API) erasePhone(c *call) (any, error) {
	if _, err := decode[struct{}](c); err != nil {
		return nil, err
	}
	number := c.params[0]
	if !rbm.ValidPhone(number) {
		return nil, rbm.InvalidArgument(rbm.Violation{Field: "phone_number", Description: "The phone number is not in E.164 form, such as +12223334444."})
	}
	ctx := context.WithoutCancel(c.r.Context())
	if err := a.Ledger.BeginErasure(ctx, number); err != nil {
		return nil, err
	}
	shown, err := a.erase(ctx, number)
	if err != nil {
		return nil, err // what is left is done by FinishErasures
	}
	return shown, nil
}

// erase removes all that there is of number now.
func (a *API) erase(ctx context.Context, number string) (*erasedJSON, error) {
	registered, err := a.Registry.ErasePhone(ctx, number)
	if err != nil {
		return nil, err
	}
	a.Disconnect(number)
	a.Journal.Forget(number)
	// The files first: which ones are theirs is only known from the messages.
	names, err := a.Ledger.OwnMedia(ctx, number, media.Names)
	if err != nil {
		return nil, err
	}
	files, err := a.Media.Erase(ctx, number, names)
	if err != nil {
		return nil, err
	}
	n, err := a.Ledger.ErasePhone(ctx, number)
	if err != nil {
		return nil, err
	}
	return showErased(registered, files, n), nil
}

func showErased(registered bool, files int, n ledger.Erased) *erasedJSON {
	return &erasedJSON{registered, n.Messages, n.Upstream, n.Notices, n.Marks, files, n.Damaged}
}

// FinishErasures goes on with the erasures that a crash has cut off, takes the last
// look at those that are old enough, and makes the store forget physically. The
// log has marks of the numbers.
func (a *API) FinishErasures(ctx context.Context) error {
	list, err := a.Ledger.Erasures(ctx)
	if err != nil {
		return err
	}
	for _, e := range list {
		if a.Clock.Now().Sub(e.Begun) < lastLook {
			continue
		}
		n, err := a.erase(ctx, e.Number)
		if err == nil {
			err = a.Ledger.EndErasure(ctx, e.Number)
		}
		if err != nil {
			return err
		}
		a.Logger.InfoContext(ctx, "erased", "phoneMark", a.Auth.PhoneMark(e.Number), "lastLook", *n)
	}
	return a.Ledger.Compact(ctx)
}
