package ledger

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/openrbm/openrbm/internal/delivery"
	"github.com/openrbm/openrbm/internal/store"
)

// populate gives a phone something of every kind.
func populate(w *world, phone, tag string) {
	ctx := w.t.Context()
	for i, what := range []delivery.Happening{0, delivery.PhoneAcked, delivery.PhoneRead, delivery.TimeExpiredUnknown, delivery.AgentRevoked} {
		id := fmt.Sprint(tag, i)
		it := w.message(id, phone, time.Hour)
		it.Media = []byte(`[{"url":"` + tag + `"},{"url":"shared"}]`)
		w.ok(w.Add(ctx, it))
		if what != 0 {
			w.apply(Change{Ref: Ref{"demo", id}, Phone: phone, What: what})
		}
	}
	now := w.clock.Now()
	_ = must(w.PostSubscription(ctx, phone, Ref{"demo", "up" + tag}, false, &Notice{
		Agent: "demo", EventID: tag, Type: "TEXT", Data: []byte(`{"senderPhoneNumber":"` + phone + `","text":"words"}`), Created: now, Due: now,
	}))(w.t)
	w.ok(Testers[doc](w.Ledger).Create(ctx, ID("demo", phone), &doc{}))
	w.ok(Promotions[doc](w.Ledger).Create(ctx, ID("demo", phone), &doc{}))
	damaged := upstreamKey(phone, Ref{"demo", "damaged"})
	if !w.setAside(ctx, store.Record{Key: damaged, Value: []byte("?")}, &damagedError{damaged, "for the test"}) {
		w.t.Fatal("not set aside")
	}
}

// of are the records that have text in them.
func (w *world) of(text string) (found []string) {
	w.t.Helper()
	for kind := range 256 {
		for rec, err := range w.db.Scan(w.t.Context(), store.Prefix(store.Key([]byte{byte(kind)}))) {
			w.ok(err)
			if strings.Contains(string(rec.Key), text) || bytes.Contains(rec.Value, []byte(text)) {
				found = append(found, fmt.Sprintf("%q", rec.Key))
			}
		}
	}
	return found
}

// Everything of one phone goes and everything of another stays, wherever a crash
// cuts the erasure off.
func TestErasePhone(t *testing.T) {
	for _, how := range []fault{nil, failed, unknownLost, unknownStored, crashAfter} {
		for at := range 14 {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t)
				populate(w, phoneA, "a")
				populate(w, phoneB, "b")
				before := w.of(phoneB)
				if own := must(w.OwnMedia(t.Context(), phoneA, mediaNames))(t); len(own) != 1 || own[0] != "a" {
					t.Errorf("own media %v", own)
				}
				var total Erased
				w.db.fail(append(make([]fault, at), how)...)
				for tries := 0; ; tries++ {
					n, err := w.ErasePhone(t.Context(), phoneA)
					total.Add(n)
					if err == nil {
						break
					}
					if how == nil || tries > 0 || !errors.Is(err, errDisk) && !errors.Is(err, store.ErrUnknown) {
						t.Fatalf("commit %d: %v", at, err)
					}
				}
				w.db.fail()
				if left := w.of(phoneA); len(left) > 0 {
					t.Errorf("commit %d: %v are left", at, left)
				}
				if left := w.of("words"); len(left) != 1 {
					t.Errorf("commit %d: %v have words", at, left)
				}
				if now := w.of(phoneB); fmt.Sprint(now) != fmt.Sprint(before) {
					t.Errorf("commit %d: of another phone are left %v, want %v", at, now, before)
				}
				if how == nil && (total != Erased{Messages: 5, Upstream: 1, Notices: 5, Marks: 3, Damaged: 1}) {
					t.Errorf("%+v", total)
				}
				if how == nil && w.Queued() != 2 {
					t.Errorf("%d queued, want those of the other phone", w.Queued())
				}
				wantUsed(t, w)
			})
			if how == nil {
				break
			}
		}
	}
}

func mediaNames(b []byte) (names []string) {
	for part := range strings.SplitSeq(string(b), `"url":"`) {
		if name, _, ok := strings.Cut(part, `"}`); ok {
			names = append(names, name)
		}
	}
	return names
}

// wantUsed: the ids stay used, say nothing, and are forgotten in their time.
func wantUsed(t *testing.T, w *world) {
	t.Helper()
	for i := range 5 {
		st := must(w.Status(t.Context(), Ref{"demo", fmt.Sprint("a", i)}))(t)
		it := must(w.Item(t.Context(), st.Seq))(t)
		if !st.IsErased() || st.State.Waiting() || string(it.Payload) != "{}" || len(it.Media) != 0 || it.Phone != "" {
			t.Errorf("%+v, %+v", st, it)
		}
		again := w.message(st.ID, phoneB, 0)
		if err := w.Add(t.Context(), again); !errors.Is(err, store.ErrConflict) {
			t.Errorf("the id again: %v", err)
		}
		w.ok(w.Forget(t.Context(), it))
		if _, err := w.Status(t.Context(), st.Ref); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("forgotten: %v", err)
		}
	}
}

// The row of an erasure is there until it is over; then the store is to compact,
// once.
func TestErasureIsRemembered(t *testing.T) {
	w := newWorld(t)
	ctx := t.Context()
	w.ok(w.BeginErasure(ctx, phoneA))
	w.ok(w.BeginErasure(ctx, phoneA))
	list := must(w.Erasures(ctx))(t)
	if len(list) != 1 || list[0].Number != phoneA || time.Since(list[0].Begun) > time.Minute || !must(w.Erasing(ctx, phoneA))(t) || must(w.Erasing(ctx, phoneB))(t) {
		t.Errorf("%+v", list)
	}
	w.ok(w.Compact(ctx)) // nothing to do
	w.db.fail(unknownStored)
	w.ok(w.EndErasure(ctx, phoneA))
	if list := must(w.Erasures(ctx))(t); len(list) != 0 || len(w.of(phoneA)) != 0 || len(w.of("compact")) != 1 {
		t.Errorf("%+v", list)
	}
	w.ok(w.Compact(ctx))
	if len(w.of("compact")) != 0 {
		t.Error("the store is to compact for ever")
	}
}
