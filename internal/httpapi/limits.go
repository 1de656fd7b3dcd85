package httpapi

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"
	"golang.org/x/time/rate"

	"github.com/openrbm/openrbm/internal/engine"
	"github.com/openrbm/openrbm/internal/registry"
	"github.com/openrbm/openrbm/rbm"
)

// Limits bound what one agent may do; zero is no limit.
type Limits struct {
	// PerMinute is how many calls of a method an agent may make in a minute, by the
	// names of Methods. They may come at once.
	PerMinute map[string]int
	// PromotionsPer28Days is how many PROMOTION messages an agent may send to one
	// user in 28 days (facts/rbm-api.md §4.2).
	PromotionsPer28Days int
	// Invitations bound phones.testers.create (facts/rbm-api.md §1.7).
	Invitations registry.InviteLimits
	// UnsubscribedPromotions lets PROMOTION messages through to users who have
	// unsubscribed. Google leaves it to the agent (facts/rbm-api.md §2.11).
	UnsubscribedPromotions bool
}

// Methods are the names of the messaging API's methods, which Limits.PerMinute
// has as keys.
func Methods() []string {
	var names []string
	for _, r := range messagingRoutes {
		if !slices.Contains(names, r.rpc) {
			names = append(names, r.rpc)
		}
	}
	slices.Sort(names)
	return names
}

// maxBuckets is how many pairs of agent and method are counted at a time, about
// 0.2 KB each. The pair that called longest ago is forgotten, and begins anew.
const maxBuckets = 16_384

// quotas counts the calls of agents, a token bucket for each pair of agent and
// method.
type quotas struct {
	mu      sync.Mutex
	buckets *lru.Cache[[2]string, *rate.Limiter]
}

func newQuotas() *quotas {
	buckets, _ := lru.New[[2]string, *rate.Limiter](maxBuckets) // fails for a size of 0 only
	return &quotas{buckets: buckets}
}

// spend counts a call of which most may be made in a minute, 0: as many as one
// likes, or refuses it with RESOURCE_EXHAUSTED and the time after which the next
// one is taken.
func (q *quotas) spend(method, agent string, most int, now time.Time) error {
	if most <= 0 {
		return nil
	}
	turn := q.bucket(method, agent, most).ReserveN(now, 1)
	wait := turn.DelayFrom(now)
	if wait == 0 {
		return nil
	}
	turn.CancelAt(now)
	return &rbm.Error{
		Code: rbm.CodeResourceExhausted, Reason: "RATE_LIMIT_EXCEEDED", Domain: errorDomain, RetryAfter: wait,
		Message:  fmt.Sprintf("Quota exceeded: the agent may call %s %d times a minute.", method, most),
		Metadata: map[string]string{"method": method},
	}
}

// counted takes in calls that other servers have let through, beyond what is left too:
// that has to be made up for.
func (q *quotas) counted(method, agent string, most, calls int, now time.Time) {
	for bucket := q.bucket(method, agent, most); calls > 0; calls -= most {
		bucket.ReserveN(now, min(calls, most))
	}
}

// Counted says that other servers have taken calls which count towards a limit, as
// Parts.Count had it there.
func (a *API) Counted(limit string, calls int) {
	method, id, _ := strings.Cut(limit, " ")
	agent, err := a.Registry.Agent(id)
	if err != nil {
		return // it is gone, or the store is: counts may be lost
	}
	if most := a.Limits.of(agent, method); most > 0 {
		a.quotas.counted(method, id, most, calls, a.Clock.Now())
	}
}

// spend counts a call of agent.
func (a *API) spend(method string, agent *registry.Agent) error {
	most := a.Limits.of(agent, method)
	err := a.quotas.spend(method, agent.ID, most, a.Clock.Now())
	if err == nil && most > 0 && a.Count != nil {
		a.Count(method + " " + agent.ID)
	}
	return err
}

// bucket is that of a method and an agent, of whom most may come in a minute.
func (q *quotas) bucket(method, agent string, most int) *rate.Limiter {
	q.mu.Lock()
	defer q.mu.Unlock()
	pair := [2]string{method, agent}
	b, ok := q.buckets.Get(pair)
	if !ok || b.Burst() != most { // a limit that was changed begins anew
		b = rate.NewLimiter(rate.Limit(float64(most)/60), most)
		q.buckets.Add(pair, b)
	}
	return b
}

// used is how many calls of most have yet to be forgotten.
func (q *quotas) used(method, agent string, most int, now time.Time) int {
	q.mu.Lock()
	defer q.mu.Unlock()
	b, ok := q.buckets.Peek([2]string{method, agent})
	if !ok || b.Burst() != most {
		return 0
	}
	return most - int(max(b.TokensAt(now), 0))
}

// errorDomain is the domain of the reasons that are OpenRBM's own.
const errorDomain = "openrbm"

// checkTraffic says why agent may not send m to phone: the kind of traffic is
// not for it, or it is a promotion that the user does not want
// (facts/rbm-api.md §2.11).
func (a *API) checkTraffic(ctx context.Context, agent *registry.Agent, phone string, m *rbm.AgentMessage) error {
	traffic, err := rbm.TrafficType(agent.UseCase, m.MessageTrafficType)
	if err != nil || traffic != rbm.TrafficPromotion || a.Limits.UnsubscribedPromotions {
		return err
	}
	unsubscribed, err := a.Engine.Unsubscribed(ctx, agent.ID, phone)
	if err == nil && unsubscribed {
		return &rbm.Error{
			Code: rbm.CodePermissionDenied, Reason: "USER_UNSUBSCRIBED", Domain: errorDomain,
			Message: "The user has unsubscribed from this agent: messages of the type PROMOTION are not delivered until the user subscribes again.",
		}
	}
	return err
}

// acceptCounted accepts m, which has passed all checks, unless it is a promotion
// and the user has had enough of the agent's (facts/rbm-api.md §4.2).
func (a *API) acceptCounted(c *call, agent *registry.Agent, ref engine.Ref, phone string, m *rbm.AgentMessage, accept func() (*engine.Accepted, error)) (any, error) {
	traffic, err := rbm.TrafficType(agent.UseCase, m.MessageTrafficType)
	if most := a.Limits.of(agent, promotionsPer28Days); err == nil && traffic == rbm.TrafficPromotion && most > 0 {
		err = a.Registry.CountPromotion(c.r.Context(), agent.ID, phone, ref.ID, most)
	}
	if err != nil {
		before, repeated := a.Engine.EarlierMessage(c.r.Context(), ref)
		return c.unless(before, repeated, err)
	}
	return c.accepted(accept())
}
