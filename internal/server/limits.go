package server

import (
	"slices"
	"strings"

	"github.com/openrbm/openrbm/internal/httpapi"
	"github.com/openrbm/openrbm/internal/registry"
)

// LimitsConfig bound what one agent may do. 0 is no limit. A call beyond a limit
// is answered with 429 and, in Retry-After, the seconds to wait.
type LimitsConfig struct {
	// PerMinute is how many calls an agent may make in a minute, for each method:
	// BatchGetUsers, CreateAgentEvent, CreateAgentMessage, CreateTester, GetCapabilities
	// and so on. They may come at once. Google's 600 for BatchGetUsers is the only default.
	PerMinute map[string]int `toml:"per_minute"`
	// PromotionsPer28Days is how many messages of the type PROMOTION an agent may send
	// to one user in 28 days, at most 1000. Replies are of the type SERVICEREQUEST and
	// do not count. Google caps it in India only: 2, 4 or 8.
	PromotionsPer28Days int `toml:"promotions_per_28_days"`
	// TestersPerDay is how many tester requests an agent may make in 24 hours, at most 1000.
	TestersPerDay int `toml:"testers_per_day"`
	// Testers is how many users an agent may have invited as testers.
	Testers int `toml:"testers"`
	// UnsubscribeBlocksPromotions refuses messages of the type PROMOTION to users who
	// have unsubscribed from the agent, with 403.
	UnsubscribeBlocksPromotions bool `toml:"unsubscribe_blocks_promotions"`
}

// defaultLimits are Google's where they are published (facts/rbm-api.md §4.2).
func defaultLimits() LimitsConfig {
	return LimitsConfig{
		PerMinute: map[string]int{"BatchGetUsers": 600}, TestersPerDay: 20, Testers: 200, UnsubscribeBlocksPromotions: true,
	}
}

func (l *LimitsConfig) check(rule func(holds bool, format string, args ...any)) {
	for method, n := range l.PerMinute {
		rule(slices.Contains(httpapi.Methods(), method), "limits.per_minute: %s is none of the methods %s", method, strings.Join(httpapi.Methods(), ", "))
		rule(n >= 0, "limits.per_minute.%s: must not be less than 0", method)
	}
	for name, n := range map[string]int{
		"promotions_per_28_days": l.PromotionsPer28Days, "testers_per_day": l.TestersPerDay, "testers": l.Testers,
	} {
		rule(n >= 0 && n <= 1000, "limits.%s: must be 0 to 1000", name)
	}
}

func (l *LimitsConfig) httpapi() httpapi.Limits {
	return httpapi.Limits{
		PerMinute: l.PerMinute, PromotionsPer28Days: l.PromotionsPer28Days,
		Invitations:            registry.InviteLimits{PerDay: l.TestersPerDay, Total: l.Testers},
		UnsubscribedPromotions: !l.UnsubscribeBlocksPromotions,
	}
}
