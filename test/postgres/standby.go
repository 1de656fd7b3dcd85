package postgres

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// Standby is a new server that repeats what s does. From now on s commits nothing
// before the standby has it on its disk too.
func (s *Server) Standby(t testing.TB) *Server {
	t.Helper()
	standby, err := create(s, append([]string{"cluster_name=standby"}, s.settings...))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(standby.remove)
	s.Exec(t, "alter system set synchronous_standby_names = 'standby'")
	s.Exec(t, "select pg_reload_conf()")
	s.await(t, "select count(*) > 0 from pg_stat_replication where sync_state = 'sync'")
	return standby
}

// Promote makes a standby take writes, and returns when it does. It needs no
// further standby for that.
func (s *Server) Promote(t testing.TB) {
	t.Helper()
	s.Exec(t, "select pg_promote(true, 60)")
	s.Exec(t, "alter system set synchronous_standby_names = ''")
	s.Exec(t, "select pg_reload_conf()")
	s.await(t, "select not pg_is_in_recovery()")
}

// Either is the DSN of a database that is at one of two servers.
func (s *Server) Either(other *Server, database string) string {
	return fmt.Sprintf("host=%s,%s port=5432 user=%s sslmode=disable dbname=%s target_session_attrs=read-write", s.dir, other.dir, superuser, database)
}

// await waits until a query answers true.
func (s *Server) await(t testing.TB, sql string) {
	t.Helper()
	for late := time.Now().Add(startTimeout); s.Query(t, sql) != "true"; {
		if time.Now().After(late) {
			t.Fatalf("not within %v: %s", startTimeout, sql)
		}
	}
}

// Query is the one value that a query of the superuser yields, as text.
func (s *Server) Query(t testing.TB, sql string) (value string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), startTimeout)
	defer cancel()
	c, err := pgx.Connect(ctx, s.DSN("postgres"))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close(ctx)
	if err := c.QueryRow(ctx, "select ("+sql+")::text").Scan(&value); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	return value
}

// Crash ends all processes of the server with SIGKILL.
func (s *Server) Crash(t testing.TB) {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	first := s.cmd.Process.Pid
	_ = syscall.Kill(first, syscall.SIGSTOP) // it starts no more of them
	for _, pid := range append(children(first), first) {
		_ = syscall.Kill(pid, syscall.SIGKILL) // it may have ended
	}
	select {
	case <-s.gone:
	case <-time.After(stopTimeout):
		t.Fatalf("PostgreSQL does not end within %v", stopTimeout)
	}
	s.cmd = nil
	dropShared(filepath.Join(s.dir, "data", "postmaster.pid"))
}

// children are the processes that pid has started, where /proc tells.
func children(pid int) (found []int) {
	paths, _ := filepath.Glob("/proc/[0-9]*/stat")
	for _, path := range paths {
		stat, err := os.ReadFile(path)
		if err != nil {
			continue // it has ended
		}
		_, after, _ := strings.Cut(string(stat), ") ") // behind the name: state, parent
		fields := strings.Fields(after)
		child, err := strconv.Atoi(filepath.Base(filepath.Dir(path)))
		if err == nil && len(fields) > 1 && fields[1] == strconv.Itoa(pid) {
			found = append(found, child)
		}
	}
	return found
}
