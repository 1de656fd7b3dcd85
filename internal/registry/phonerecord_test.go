package registry

import (
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/openrbm/openrbm/rbm"
)

func TestPhoneRecord(t *testing.T) {
	now := time.Date(2026, 11, 20, 12, 0, 0, 1000, time.UTC)
	base := Phone{Number: "+12223334444", LastSeen: now, CreateTime: now.Add(-time.Hour), TokenHash: slices.Repeat([]byte{7}, 32)}
	with := func(change func(*Phone)) Phone { p := base; change(&p); return p }
	for name, p := range map[string]Phone{
		"plain":          base,
		"all":            with(func(p *Phone) { p.RCSEnabled, p.US, p.Carrier, p.Features = true, true, "Example Mobile", rbm.Features }),
		"another order":  with(func(p *Phone) { p.Features = []rbm.Feature{rbm.FeatureActionDial, rbm.FeatureRichCardStandalone} }),
		"twice the same": with(func(p *Phone) { p.Features = []rbm.Feature{rbm.FeatureActionDial, rbm.FeatureActionDial} }),
		"a new feature":  with(func(p *Phone) { p.Features = []rbm.Feature{rbm.FeatureActionDial, "TELEPORT"} }),
	} {
		b, err := p.AppendBinary(nil)
		if err != nil {
			t.Fatal(err)
		}
		var got Phone
		if err := got.UnmarshalBinary(b); err != nil || !reflect.DeepEqual(got, p) {
			t.Errorf("%s: got %+v, %v, want %+v", name, got, err, p)
		}
		for n := range len(b) - len(p.TokenHash) {
			if err := new(Phone).UnmarshalBinary(b[:n]); err == nil {
				t.Errorf("%s: %d of %d bytes are a record", name, n, len(b))
			}
		}
	}
	full := with(func(p *Phone) { p.Features, p.Carrier = rbm.Features, "Example" })
	if b, _ := full.AppendBinary(nil); len(b) > 90 {
		t.Errorf("a phone has %d bytes", len(b))
	}
	for _, f := range rbm.Features {
		if !slices.Contains(storedFeatures[:], f) {
			t.Errorf("%s has no bit", f)
		}
	}
}

// FuzzPhoneRecord: whatever is read is written and read the same.
func FuzzPhoneRecord(f *testing.F) {
	p := Phone{Number: "+12223334444", Features: rbm.Features, TokenHash: make([]byte, 32)}
	b, _ := p.AppendBinary(nil)
	f.Add(b)
	p.Features = []rbm.Feature{"A", "B"}
	b, _ = p.AppendBinary(nil)
	f.Add(b)
	f.Fuzz(func(t *testing.T, b []byte) {
		var p, again Phone
		if p.UnmarshalBinary(b) != nil {
			return
		}
		out, err := p.AppendBinary(nil)
		if err != nil || again.UnmarshalBinary(out) != nil || !reflect.DeepEqual(p, again) {
			t.Fatalf("%+v is read again as %+v, %v", p, again, err)
		}
	})
}
