package cluster_test

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"io"
	"maps"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/openrbm/openrbm/client"
	"github.com/openrbm/openrbm/internal/loadgen"
	"github.com/openrbm/openrbm/test/postgres"
)

// arrangement is a row of the table.
type arrangement struct {
	nodes  int
	name   string
	online bool // phones are connected
	apart  bool // to the other node than the one that accepts their messages
}

var arrangements = []arrangement{
	{1, "accept, phones away", false, false},
	{1, "accept and deliver", true, false},
	{2, "accept, phones away", false, false},
	{2, "accept and deliver, phones at the node that accepts", true, false},
	{2, "accept and deliver, phones at the other node", true, true},
}

// figures of a run: messages, seconds and CPU seconds.
type figures struct {
	accepted, sending, arriving float64
	nodes, load, database       float64
	commits, wal, sync          float64 // of the database; the bytes of its log, and how long it waited for the disk
}

// BenchmarkNodes compares one node with two on one database, which has the second
// processor to itself; nodes and load share the first. It prints tables for
// docs/performance.md: what was accepted and delivered, what a message costs which
// process, and on what a node spends its time. CLUSTER_ROUNDS (2) and
// CLUSTER_SECONDS (8, of sending in each row) make it longer. It needs taskset.
func BenchmarkNodes(b *testing.B) {
	if _, err := exec.LookPath("taskset"); err != nil {
		b.Skip("there is no taskset")
	}
	postgres.Pin(b, os.Getpid(), 0) // and all that is started from here
	server := postgres.New(b, "track_wal_io_timing=on")
	server.Pin(b, 1)
	all := make([][]figures, len(arrangements))
	rounds := int(number("CLUSTER_ROUNDS", 2))
	profiles := make(map[string][]byte)
	for round := range rounds {
		for n := 1; n <= 2; n++ {
			c := startMeasured(b, server, n)
			for i, a := range arrangements {
				if a.nodes == n {
					all[i] = append(all[i], c.run(b, a, fmt.Sprintf("%d%d", round, i), nil))
				}
			}
			if a := arrangements[[]int{1, 4}[n-1]]; round == rounds-1 {
				profile := new(bytes.Buffer)
				c.run(b, a, fmt.Sprintf("9%d", n), profile)
				profiles[fmt.Sprintf("%d: %s", n, a.name)] = profile.Bytes()
			}
			for i := range n {
				c.kill(i)
			}
		}
	}
	fmt.Printf("\n| nodes | | accepted/s | delivered/s | CPU of nodes and load | of the database | its log waits for the disk | µs a message: nodes | load | database | transactions a message | bytes of log a message |\n|---|---|---|---|---|---|---|---|---|---|---|---|\n")
	for i, a := range arrangements {
		fmt.Println(row(a, all[i]))
	}
	for _, name := range slices.Sorted(maps.Keys(profiles)) {
		fmt.Printf("\nWhere a node spends its time (nodes, %s):\n\n| package | of its CPU |\n|---|---|\n%s", name, shares(b, profiles[name]))
	}
	b.ReportMetric(0, "ns/op") // the tables say it
}

func row(a arrangement, runs []figures) string {
	var s figures
	for _, f := range runs {
		s.accepted += f.accepted
		s.sending += f.sending
		s.arriving += f.arriving
		s.nodes += f.nodes
		s.load += f.load
		s.database += f.database
		s.commits += f.commits
		s.wal += f.wal
		s.sync += f.sync
	}
	delivered := "–"
	if a.online {
		delivered = fmt.Sprintf("%.0f", s.accepted/s.arriving)
	}
	each := func(cpu float64) string { return fmt.Sprintf("%.0f", 1e6*cpu/s.accepted) }
	return fmt.Sprintf("| %d | %s | %.0f | %s | %.0f %% | %.0f %% | %.0f %% | %s | %s | %s | %.2f | %.0f |", a.nodes, a.name, s.accepted/s.sending, delivered,
		100*(s.nodes+s.load)/s.arriving, 100*s.database/s.arriving, 100*s.sync/s.arriving, each(s.nodes), each(s.load), each(s.database), s.commits/s.accepted, s.wal/s.accepted)
}

// measured is a cluster whose parts are looked at.
type measured struct {
	*processes
	server   *postgres.Server
	database string
	key      string // file
}

func startMeasured(b *testing.B, server *postgres.Server, n int) *measured {
	b.Helper()
	dsn := server.Database(b)
	c := &measured{processes: startProcesses(b, n, dsn, ""), server: server, database: dsn[strings.LastIndex(dsn, "=")+1:]}
	admin := c.admin()
	_, err := admin.CreateAgent(b.Context(), client.Agent{AgentID: "agent", DisplayName: "Agent", Launched: true})
	var key []byte
	if err == nil {
		key, err = admin.CreateKey(b.Context(), "agent")
	}
	if err != nil {
		b.Fatal(err)
	}
	c.write("key.json", string(key))
	c.key = filepath.Join(c.dir, "key.json")
	return c
}

// run loads each node from a generator of its own. The first node's profile of that time goes to profile.
func (c *measured) run(b *testing.B, a arrangement, name string, profile io.Writer) figures {
	b.Helper()
	const connections, phones = 128, 400 // of all nodes together
	var ready, done sync.WaitGroup
	ready.Add(a.nodes)
	begin := sync.OnceValue(c.look)
	sums := make([]*loadgen.Summary, a.nodes)
	for i := range a.nodes {
		o := loadgen.Options{
			URL: "http://" + c.addresses[i], KeyFile: c.key, AdminToken: adminToken, Agent: "agent",
			Connections: connections / a.nodes, Duration: number("CLUSTER_SECONDS", 8) * time.Second,
			Phones: phones / a.nodes, First: fmt.Sprintf("+1%s%d%07d", name, i+1, 0),
		}
		if a.online {
			o.Online = o.Phones
		}
		if a.apart {
			o.DeviceURL = "ws://" + c.addresses[1-i] + "/device/v1/connect"
		}
		o.Before = func(s loadgen.Stage) {
			if s == loadgen.Sending {
				ready.Done()
				ready.Wait()
				begin()
			}
		}
		done.Go(func() {
			var err error
			if sums[i], err = loadgen.Run(b.Context(), o); err == nil {
				err = sums[i].Err()
			}
			if err != nil {
				b.Errorf("node %d: %s: %v", i, a.name, err)
			}
		})
	}
	if profile != nil {
		ready.Wait()
		c.profile(b, profile)
	}
	done.Wait()
	before, after := begin(), c.look()
	f := figures{
		arriving: after.at.Sub(before.at).Seconds(), nodes: (after.nodes - before.nodes).Seconds(), load: (after.load - before.load).Seconds(),
		database: (after.database - before.database).Seconds(), commits: after.commits - before.commits, wal: after.wal - before.wal, sync: after.sync - before.sync,
	}
	for _, s := range sums {
		if s == nil {
			b.FailNow()
		}
		f.accepted += float64(s.Accepted)
		f.sending = max(f.sending, s.Seconds)
	}
	return f
}

// moment is what the parts have used up.
type moment struct {
	at                    time.Time
	nodes, load, database time.Duration
	commits, wal, sync    float64
}

func (c *measured) look() moment {
	m := moment{at: time.Now(), database: c.server.CPU()}
	m.load, _ = postgres.CPU(os.Getpid())
	for _, cmd := range c.running {
		own, _ := postgres.CPU(cmd.Process.Pid)
		m.nodes += own
	}
	m.commits = c.ask("select xact_commit from pg_stat_database where datname = '" + c.database + "'")
	m.wal = c.ask("select pg_current_wal_insert_lsn() - '0/0'")
	m.sync = c.ask("select wal_sync_time from pg_stat_wal") / 1000
	return m
}

func (c *measured) ask(sql string) float64 {
	n, err := strconv.ParseFloat(c.server.Query(c.t, sql), 64)
	if err != nil {
		c.t.Error(err)
	}
	return n
}

// profile fetches the CPU profile of the first node.
func (c *measured) profile(b *testing.B, to io.Writer) {
	seconds := max(1, int(number("CLUSTER_SECONDS", 8))-2)
	req, err := http.NewRequestWithContext(b.Context(), http.MethodGet, fmt.Sprintf("http://%s/debug/pprof/profile?seconds=%d", c.addresses[0], seconds), nil)
	if err != nil {
		b.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+adminToken)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		b.Fatal(err)
	}
	defer resp.Body.Close()
	if _, err := io.Copy(to, resp.Body); err != nil || resp.StatusCode != http.StatusOK {
		b.Fatalf("profile: %s, %v", resp.Status, err)
	}
}

var sample = regexp.MustCompile(`(?m)^\s*\S+\s+([0-9.]+)%\s+\S+\s+\S+\s+\S+\s+(\S+)`)

// shares are the packages in which a profile was taken, as rows of a table.
func shares(b *testing.B, profile []byte) string {
	b.Helper()
	file := filepath.Join(b.TempDir(), "profile")
	if err := os.WriteFile(file, profile, 0o600); err != nil {
		b.Fatal(err)
	}
	out, err := exec.CommandContext(context.Background(), "go", "tool", "pprof", "-top", "-nodecount=100000", "-nodefraction=0", file).Output()
	if err != nil {
		b.Fatal(err)
	}
	type share struct {
		name string
		part float64
	}
	parts := map[string]float64{}
	for _, m := range sample.FindAllStringSubmatch(string(out), -1) {
		part, _ := strconv.ParseFloat(m[1], 64) // digits
		parts[packageOf(m[2])] += part
	}
	var all []share
	for name, part := range parts {
		if part == 0 {
			continue
		}
		all = append(all, share{name, part})
	}
	slices.SortFunc(all, func(x, y share) int { return cmp.Compare(y.part, x.part) })
	var rows strings.Builder
	const most = 15
	for _, s := range all[:min(len(all), most)] {
		fmt.Fprintf(&rows, "| %s | %.1f %% |\n", s.name, s.part)
	}
	return rows.String()
}

// packageOf is the package of a function's name.
func packageOf(function string) string {
	dir, name := "", function
	if i := strings.LastIndex(strings.SplitN(function, "[", 2)[0], "/"); i >= 0 {
		dir, name = function[:i+1], function[i+1:]
	}
	name, _, _ = strings.Cut(name, ".")
	return strings.TrimPrefix(dir+name, "github.com/openrbm/openrbm/")
}
