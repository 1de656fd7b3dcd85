package httpapi

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/openrbm/openrbm/rbm"
)

// A bucket refills evenly, belongs to one agent and one method, and says when
// there is room again.
func TestQuotas(t *testing.T) {
	now := time.Date(2026, 11, 20, 0, 0, 0, 0, time.UTC)
	q := newQuotas()
	limits := map[string]int{"CreateAgentMessage": 2, "GetCapabilities": 0}
	spend := func(method, agent string, want rbm.Code) error {
		t.Helper()
		err := q.spend(method, agent, limits[method], now)
		if rbm.CodeOf(err) != want {
			t.Fatalf("%s of %s at %v: %v, want %v", method, agent, now, err, want)
		}
		return err
	}
	for range 100 {
		spend("GetCapabilities", "a", rbm.CodeOK)
		spend("DeleteAgentMessage", "a", rbm.CodeOK)
	}
	for _, agent := range []string{"a", "b"} {
		spend("CreateAgentMessage", agent, rbm.CodeOK)
		spend("CreateAgentMessage", agent, rbm.CodeOK)
	}
	for range 3 { // what is refused costs nothing
		if e := rbm.AsError(spend("CreateAgentMessage", "a", rbm.CodeResourceExhausted)); e.RetryAfter != 30*time.Second {
			t.Fatalf("Retry-After %v", e.RetryAfter)
		}
	}
	now = now.Add(30 * time.Second)
	spend("CreateAgentMessage", "a", rbm.CodeOK)
	spend("CreateAgentMessage", "a", rbm.CodeResourceExhausted)
	now = now.Add(time.Hour) // no more than full
	spend("CreateAgentMessage", "a", rbm.CodeOK)
	spend("CreateAgentMessage", "a", rbm.CodeOK)
	spend("CreateAgentMessage", "a", rbm.CodeResourceExhausted)
	if n := q.used("CreateAgentMessage", "a", 2, now); n != 2 {
		t.Errorf("%d of 2 calls are used", n)
	}
	if n := q.used("CreateAgentMessage", "a", 2, now.Add(time.Minute)); n != 0 {
		t.Errorf("%d calls are used a minute later", n)
	}
	limits["CreateAgentMessage"] = 3 // counts at once
	for range 3 {
		spend("CreateAgentMessage", "a", rbm.CodeOK)
	}
	spend("CreateAgentMessage", "a", rbm.CodeResourceExhausted)
}

// However many agents call, what is remembered is bounded.
func TestQuotasAreBounded(t *testing.T) {
	q := newQuotas()
	for i := range maxBuckets + 100 {
		if err := q.spend("GetCapabilities", fmt.Sprint(i), 1, time.Now()); err != nil {
			t.Fatal(err)
		}
	}
	if n := q.buckets.Len(); n != maxBuckets {
		t.Errorf("%d buckets", n)
	}
}

// Every method of the messaging API has a name for its quota.
func TestMethods(t *testing.T) {
	names := Methods()
	for _, want := range []string{"BatchGetUsers", "CreateAgentMessage", "CreateTester"} {
		if !slices.Contains(names, want) {
			t.Errorf("no %s in %v", want, names)
		}
	}
	for _, r := range messagingRoutes {
		if r.rpc == "" {
			t.Errorf("%s %s has no name", r.method, r.path)
		}
	}
}

func TestNumberRegion(t *testing.T) {
	for number, want := range map[string]string{
		"+12223334444": "us", "+5511987654321": "us", "+525512345678": "us", "+2971234567": "us",
		"+33612345678": "europe", "+27821234567": "europe", "+79161234567": "europe", "+971501234567": "europe", "+905321234567": "europe",
		"+919812345678": "asia", "+61412345678": "asia", "+818012345678": "asia", "+9607712345": "asia", "+97517123456": "asia",
	} {
		if got := numberRegion(number); got != want {
			t.Errorf("%s: %s, want %s", number, got, want)
		}
	}
}
