package bench

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/openrbm/openrbm/internal/loadgen"
	"github.com/openrbm/openrbm/test/process"
)

// idlePhones is how many phones are to be connected, if a process may have that
// many files open.
const idlePhones = 50_000

// filesBeside is how many files each side needs beside its phones.
const filesBeside = 500

// BenchmarkIdlePhones says what a connected phone that does nothing costs the real
// binary, in KiB of resident memory, and how long all phones take to be back after
// the server was stopped, and after it was killed. Meanwhile a few messages a
// second are sent to them, and each must come once.
func BenchmarkIdlePhones(b *testing.B) {
	if testing.Short() {
		b.Skip("connects tens of thousands of phones")
	}
	n := phonesPossible(b)
	for b.Loop() {
		d := process.StartDemo(b, b.TempDir())
		b.ReportMetric(float64(n), "phones")
		b.ReportMetric(0, "ns/op")
		idle(b, d, n)
	}
}

func phonesPossible(b *testing.B) int {
	var files syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &files); err != nil { // the Go runtime has raised it to the most
		b.Fatal(err)
	}
	n := min(idlePhones, int(files.Max)-filesBeside)
	if n < idlePhones {
		b.Logf("%d phones in place of %d: a process may have no more than %d files open (ulimit -Hn)", n, idlePhones, files.Max)
	}
	return n
}

func idle(b *testing.B, d *process.Demo, n int) {
	ctx, cancel := context.WithCancel(b.Context())
	defer cancel()
	sending := make(chan struct{})
	var before float64
	var begin time.Time
	done := make(chan *loadgen.Summary, 1)
	go func() {
		s, err := loadgen.Run(ctx, loadgen.Options{
			URL: d.Ready.APIURL, KeyFile: d.Ready.Agents[0].KeyFile, AdminToken: d.Ready.AdminToken, Agent: d.Ready.Agents[0].AgentID,
			Phones: n, Online: n, Rate: 20, Connections: 4, Duration: time.Hour,
			Before: func(s loadgen.Stage) {
				switch s {
				case loadgen.Connecting:
					restart(b, d, syscall.SIGTERM) // without what the making of the phones has left behind
					before = metric(b, d, "process_resident_memory_bytes")
					begin = time.Now()
				case loadgen.Sending:
					close(sending)
				}
			},
		})
		if err != nil {
			b.Error(err)
		}
		done <- s
	}()
	select {
	case <-sending:
	case <-done:
		return
	}
	b.ReportMetric(time.Since(begin).Seconds(), "connect-s")
	b.ReportMetric((resident(b, d)-before)/1024/float64(n), "KiB")
	b.ReportMetric((metric(b, d, "go_memstats_heap_inuse_bytes")+metric(b, d, "go_memstats_stack_inuse_bytes"))/1024/float64(n), "heap-and-stack-KiB")
	b.ReportMetric(back(b, d, n, syscall.SIGTERM).Seconds(), "reconnect-s")
	b.ReportMetric(back(b, d, n, syscall.SIGKILL).Seconds(), "reconnect-killed-s")
	cancel()
	s := <-done
	if s == nil {
		return
	}
	if err := s.Err(); err != nil || s.Accepted == 0 || s.Checks.Disconnects < int64(2*n) {
		b.Errorf("%v: %+v", err, s)
	}
	b.ReportMetric(float64(s.Accepted), "messages")
}

// resident is the resident memory after a minute, in which the garbage of the
// handshakes has gone and there was a sweep over all mailboxes.
func resident(b *testing.B, d *process.Demo) float64 {
	time.Sleep(time.Minute)
	return metric(b, d, "process_resident_memory_bytes")
}

// back ends the server, starts it again, and returns how long after that all
// phones are connected.
func back(b *testing.B, d *process.Demo, n int, signal syscall.Signal) time.Duration {
	restart(b, d, signal)
	begin := time.Now()
	for metric(b, d, "openrbm_phones_online") < float64(n) {
		if time.Since(begin) > 5*time.Minute {
			b.Fatalf("%g of %d phones are back", metric(b, d, "openrbm_phones_online"), n)
		}
		time.Sleep(50 * time.Millisecond)
	}
	return time.Since(begin)
}

func restart(b *testing.B, d *process.Demo, signal syscall.Signal) {
	if signal == syscall.SIGKILL {
		d.Kill()
	} else if took, err := d.Stop(b.Context()); err != nil {
		b.Errorf("stopping took %v: %v", took, err)
	}
	d.Start()
}

// metric reads one metric without labels.
func metric(b *testing.B, d *process.Demo, name string) float64 {
	ask, err := http.NewRequest("GET", d.Ready.APIURL+"/metrics", nil)
	if err != nil {
		b.Fatal(err)
	}
	ask.Header.Set("Authorization", "Bearer "+d.Ready.AdminToken)
	answer, err := http.DefaultClient.Do(ask)
	if err != nil {
		b.Fatal(err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		b.Fatal(err)
	}
	line := regexp.MustCompile(`(?m)^` + name + ` (\S+)$`).FindSubmatch(text)
	if line == nil {
		b.Fatal(fmt.Errorf("no %s in the metrics", name))
	}
	v, err := strconv.ParseFloat(string(line[1]), 64)
	if err != nil {
		b.Fatal(err)
	}
	return v
}
