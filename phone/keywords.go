package phone

import "strings"

// keyword is what a user writes to subscribe or unsubscribe.
type keyword struct{ prefix, subscribe, unsubscribe string }

// keywords are those of the countries by prefix of the number; the last is for
// all others (facts/rbm-api.md §3.6).
var keywords = []keyword{
	{"+33", "Démarrer", "STOP"},
	{"+34", "ALTA", "BAJA"},
	{"+52", "ALTA", "BAJA"},
	{"+55", "começar", "parar"},
	{"", "START", "STOP"},
}

func keywordsFor(number string) keyword {
	for _, k := range keywords {
		if strings.HasPrefix(number, k.prefix) {
			return k
		}
	}
	panic("unreachable: the last prefix is empty")
}
