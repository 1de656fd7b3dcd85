package postgres

import (
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

// Pin keeps all processes of the server on one processor.
func (s *Server) Pin(t testing.TB, processor int) {
	t.Helper()
	first := s.cmd.Process.Pid
	for _, pid := range append(children(first), first) {
		Pin(t, pid, processor)
	}
}

// Pin keeps a process, and all that it starts from now on, on one processor.
func Pin(t testing.TB, pid, processor int) {
	t.Helper()
	if out, err := exec.Command("taskset", "-acp", strconv.Itoa(processor), strconv.Itoa(pid)).CombinedOutput(); err != nil {
		t.Fatalf("taskset: %v: %s", err, out)
	}
}

// CPU is the time that the server has had, with those of its processes that have
// ended.
func (s *Server) CPU() (total time.Duration) {
	first := s.cmd.Process.Pid
	for _, pid := range children(first) {
		own, _ := CPU(pid)
		total += own
	}
	own, ended := CPU(first)
	return total + own + ended
}

// CPU is the time that a process has had, and that those it started and that have
// ended had, as /proc tells it; zero where that does not exist.
func CPU(pid int) (own, ended time.Duration) {
	stat, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "stat"))
	_, after, _ := strings.Cut(string(stat), ") ") // behind the name
	fields := strings.Fields(after)
	const user = 11 // utime, stime, cutime, cstime begin here
	if err != nil || len(fields) < user+4 {
		return 0, 0
	}
	ticks := func(i int) time.Duration {
		n, _ := strconv.Atoi(fields[user+i]) // a number
		return time.Duration(n) * 10 * time.Millisecond
	}
	return ticks(0) + ticks(1), ticks(2) + ticks(3)
}
