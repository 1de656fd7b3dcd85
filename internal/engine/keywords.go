package engine

import (
	"strings"

	"github.com/openrbm/openrbm/rbm"
)

// wish is what a user wants of an agent's promotions.
type wish uint8

const (
	noWish wish = iota
	subscribe
	unsubscribe
)

// wishes are those that the buttons of a phone make.
var wishes = map[rbm.UserEventType]wish{rbm.UserEventSubscribe: subscribe, rbm.UserEventUnsubscribe: unsubscribe}

// keywords are what users write to subscribe and unsubscribe, by the prefixes
// of their countries; the last is for all others (facts/rbm-api.md §3.6).
var keywords = []struct{ prefix, subscribe, unsubscribe string }{
	{"+33", "Démarrer", "STOP"},
	{"+34", "ALTA", "BAJA"},
	{"+52", "ALTA", "BAJA"},
	{"+55", "começar", "parar"},
	{"", "START", "STOP"},
}

// keywordFor is the text that stands for w in the country of phone; "" for none.
func keywordFor(phone string, w wish) string {
	for _, k := range keywords {
		if strings.HasPrefix(phone, k.prefix) {
			return [...]string{subscribe: k.subscribe, unsubscribe: k.unsubscribe}[w]
		}
	}
	return ""
}

// spokenWish is what a text asks for that is the keyword of the phone's country
// and nothing else. Typed or tapped, the user wants the same; but no event is
// made of it, as the agent sees the text.
func spokenWish(phone, text string) wish {
	text = strings.TrimSpace(text)
	for _, w := range []wish{subscribe, unsubscribe} {
		if strings.EqualFold(text, keywordFor(phone, w)) {
			return w
		}
	}
	return noWish
}
