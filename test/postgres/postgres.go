// Package postgres runs a real PostgreSQL for tests: a cluster in a directory of
// its own, reached through a Unix socket, with nothing of it left afterwards.
package postgres

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// startTimeout bounds the start of a server, stopTimeout a clean stop.
const (
	startTimeout = 60 * time.Second
	stopTimeout  = 30 * time.Second
)

// superuser is the role that tests connect as.
const superuser = "openrbm"

// Server is a cluster with its server. Use New, or Database for the shared one.
type Server struct {
	dir  string // holds the data and the socket
	bin  string // where PostgreSQL's programs are
	args []string

	settings []string // those that New was given

	mu        sync.Mutex
	cmd       *exec.Cmd
	gone      chan struct{} // closed when cmd has ended
	databases atomic.Int64
}

// New is a cluster of t's own, started with further settings ("name=value").
func New(t testing.TB, settings ...string) *Server {
	t.Helper()
	s, err := create(nil, settings)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.remove)
	return s
}

var shared struct {
	sync.Mutex
	server *Server
	err    error
}

// Main runs the tests of a package whose tests use Database, and then removes
// the shared cluster: func TestMain(m *testing.M) { postgres.Main(m) }.
func Main(m *testing.M) {
	code := m.Run()
	if shared.server != nil {
		shared.server.remove()
	}
	os.Exit(code)
}

// Database is the DSN of an empty database in the cluster that all tests of the
// process share. The first call makes the cluster. The package needs Main.
func Database(t testing.TB) string {
	t.Helper()
	return Shared(t).Database(t)
}

// Shared is the cluster that all tests of the process share.
func Shared(t testing.TB) *Server {
	t.Helper()
	shared.Lock()
	defer shared.Unlock()
	if shared.server == nil && shared.err == nil {
		shared.server, shared.err = create(nil, nil)
	}
	if shared.err != nil {
		t.Fatal(shared.err)
	}
	return shared.server
}

// Database is the DSN of a new, empty database, dropped when t ends.
func (s *Server) Database(t testing.TB) string {
	t.Helper()
	name := fmt.Sprintf("test%d", s.databases.Add(1))
	s.Exec(t, "create database "+name)
	t.Cleanup(func() { s.Exec(t, "drop database if exists "+name+" with (force)") })
	return s.DSN(name)
}

// DSN is how database is reached.
func (s *Server) DSN(database string) string { return s.Keywords() + " dbname=" + database }

// Keywords are a DSN without the database.
func (s *Server) Keywords() string {
	return fmt.Sprintf("host=%s port=5432 user=%s sslmode=disable", s.dir, superuser)
}

// Dir is where the server's socket is, a host in a DSN.
func (s *Server) Dir() string { return s.dir }

// Socket is the path of the Unix socket on which the server listens.
func (s *Server) Socket() string { return filepath.Join(s.dir, ".s.PGSQL.5432") }

// Exec runs a statement as superuser.
func (s *Server) Exec(t testing.TB, sql string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), startTimeout)
	defer cancel()
	c, err := pgx.Connect(ctx, s.DSN("postgres"))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close(ctx)
	if _, err := c.Exec(ctx, sql); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
}

// Kill ends the server at once, as a crash of the machine does to its processes; Crash
// does it without its knowing.
func (s *Server) Kill(t testing.TB) {
	t.Helper()
	if err := s.end(syscall.SIGQUIT); err != nil {
		t.Fatal(err)
	}
}

// Stop shuts the server down in order, breaking its connections.
func (s *Server) Stop(t testing.TB) {
	t.Helper()
	if err := s.end(syscall.SIGINT); err != nil {
		t.Fatal(err)
	}
}

// Start starts a server that was stopped or killed, and returns when it takes
// connections.
func (s *Server) Start(t testing.TB) {
	t.Helper()
	if err := s.start(); err != nil {
		t.Fatal(err)
	}
}

// create makes a cluster, or a standby of source, and starts its server.
func create(source *Server, settings []string) (*Server, error) {
	bin, err := programs()
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "openrbm-pg-") // short: the path of a socket has at most 107 bytes
	if err != nil {
		return nil, err
	}
	s := &Server{dir: dir, bin: bin, settings: settings, args: []string{
		"-D", filepath.Join(dir, "data"), "-k", dir, "-c", "listen_addresses=", "-c", "port=5432",
		"-c", "max_connections=300", "-c", "logging_collector=off", "-c", "dynamic_shared_memory_type=mmap",
	}}
	for _, setting := range settings {
		s.args = append(s.args, "-c", setting)
	}
	if err := s.init(source); err != nil {
		s.remove()
		return nil, err
	}
	return s, nil
}

// init makes the data, those of source if there is one, and starts the server.
func (s *Server) init(source *Server) error {
	if uid, gid, err := owner(); err != nil {
		return err
	} else if err := os.Chown(s.dir, uid, gid); err != nil {
		return err
	}
	data := filepath.Join(s.dir, "data")
	cmd := s.command("initdb", "-D", data, "-U", superuser, "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync")
	if source != nil {
		cmd = s.command("pg_basebackup", "-D", data, "-d", source.Keywords(), "-R", "-c", "fast", "--no-sync")
	}
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w\n%s", cmd.Path, err, out)
	}
	return s.start()
}

// programs is the directory with the newest PostgreSQL's programs.
func programs() (string, error) {
	found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/postgres") // as Debian has them
	if path, err := exec.LookPath("postgres"); err == nil {
		found = append(found, path)
	}
	if len(found) == 0 {
		return "", fmt.Errorf("these tests need a PostgreSQL server, and there is none: run `make deps`")
	}
	slices.SortFunc(found, func(a, b string) int { return version(a) - version(b) })
	return filepath.Dir(found[len(found)-1]), nil
}

// version is the major version in a path such as /usr/lib/postgresql/15/bin/postgres.
func version(path string) int {
	n, _ := strconv.Atoi(filepath.Base(filepath.Dir(filepath.Dir(path)))) // 0: somewhere else
	return n
}

// owner is whom the server runs as: it refuses root.
func owner() (uid, gid int, err error) {
	if os.Getuid() != 0 {
		return os.Getuid(), os.Getgid(), nil
	}
	u, err := user.Lookup("postgres")
	if err != nil {
		u, err = user.Lookup("nobody")
	}
	if err != nil {
		return 0, 0, err
	}
	if uid, err = strconv.Atoi(u.Uid); err != nil {
		return 0, 0, err
	}
	gid, err = strconv.Atoi(u.Gid)
	return uid, gid, err
}

// command is one of PostgreSQL's programs, run as the owner.
func (s *Server) command(program string, args ...string) *exec.Cmd {
	cmd := exec.Command(filepath.Join(s.bin, program), args...)
	cmd.Dir = s.dir
	cmd.Env = append(os.Environ(), "LC_ALL=C")
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if uid, gid, err := owner(); err == nil && os.Getuid() == 0 {
		cmd.SysProcAttr.Credential = &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
	}
	return cmd
}

func (s *Server) start() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	var log bytes.Buffer
	cmd, gone := s.command("postgres", s.args...), make(chan struct{})
	cmd.Stdout, cmd.Stderr = &log, &log
	if err := startTied(cmd); err != nil {
		return err
	}
	go func() {
		_ = cmd.Wait() // how it ended shows in its log
		close(gone)
	}()
	s.cmd, s.gone = cmd, gone
	return s.ready(&log)
}

// ready waits until the server takes connections.
func (s *Server) ready(log *bytes.Buffer) error {
	late := time.After(startTimeout)
	look := time.NewTicker(10 * time.Millisecond)
	defer look.Stop()
	for {
		select {
		case <-s.gone:
			return fmt.Errorf("PostgreSQL ended:\n%s", log)
		case <-late:
			return fmt.Errorf("PostgreSQL does not take connections within %v", startTimeout)
		case <-look.C:
		}
		c, err := pgx.Connect(context.Background(), s.DSN("postgres"))
		if err == nil {
			return c.Close(context.Background())
		}
	}
}

// end sends the server a signal and waits until it is gone.
func (s *Server) end(how os.Signal) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.cmd == nil {
		return nil
	}
	if err := s.cmd.Process.Signal(how); err != nil && !strings.Contains(err.Error(), "already finished") {
		return err
	}
	select {
	case <-s.gone:
	case <-time.After(stopTimeout):
		return fmt.Errorf("PostgreSQL does not end within %v", stopTimeout)
	}
	s.cmd = nil
	return nil
}

// remove ends the server and removes all it had.
func (s *Server) remove() {
	_ = s.end(syscall.SIGQUIT)
	_ = os.RemoveAll(s.dir)
}
