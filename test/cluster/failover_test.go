package cluster_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/openrbm/openrbm/test/postgres"
)

// acks waits until n more messages have been acknowledged.
func (l *load) acks(ctx context.Context, n int64) {
	l.p.t.Helper()
	l.answered(ctx, http.StatusOK, n)
}

// answered waits until n more calls have been answered so.
func (l *load) answered(ctx context.Context, status int, n int64) {
	l.p.t.Helper()
	v, _ := l.answers.LoadOrStore(status, new(atomic.Int64))
	count := v.(*atomic.Int64)
	look := time.NewTicker(5 * time.Millisecond)
	defer look.Stop()
	for want := count.Load() + n; count.Load() < want; {
		select {
		case <-look.C:
		case <-ctx.Done():
			l.p.t.Fatalf("%d calls were answered %d, want %d", count.Load(), status, want)
		}
	}
}

// onlyAnswers fails the test if calls were answered with another status.
func (l *load) onlyAnswers(allowed ...int) {
	l.p.t.Helper()
	l.answers.Range(func(status, n any) bool {
		for _, s := range allowed {
			if s == status {
				return true
			}
		}
		l.p.t.Errorf("%d calls were answered %d", n.(*atomic.Int64).Load(), status)
		return true
	})
}

// terminate ends about half of the nodes' connections to the database.
func terminate(ctx context.Context, t *testing.T, server *postgres.Server) {
	t.Helper()
	c, err := pgx.Connect(ctx, server.DSN("postgres"))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close(ctx)
	if _, err := c.Exec(ctx, "select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'openrbm' and random() < 0.5"); err != nil {
		t.Fatal(err)
	}
}

// The database fails over under load. Connections to it are broken again and again;
// then all processes of the primary are killed, right after one more time, and the
// standby is promoted: nothing that was acknowledged is lost or shown twice, each phone
// gets its messages in order, the webhook hears of each, and what cannot be done
// meanwhile is answered 503. CLUSTER_PHONES, CLUSTER_RATE, CLUSTER_BREAKS (times that
// connections are broken) and CLUSTER_OUTAGE (milliseconds without a database) make it longer.
func TestDatabaseFailsOver(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	primary := postgres.New(t)
	primary.Exec(t, "create database openrbm")
	standby := primary.Standby(t)
	p := startProcesses(t, 2, primary.Either(standby, "openrbm"), "")
	l := p.load(ctx, int(number("CLUSTER_PHONES", 20)), int(number("CLUSTER_RATE", 0)))
	for range number("CLUSTER_BREAKS", 5) {
		l.acks(ctx, 50)
		terminate(ctx, t, primary)
	}
	l.acks(ctx, 50)
	terminate(ctx, t, primary)
	primary.Crash(t)
	began := time.Now()
	l.answered(ctx, http.StatusServiceUnavailable, 1)
	for i := range p.addresses {
		if err := p.readiness(ctx, i, false); err != nil {
			t.Error(err)
		}
	}
	<-time.After(number("CLUSTER_OUTAGE", 1) * time.Millisecond)
	standby.Promote(t)
	promoted := time.Now()
	for i := range p.addresses {
		if err := p.readiness(ctx, i, true); err != nil {
			t.Error(err)
		}
	}
	l.acks(ctx, 1)
	t.Logf("without a database for %v; ready and sending %v after the promotion", promoted.Sub(began).Round(time.Millisecond), time.Since(promoted).Round(time.Millisecond))
	l.acks(ctx, 200)
	l.end(ctx)
	l.onlyAnswers(http.StatusOK, http.StatusServiceUnavailable)
	nodes, err := p.admin().Status(ctx)
	if err != nil || len(nodes.Nodes) != len(p.addresses) {
		t.Errorf("the nodes are %s, %v", strings.TrimSpace(fmt.Sprintf("%+v", nodes)), err)
	}
}
