package sim

import (
	"fmt"

	"github.com/openrbm/openrbm/internal/delivery"
)

// judge looks at the world when it has come to rest.
func (o *oracle) judge() {
	o.drained()
	for _, m := range o.order {
		if m.kind == "IS_TYPING" {
			continue
		}
		if why := o.verdict(m); why != "" {
			o.w.fault("%v: %s", m.ref, why)
		}
	}
	for _, u := range o.posts {
		if u.told == 0 {
			o.w.fault("%s of %s never came to the webhook", u.post.id, u.phone.number)
		}
	}
}

func (o *oracle) drained() {
	if rest := o.remains(); rest != "" {
		o.w.fault("%v after the storm there is still work:%s", calmBound, rest)
	}
	for _, a := range o.w.agents {
		if a.waiting > 0 {
			o.w.fault("%v after the storm %s waits for %d answers", calmBound, a.id, a.waiting)
		}
	}
	for _, p := range o.w.phones {
		if !p.content() {
			o.w.fault("%v after the storm %s waits for something", calmBound, p.number)
		}
	}
}

// verdict says what is wrong with the end of m. Exactly one of delivered, revoked
// and expired is the end of what was acknowledged, and all sides agree on it.
func (o *oracle) verdict(m *message) string {
	s := o.state(m.ref)
	if s == 0 {
		if m.acked > 0 {
			return "it was acknowledged and is lost"
		}
		if m.ever || len(m.receipts) > 0 {
			return "it is not stored, and has left traces"
		}
		return ""
	}
	if m.kind != "message" {
		if s != delivery.Delivered || !m.ever {
			return fmt.Sprintf("the event has not come to the phone; it is %v", s)
		}
		return ""
	}
	delivered, expired := m.receipts["DELIVERED"] > 0, m.receipts["TTL_EXPIRATION_REVOKED"] > 0
	read := m.receipts["READ"] > 0
	told := fmt.Sprintf("it is %v, and the agent was told %v; shown ever %t, now %t", s, m.receipts, m.ever, m.screen > 0)
	switch s {
	case delivery.Delivered, delivery.Read:
		if !m.ever || !delivered || expired || m.gone || read != (s == delivery.Read) {
			return told
		}
	case delivery.Revoked:
		if !m.revoking || delivered || expired || read || m.screen > 0 {
			return told
		}
	case delivery.Expired:
		if !expired || delivered || read || m.gone || m.screen > 0 {
			return told
		}
	default:
		return told
	}
	return ""
}
