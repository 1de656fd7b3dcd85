package bench

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/openrbm/openrbm/phone"
)

// onlinePhones are connected while frames are timed.
const onlinePhones = 64

// sends are sends to phones that are online, from their start to their frames.
type sends struct {
	*load
	body   []byte
	series int // the ids of a series begin with its number

	began   time.Time       // of the series
	begun   []atomic.Int64  // by the number of the send: ns since began
	took    []atomic.Int64  // ns to the frame; 0: it has not come
	arrived []chan struct{} // by connection, for closed loops; nil in open ones
}

// From the start of a send to the frame at an online phone, while the server has
// half of the load that it can take: the load of a closed loop in which 256
// connections send, and wait for the frame. In each round: the time of one fsync
// of the same disk, the closed loop, then half its rate in an open loop.
func BenchmarkFrame(b *testing.B) {
	s := newSends(b)
	for b.Loop() {
		var p50, p99, p50s, p99s, syncs, rates []float64
		for range rounds {
			sync := fsyncTime(b)
			top := s.closedLoop(b, 2*time.Second)
			frames := s.openLoop(b, top/2, 3*time.Second)
			m, w := at(frames, 50), at(frames, 99)
			b.Logf("fsync %v; %.0f/s at most; at half of it p50 %v, p99 %v", sync, top, m, w)
			p50, p99 = append(p50, float64(m)/float64(sync)), append(p99, float64(w)/float64(sync))
			p50s, p99s = append(p50s, float64(m.Microseconds())), append(p99s, float64(w.Microseconds()))
			syncs, rates = append(syncs, float64(sync.Microseconds())), append(rates, top)
		}
		for name, values := range map[string][]float64{
			"p50-vs-fsync": p50, "p99-vs-fsync": p99, "p50-µs": p50s, "p99-µs": p99s, "fsync-µs": syncs, "closed-frames/s": rates,
		} {
			b.ReportMetric(median(values), name)
		}
		b.ReportMetric(0, "ns/op")
	}
}

func newSends(b *testing.B) *sends {
	s := &sends{load: newLoad(b, onlinePhones), body: cardAt(b)}
	for i, token := range s.tokens {
		p, err := phone.Dial(b.Context(), phone.Options{URL: s.Ready.DeviceURL, Number: queuedPhone(i), Token: token, OnEvent: func(e phone.Event) {
			if m, ok := e.(*phone.Message); ok {
				s.arrive(m)
			}
		}})
		must(b, err)
		b.Cleanup(func() { p.Close() })
	}
	return s
}

// begin makes room for a series of n sends.
func (s *sends) begin(n int) {
	s.series++
	s.began, s.begun, s.took, s.arrived = time.Now(), make([]atomic.Int64, n), make([]atomic.Int64, n), nil
}

// arrive notes how long a send took. It is called by the phones.
func (s *sends) arrive(m *phone.Message) {
	series, number, _ := strings.Cut(m.MessageID, "-")
	i, err := strconv.Atoi(number)
	if err != nil || series != strconv.Itoa(s.series) {
		return // of a series that has ended
	}
	s.took[i].Store(int64(time.Since(s.began)) - s.begun[i].Load())
	if s.arrived != nil {
		s.arrived[i%connections] <- struct{}{}
	}
}

// post sends number i, which began at begun.
func (s *sends) post(r *requester, i int, begun time.Time) error {
	s.begun[i].Store(int64(begun.Sub(s.began)))
	path := fmt.Sprintf("/v1/phones/%s/agentMessages?messageId=%d-%d&agentId=%s", queuedPhone(i%onlinePhones), s.series, i, s.Ready.Agents[0].AgentID)
	return r.post(path, s.token, s.body)
}

// onConnections runs do on each of n connections.
func (s *sends) onConnections(b *testing.B, n int, do func(c int, r *requester) error) {
	b.Helper()
	var wg sync.WaitGroup
	for c := range n {
		r, err := dial(s.address)
		must(b, err)
		wg.Go(func() {
			defer r.Close()
			if err := do(c, r); err != nil {
				b.Errorf("connection %d: %v", c, err)
			}
		})
	}
	wg.Wait()
	if b.Failed() {
		b.FailNow()
	}
}

// closedLoop is the rate at which 256 connections can send if each waits for its frame.
func (s *sends) closedLoop(b *testing.B, d time.Duration) float64 {
	const room = 1 << 20
	s.begin(room)
	s.arrived = make([]chan struct{}, connections)
	for c := range s.arrived {
		s.arrived[c] = make(chan struct{}, 1)
	}
	var sent atomic.Int64
	begin := time.Now()
	s.onConnections(b, connections, func(c int, r *requester) error {
		for i := c; i < room && time.Since(begin) < d; i += connections {
			if err := s.post(r, i, time.Now()); err != nil {
				return err
			}
			<-s.arrived[c]
			sent.Add(1)
		}
		return nil
	})
	return float64(sent.Load()) / time.Since(begin).Seconds()
}

// openLoop sends at a rate, whatever the server does, and returns the sorted
// times to the frames. A send that the server's slowness holds up began when it
// was to begin; that a sleep of the generator ends late is not the server's.
func (s *sends) openLoop(b *testing.B, rate float64, d time.Duration) []time.Duration {
	n := int(rate * d.Seconds())
	s.begin(n)
	const lanes = 64
	begin := time.Now()
	s.onConnections(b, lanes, func(c int, r *requester) error {
		for i := c; i < n; i += lanes {
			due := begin.Add(time.Duration(float64(i) / rate * float64(time.Second)))
			if early := time.Until(due); early > 0 {
				time.Sleep(early)
				due = time.Now()
			}
			if err := s.post(r, i, due); err != nil {
				return err
			}
		}
		return nil
	})
	return s.frames(b)
}

// frames waits until all of a series have arrived, and sorts their times.
func (s *sends) frames(b *testing.B) []time.Duration {
	late := time.Now().Add(time.Minute)
	times := make([]time.Duration, len(s.took))
	for i := range s.took {
		for times[i] = time.Duration(s.took[i].Load()); times[i] == 0; times[i] = time.Duration(s.took[i].Load()) {
			if time.Now().After(late) {
				b.Fatalf("the frame of send %d has not come after a minute", i)
			}
			time.Sleep(time.Millisecond)
		}
	}
	slices.Sort(times)
	return times
}

func at(sorted []time.Duration, percent int) time.Duration {
	return sorted[min(len(sorted)-1, len(sorted)*percent/100)]
}

// fsyncTime is the median time to write 2 kB to the end of a file and sync it.
func fsyncTime(b *testing.B) time.Duration {
	f, err := os.Create(filepath.Join(b.TempDir(), "sync"))
	must(b, err)
	defer f.Close()
	var times []time.Duration
	for range 200 {
		begin := time.Now()
		if _, err := f.Write(make([]byte, 2048)); err != nil {
			b.Fatal(err)
		}
		must(b, f.Sync())
		times = append(times, time.Since(begin))
	}
	slices.Sort(times)
	return times[len(times)/2]
}
