package registry

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/openrbm/openrbm/rbm"
)

func TestPhoneRules(t *testing.T) {
	many := func(n int) (list []rbm.Feature) {
		for i := range n {
			list = append(list, rbm.Feature(fmt.Sprint("F", i)))
		}
		return list
	}
	for _, c := range []struct {
		name  string
		phone Phone
		field string // "": it is valid
	}{
		{"shortest number", Phone{Number: "+1234567"}, ""},
		{"longest number", Phone{Number: "+123456789012345"}, ""},
		{"too long a number", Phone{Number: "+1234567890123456"}, "phone_number"},
		{"no plus", Phone{Number: "12223334444"}, "phone_number"},
		{"no number", Phone{}, "phone_number"},
		{"a number with a zero byte", Phone{Number: "+1222333\x004444"}, "phone_number"},
		{"longest carrier", Phone{Number: number, Carrier: strings.Repeat("c", 64)}, ""},
		{"too long a carrier", Phone{Number: number, Carrier: strings.Repeat("c", 65)}, "carrier"},
		{"most features", Phone{Number: number, Features: many(64)}, ""},
		{"too many features", Phone{Number: number, Features: many(65)}, "features"},
		{"a feature of the future", Phone{Number: number, Features: []rbm.Feature{"RICHCARD_STANDALONE", "HOLOGRAM_2"}}, ""},
		{"longest feature", Phone{Number: number, Features: []rbm.Feature{rbm.Feature(strings.Repeat("F", 64))}}, ""},
		{"too long a feature", Phone{Number: number, Features: []rbm.Feature{rbm.Feature(strings.Repeat("F", 65))}}, "features[0]"},
		{"an empty feature", Phone{Number: number, Features: []rbm.Feature{"A", "", "B"}}, "features[1]"},
		{"a feature in small letters", Phone{Number: number, Features: []rbm.Feature{"A", "B", "c"}}, "features[2]"},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t)
			p, token, err := w.CreatePhone(t.Context(), c.phone)
			if c.field == "" {
				if err != nil || token == "" || p.Number != c.phone.Number {
					t.Errorf("%+v, %v", p, err)
				}
				return
			}
			if code(t, "making it", err, rbm.CodeInvalidArgument); token != "" || !slices.Equal(fields(err), []string{c.field}) {
				t.Errorf("wrong in %v, want %s", fields(err), c.field)
			}
			w.phone("+15550001111")
			_, err = w.UpdatePhone(t.Context(), "+15550001111", func(p *Phone) {
				p.Carrier, p.Features = c.phone.Carrier, c.phone.Features
			})
			if c.field != "phone_number" && !slices.Equal(fields(err), []string{c.field}) {
				t.Errorf("an update is wrong in %v, want %s", fields(err), c.field)
			}
		})
	}
}

func TestPhones(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		made, _ := w.phone(number)
		if !made.US || !made.RCSEnabled || !made.CreateTime.Equal(w.clock.Now()) || !made.LastSeen.Equal(w.clock.Now()) {
			t.Errorf("made %+v", made)
		}
		if german, _ := w.phone("+491701234567"); german.US {
			t.Error("a German number is of the United States")
		}
		_, token, err := w.CreatePhone(t.Context(), Phone{Number: number})
		if code(t, "making it twice", err, rbm.CodeAlreadyExists); token != "" {
			t.Error("a token was given")
		}
		_, err = w.Phone(t.Context(), "+15550009999")
		code(t, "reading none", err, rbm.CodeNotFound)

		changed, err := w.UpdatePhone(t.Context(), number, func(p *Phone) { p.Number, p.RCSEnabled, p.Carrier = "+1", false, "c" })
		if err != nil || changed.Number != number || changed.RCSEnabled || !made.RCSEnabled {
			t.Errorf("%+v, %v; what was given out before must not change", changed, err)
		}
		_, err = w.UpdatePhone(t.Context(), "+15550009999", func(*Phone) {})
		code(t, "updating none", err, rbm.CodeNotFound)

		for range 2 { // from memory, and from the store
			if p, err := w.Phone(t.Context(), number); err != nil || !reflect.DeepEqual(p, changed) {
				t.Errorf("%+v, %v, want %+v", p, err, changed)
			}
			w.reopen()
		}
		w.phone("+15550001111")
		if n, err := w.CountPhones(t.Context()); err != nil || n != 3 {
			t.Errorf("%d phones, %v", n, err)
		}
		for _, c := range []struct {
			after string
			limit int
			want  []string
		}{
			{"", 0, []string{number, "+15550001111", "+491701234567"}},
			{"", 2, []string{number, "+15550001111"}},
			{number, 5, []string{"+15550001111", "+491701234567"}},
			{"+491701234567", 5, nil},
		} {
			phones, err := w.Phones(t.Context(), c.after, c.limit)
			w.ok(err)
			var got []string
			for _, p := range phones {
				got = append(got, p.Number)
			}
			if !slices.Equal(got, c.want) {
				t.Errorf("after %q, limit %d: %v", c.after, c.limit, got)
			}
		}
		w.ok(w.DeletePhone(t.Context(), number))
		code(t, "deleting twice", w.DeletePhone(t.Context(), number), rbm.CodeNotFound)
		_, err = w.Phone(t.Context(), number)
		code(t, "reading a deleted phone", err, rbm.CodeNotFound)
	})
}

func TestTokens(t *testing.T) {
	w := newWorld(t)
	p, first := w.phone(number)
	_, other := w.phone("+15550001111")
	check := func(what, number, token string, want rbm.Code) {
		t.Helper()
		code(t, what, w.Authenticate(t.Context(), number, token), want)
	}
	if first == other || len(first) != 43 || strings.Contains(fmt.Sprint(*p), first) {
		t.Error("tokens are to be random, and only their hashes kept")
	}
	check("the token", number, first, rbm.CodeOK)
	check("another phone's", number, other, rbm.CodeUnauthenticated)
	check("none", number, "", rbm.CodeUnauthenticated)
	check("no such phone", "+15550009999", first, rbm.CodeUnauthenticated)
	wrong := w.Authenticate(t.Context(), number, "x")
	if unknown := w.Authenticate(t.Context(), "+15550009999", "x"); wrong.Error() != unknown.Error() {
		t.Errorf("the answers tell which numbers exist: %v, %v", wrong, unknown)
	}
	second, err := w.IssueToken(t.Context(), number)
	w.ok(err)
	check("the old one", number, first, rbm.CodeUnauthenticated)
	check("the new one", number, second, rbm.CodeOK)
	w.reopen()
	check("the old one after a restart", number, first, rbm.CodeUnauthenticated)
	check("the new one after a restart", number, second, rbm.CodeOK)
	if token, err := w.IssueToken(t.Context(), "+15550009999"); token != "" || rbm.CodeOf(err) != rbm.CodeNotFound {
		t.Errorf("a token for no phone: %q, %v", token, err)
	}
	w.ok(w.DeletePhone(t.Context(), number))
	check("of a deleted phone", number, second, rbm.CodeUnauthenticated)
	w.db.setBlind(1)
	check("nothing can be read", number, second, rbm.CodeUnavailable)
}

// A token that may have been stored counts as the store says, not as memory did.
func TestTokenAfterAnUnknownCommit(t *testing.T) {
	w := newWorld(t)
	_, old := w.phone(number)
	w.db.fail(w.db.unseen)
	token, err := w.IssueToken(t.Context(), number)
	if code(t, "issuing", err, rbm.CodeUnavailable); token != "" {
		t.Error("a token was given")
	}
	code(t, "the old token", w.Authenticate(t.Context(), number, old), rbm.CodeUnauthenticated)
}

func TestAnnounce(t *testing.T) {
	w := newWorld(t)
	_, _, err := w.CreatePhone(t.Context(), Phone{Number: number})
	w.ok(err)
	features := []rbm.Feature{"RICHCARD_STANDALONE"}
	w.ok(w.Announce(t.Context(), number, features, "c"))
	features[0] = "CHANGED"
	p, err := w.Phone(t.Context(), number)
	if err != nil || !p.RCSEnabled || p.Carrier != "c" || !slices.Equal(p.Features, []rbm.Feature{"RICHCARD_STANDALONE"}) {
		t.Errorf("%+v, %v", p, err)
	}
	w.db.fail(func(func() error) error { return errDisk })
	w.ok(w.Announce(t.Context(), number, p.Features, "c")) // nothing new: nothing is written
	w.db.fail(nil)
	w.ok(w.Announce(t.Context(), number, nil, ""))
	if p, _ := w.Phone(t.Context(), number); p.Carrier != "" || len(p.Features) != 0 {
		t.Errorf("%+v", p)
	}
	code(t, "no such phone", w.Announce(t.Context(), "+15550009999", nil, ""), rbm.CodeNotFound)
	code(t, "a bad feature", w.Announce(t.Context(), number, []rbm.Feature{"no"}, ""), rbm.CodeInvalidArgument)
}

func TestSeen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.phone(number)
		begin := w.clock.Now()
		for _, c := range []struct{ after, want time.Duration }{
			{seenStep - time.Second, 0}, // not worth a write
			{seenStep, seenStep},
			{2*seenStep - time.Second, seenStep},
			{5 * day, 5 * day},
		} {
			time.Sleep(begin.Add(c.after).Sub(w.clock.Now()))
			w.ok(w.Seen(t.Context(), number))
			if p, err := w.Phone(t.Context(), number); err != nil || p.LastSeen.Sub(begin) != c.want {
				t.Errorf("after %v it was last seen after %v, %v", c.after, p.LastSeen.Sub(begin), err)
			}
		}
		code(t, "no such phone", w.Seen(t.Context(), "+15550009999"), rbm.CodeNotFound)
	})
}

// The cache never keeps what is older than the store.
func TestConcurrentPhoneUpdates(t *testing.T) {
	w := newWorld(t)
	numbers := []string{number, "+15550001111", "+15550002222"}
	for _, n := range numbers {
		w.phone(n)
	}
	const workers, each = 6, 60
	var wg sync.WaitGroup
	for i := range workers {
		wg.Go(func() {
			for range each {
				n := numbers[i%len(numbers)]
				if _, err := w.UpdatePhone(t.Context(), n, func(p *Phone) { p.Features = append(slices.Clip(p.Features), "F")[:min(64, len(p.Features)+1)] }); err != nil {
					t.Error(err)
				}
				w.recent.Remove(n) // as if the cache were full
			}
		})
		wg.Go(func() {
			last := 0
			for range 10 * each {
				p, err := w.Phone(t.Context(), numbers[i%len(numbers)])
				if err != nil {
					t.Error(err)
					return
				}
				if len(p.Features) < last {
					t.Errorf("the cache went back from %d to %d", last, len(p.Features))
					return
				}
				last = len(p.Features)
			}
		})
	}
	wg.Wait()
	for _, n := range numbers {
		cached, err := w.Phone(t.Context(), n)
		w.ok(err)
		stored, err := w.phones.Get(t.Context(), n)
		w.ok(err)
		if !reflect.DeepEqual(cached, stored) || len(cached.Features) != 64 {
			t.Errorf("%s: %d features in memory, %d in the store", n, len(cached.Features), len(stored.Features))
		}
	}
}

func TestPhoneStoreFailures(t *testing.T) {
	w := newWorld(t)
	w.phone(number)
	broken := func(func() error) error { return errDisk }
	for what, write := range map[string]func() error{
		"create": func() error { _, _, err := w.CreatePhone(t.Context(), Phone{Number: "+15550001111"}); return err },
		"update": func() error {
			_, err := w.UpdatePhone(t.Context(), number, func(p *Phone) { p.Carrier = "c" })
			return err
		},
		"delete":   func() error { return w.DeletePhone(t.Context(), number) },
		"announce": func() error { return w.Announce(t.Context(), number, nil, "c") },
	} {
		w.db.fail(broken)
		code(t, what, write(), rbm.CodeUnavailable)
	}
	p, err := w.Phone(t.Context(), number)
	if err != nil || p.Carrier != "" {
		t.Errorf("%+v, %v", p, err)
	}
	if n, err := w.CountPhones(t.Context()); err != nil || n != 1 {
		t.Errorf("%d phones, %v", n, err)
	}
}
