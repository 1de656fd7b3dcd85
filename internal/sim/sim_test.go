package sim

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/openrbm/openrbm/internal/store"
	"github.com/openrbm/openrbm/test/postgres"
)

// Some worlds; `openrbm sim` lives as many as you like, and shows what happens in them.
func TestWorlds(t *testing.T) { allIsWell(t, 300, Options{}) }

// Two or three nodes that all accept.
func TestSharedWorlds(t *testing.T) { allIsWell(t, 300, Options{BothAccept: true}) }

// The same, and they know each other.
func TestClusterWorlds(t *testing.T) { allIsWell(t, 60, Options{BothAccept: true, Cluster: true}) }

// allIsWell lives n worlds and returns their transcripts.
func allIsWell(t *testing.T, n int, o Options) (transcripts [][]byte) {
	t.Helper()
	Run(t.Context(), 1, n, o, func(w *Outcome) bool {
		for _, wrong := range w.Wrong {
			t.Errorf("seed %d: %s", w.Seed, wrong)
		}
		if w.Steps < 100 {
			t.Errorf("seed %d: nothing happens: %d steps", w.Seed, w.Steps)
		}
		transcripts = append(transcripts, w.Transcript)
		return true
	})
	return transcripts
}

// The same worlds on real stores. What happens in them is the same, to the byte, but
// for the numbers of PostgreSQL, which it does not forget.
func TestStores(t *testing.T) {
	n := 50
	if testing.Short() {
		n = 5
	}
	for _, both := range []bool{false, true} {
		inMemory := allIsWell(t, n, Options{BothAccept: both})
		for name, open := range map[string]func() (Ground, error){"pebble": Pebble, "postgres": Postgres(postgres.Database(t))} {
			t.Run(fmt.Sprint(name, ", both accept ", both), func(t *testing.T) {
				began := time.Now()
				n := n
				if name == "postgres" {
					n = (n + 1) / 2 // it takes its time
				}
				here := allIsWell(t, n, Options{BothAccept: both, Store: open})
				t.Logf("%d worlds in %v", n, time.Since(began).Round(time.Millisecond))
				for i := range here {
					if name == "postgres" && both {
						break
					}
					if d := firstDifference(inMemory[i], here[i]); d != "" {
						t.Errorf("seed %d is another world than in memory: %s", i+1, d)
					}
				}
			})
		}
	}
}

// killing is ground on a server that is killed in a crash, and started again.
type killing struct {
	Ground
	t      *testing.T
	server *postgres.Server
}

func (k killing) Crash(db store.DB) error {
	k.server.Kill(k.t)
	k.server.Start(k.t)
	return k.Ground.Crash(db)
}

// A loss of power that kills PostgreSQL in earnest takes nothing with it.
func TestPostgresIsKilled(t *testing.T) {
	server := postgres.New(t)
	dsn := server.Database(t)
	kills := Options{Store: func() (Ground, error) {
		g, err := Postgres(dsn)()
		return killing{g, t, server}, err
	}}
	for seed := range uint64(5) { // one at a time: they share the server
		here, inMemory := World(seed+1, kills), World(seed+1, Options{})
		for _, wrong := range here.Wrong {
			t.Errorf("seed %d: %s", seed+1, wrong)
		}
		if d := firstDifference(inMemory.Transcript, here.Transcript); d != "" {
			t.Errorf("seed %d is another world than in memory: %s", seed+1, d)
		}
	}
}

// forgetful is ground that loses in a crash what it had answered for.
type forgetful struct{ Ground }

func (f *forgetful) Crash(db store.DB) (err error) {
	_ = db.Close() // it goes
	f.Ground, err = Pebble()
	return err
}

// What a real store loses, the oracle misses.
func TestLossIsNoticed(t *testing.T) {
	open := func() (Ground, error) {
		g, err := Pebble()
		return &forgetful{g}, err
	}
	lost := 0
	Run(t.Context(), 1, 20, Options{Store: open}, func(w *Outcome) bool {
		if strings.Contains(strings.Join(w.Wrong, "\n"), "is lost") {
			lost++
		}
		return true
	})
	if lost == 0 {
		t.Error("a store that forgets everything is as good as another")
	}
}

// A store that cannot be made or opened is what is wrong with a world.
func TestNoStore(t *testing.T) {
	out := World(1, Options{Store: Postgres("postgres://127.0.0.1:1/none")})
	if len(out.Wrong) != 1 || !strings.HasPrefix(out.Wrong[0], "making a store: ") {
		t.Errorf("%q", out.Wrong)
	}
}

func TestMain(m *testing.M) { postgres.Main(m) }

// Everything follows from the seed: transcripts are the same to the byte. So they
// are when things go wrong.
func TestTheSameSeedIsTheSameWorld(t *testing.T) {
	for name, o := range map[string]Options{"well": {}, "both accept": {BothAccept: true}, "cluster": {BothAccept: true, Cluster: true}} {
		t.Run(name, func(t *testing.T) {
			var first [30][]byte
			for again := range 2 {
				Run(t.Context(), 1, len(first), o, func(w *Outcome) bool {
					if again == 0 {
						first[w.Seed-1] = w.Transcript
					} else if here := firstDifference(first[w.Seed-1], w.Transcript); here != "" {
						t.Errorf("seed %d: %s", w.Seed, here)
					}
					return true
				})
			}
		})
	}
	if World(1, Options{}).Steps == World(2, Options{}).Steps {
		t.Error("another seed is the same world")
	}
}

// firstDifference is the first line in which a and b differ; "" if they are equal.
func firstDifference(a, b []byte) string {
	as, bs := bytes.Split(a, []byte{'\n'}), bytes.Split(b, []byte{'\n'})
	for i := range max(len(as), len(bs)) {
		switch {
		case i >= len(as) || i >= len(bs):
			return "one ends before the other"
		case !bytes.Equal(as[i], bs[i]):
			return string(as[i]) + "\nand then " + string(bs[i])
		}
	}
	return ""
}
