package gateway

import "testing"

func TestCalmAfterStorm(t *testing.T) {
	var c crowd
	for i, step := range []struct {
		online int
		want   bool
	}{
		{0, false}, {500, false}, {590, false}, {650, false}, // few
		{20_000, false}, {50_000, false}, {50_010, true}, {50_020, false}, // a storm, then calm
		{50_050, false}, {50_100, false}, {52_000, false}, {52_050, false}, // little for so many
		{100, false}, {30_000, false}, {30_000, true}, {30_000, false}, // all gone, and back
	} {
		if got := c.calmAfterStorm(step.online); got != step.want {
			t.Errorf("step %d, %d online: %v", i, step.online, got)
		}
	}
}
