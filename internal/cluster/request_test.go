package cluster

import (
	"bytes"
	"encoding/hex"
	"errors"
	"net/http"
	"net/http/httptest"
	"strconv"
	"testing"
	"time"
)

// A question goes to the node of the phone, whose answer comes back.
func TestAsk(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		a, b := w.join("a", nil), w.join("b", nil)
		w.pass(3 * time.Second)
		b.attach("p")
		ask := func(p string) (string, bool, error) {
			reply, found, err := a.Ask(t.Context(), p, []byte(p))
			return string(reply), found, err
		}
		if reply, found, err := ask("p"); reply != "b" || !found || err != nil {
			t.Errorf("%q, %t, %v", reply, found, err)
		}
		if _, found, err := ask("none"); found || err != nil {
			t.Errorf("of a phone that is nowhere: %t, %v", found, err)
		}
		a.attach("mine")
		if _, found, err := ask("mine"); found || err != nil {
			t.Errorf("of a phone that is here: %t, %v", found, err)
		}
		b.mu.Lock()
		delete(b.phones, "p") // and its record is not written yet
		b.mu.Unlock()
		if _, found, err := ask("p"); found || err != nil {
			t.Errorf("of a phone that has just left: %t, %v", found, err)
		}
	})
}

// A question to a node that does not answer waits until that is dead; then the
// phone is nowhere. If the node lives all the same, the answer is an error.
func TestAskOfTheSilent(t *testing.T) {
	for _, dies := range []bool{true, false} {
		inWorld(t, func(t *testing.T, w *world) {
			a, b := w.join("a", nil), w.join("b", nil)
			w.pass(3 * time.Second)
			b.attach("p")
			if dies {
				b.kill()
			}
			b.hangs.Store(true)
			began := time.Now()
			_, found, err := a.Ask(t.Context(), "p", []byte("p"))
			took := time.Since(began)
			if dies && (found || err != nil) || !dies && !errors.Is(err, ErrUnreachable) || took < 4*time.Second || took > 14*time.Second {
				t.Errorf("dies %t: %t, %v after %v", dies, found, err, took)
			}
		})
	}
}

// A change is told to all, and one that does not answer holds it up for a second.
func TestChanged(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		a, b, c := w.join("a", nil), w.join("b", nil), w.join("c", nil)
		c.hangs.Store(true)
		began := time.Now()
		a.Changed(t.Context(), "agent demo")
		if took := time.Since(began); took != changeTimeout {
			t.Errorf("that took %v", took)
		}
		if a.count("changed agent demo") != 0 || b.count("changed agent demo") != 1 {
			t.Errorf("a heard %d, b %d", a.count("changed agent demo"), b.count("changed agent demo"))
		}
	})
}

// Only who knows the secret is heard, for what was signed, and not for ever.
func TestStrangers(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		a := w.join("a", nil)
		a.attach("p")
		now := time.Now()
		for _, c := range []struct {
			name, method, path string
			sent               time.Time
			sign               func(sent string) []byte
			status             int
		}{
			{"genuine", "POST", askPath, now, nil, 200},
			{"a minute old", "POST", askPath, now.Add(-maxSkew), nil, 200},
			{"too old", "POST", askPath, now.Add(-maxSkew - 2*time.Second), nil, 403},
			{"of the future", "POST", askPath, now.Add(maxSkew + 2*time.Second), nil, 403},
			{"signed for another way", "POST", askPath, now, func(sent string) []byte { return a.mac(sent, changedPath, []byte("p")) }, 403},
			{"signed for something else", "POST", askPath, now, func(sent string) []byte { return a.mac(sent, askPath, []byte("q")) }, 403},
			{"not signed", "POST", askPath, now, func(string) []byte { return nil }, 403},
			{"GET", "GET", askPath, now, nil, 400},
			{"unknown", "POST", "/cluster/v1/other", now, nil, 404},
		} {
			sent := strconv.FormatInt(c.sent.Unix(), 10)
			mac := a.mac(sent, c.path, []byte("p"))
			if c.sign != nil {
				mac = c.sign(sent)
			}
			r := httptest.NewRequest(c.method, c.path, bytes.NewReader([]byte("p")))
			r.Header.Set(timeHeader, sent)
			r.Header.Set(macHeader, hex.EncodeToString(mac))
			rec := httptest.NewRecorder()
			a.ServeHTTP(rec, r)
			if rec.Code != c.status {
				t.Errorf("%s: %d, want %d", c.name, rec.Code, c.status)
			}
		}
		r := httptest.NewRequest(http.MethodPost, askPath, bytes.NewReader(make([]byte, maxBody+1)))
		rec := httptest.NewRecorder()
		if a.ServeHTTP(rec, r); rec.Code != 400 {
			t.Errorf("too long: %d", rec.Code)
		}
	})
}
