package cluster_test

import (
	"context"
	"os"
	"testing"
	"time"

	"github.com/openrbm/openrbm/test/postgres"
)

// Nodes are killed under load, one after the other, and start again: nothing that
// was acknowledged is lost or shown twice, each phone gets its messages in order,
// and the webhook hears of each. The environment makes it longer: CLUSTER_PHONES,
// CLUSTER_KILLS, CLUSTER_INTERVAL (milliseconds from one kill to the next), CLUSTER_RATE
// (messages a second; all that are answered), CLUSTER_RETRY_MIN and CLUSTER_RETRY_MAX
// (milliseconds that phones wait between tries to connect).
func TestNodesAreKilledUnderLoad(t *testing.T) {
	phones, kills := int(number("CLUSTER_PHONES", 20)), int(number("CLUSTER_KILLS", 3))
	interval := number("CLUSTER_INTERVAL", 1000) * time.Millisecond
	limit := time.Duration(kills)*(interval+10*time.Second) + time.Duration(phones)*20*time.Millisecond + 3*time.Minute
	ctx, cancel := context.WithTimeout(t.Context(), limit)
	defer cancel()
	p := startProcesses(t, 3, postgres.Database(t), "")
	l := p.load(ctx, phones, int(number("CLUSTER_RATE", 0)))
	begin, database := time.Now(), postgres.Shared(t).CPU()
	load, _ := postgres.CPU(os.Getpid())
	tick := time.NewTicker(interval)
	defer tick.Stop()
	for k := range kills {
		<-tick.C
		p.kill(k % 3)
		p.start(k % 3)
	}
	<-tick.C
	t.Logf("%d kills in %v", kills, time.Since(begin).Round(time.Second))
	l.end(ctx)
	now, _ := postgres.CPU(os.Getpid())
	t.Logf("CPU: nodes %v, database %v, phones and agents %v", p.used().Round(time.Second),
		(postgres.Shared(t).CPU() - database).Round(time.Second), (now - load).Round(time.Second))
}
