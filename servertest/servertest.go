// Package servertest runs a real OpenRBM server inside a Go test: on a free
// port of this machine, on a store of its own, with one launched agent and one
// phone. Use it to test an agent without a carrier.
package servertest

import (
	"context"
	"testing"
	"time"

	"github.com/openrbm/openrbm/client"
	"github.com/openrbm/openrbm/internal/server"
	"github.com/openrbm/openrbm/phone"
)

// timeout bounds every wait of the package.
const timeout = 30 * time.Second

// Server is a running server. It stops when its test ends.
type Server struct {
	// Ready says where the server is and holds the secrets of its agent and phone.
	Ready *client.Ready
	// Admin administers the server.
	Admin *client.Admin
	// Dir keeps the server's data.
	Dir string

	t        testing.TB
	opts     Options
	database string // "": the store is in Dir
	running  *server.Server
}

// Options change what New makes; the zero value is ready to use.
type Options struct {
	// Dir is where the data are kept (a directory of the test). With the Dir of a
	// server that has stopped, the new one goes on from there.
	Dir string
	// Listen is the address (a free port of 127.0.0.1).
	Listen string
	// Settings are further settings, in the TOML of the configuration file, such as
	// "[limits]\npromotions_per_28_days = 2".
	Settings string
	// LogLevel is what goes to standard error: debug, info, warn or error (error).
	LogLevel string
}

// New starts a server for the test.
func New(t testing.TB, options ...Options) *Server {
	t.Helper()
	s := &Server{t: t}
	if len(options) > 0 {
		s.opts = options[0]
	}
	if s.Dir = s.opts.Dir; s.Dir == "" {
		s.Dir = t.TempDir()
	}
	s.database = database(t, s.Dir)
	s.start()
	t.Cleanup(s.Stop)
	return s
}

func (s *Server) start() {
	s.t.Helper()
	listen, level := s.opts.Listen, s.opts.LogLevel
	if listen == "" {
		listen = "127.0.0.1:0"
	}
	if level == "" {
		level = "error"
	}
	cfg := server.DemoConfig(s.Dir, listen)
	cfg.Log.Level, cfg.Store.Postgres = level, s.database
	if err := cfg.Apply("Options.Settings", []byte(s.opts.Settings)); err != nil {
		s.t.Fatalf("servertest: %v", err)
	}
	running, ready, err := server.StartDemo(s.t.Context(), s.Dir, cfg)
	if err != nil {
		s.t.Fatalf("servertest: %v", err)
	}
	admin, err := client.NewAdmin(client.AdminOptions{BaseURL: ready.APIURL, Token: ready.AdminToken})
	if err != nil {
		s.t.Fatalf("servertest: %v", err)
	}
	s.running, s.Ready, s.Admin = running, ready, admin
}

// Stop drains and stops the server. Its data stay in Dir.
func (s *Server) Stop() {
	s.t.Helper()
	if s.running == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), timeout)
	defer cancel()
	if err := s.running.Stop(ctx); err != nil {
		s.t.Errorf("servertest: stopping: %v", err)
	}
	s.running = nil
}

// Restart stops the server and starts it again on the same data, on another
// port unless Options.Listen names one.
func (s *Server) Restart() {
	s.t.Helper()
	s.Stop()
	s.start()
}

// Agent is the id of the server's agent.
func (s *Server) Agent() string { return s.Ready.Agents[0].AgentID }

// Number is the number of the server's phone.
func (s *Server) Number() string { return s.Ready.Phones[0].PhoneNumber }

// Client returns a client that calls the API for the server's agent.
func (s *Server) Client() *client.Client {
	s.t.Helper()
	return s.ClientFor(client.Options{KeyFile: s.Ready.Agents[0].KeyFile, AgentID: s.Agent()})
}

// ClientFor returns a client with other options; BaseURL is set.
func (s *Server) ClientFor(o client.Options) *client.Client {
	s.t.Helper()
	o.BaseURL = s.Ready.APIURL
	c, err := client.New(o)
	if err != nil {
		s.t.Fatalf("servertest: %v", err)
	}
	return c
}

// NewAgent makes another agent, launched or not, and returns a client for it.
func (s *Server) NewAgent(id string, launched bool) *client.Client {
	s.t.Helper()
	ctx := s.Context()
	_, err := s.Admin.CreateAgent(ctx, client.Agent{AgentID: id, DisplayName: id, Launched: launched})
	if err != nil {
		s.t.Fatalf("servertest: making agent %s: %v", id, err)
	}
	key, err := s.Admin.CreateKey(ctx, id)
	if err != nil {
		s.t.Fatalf("servertest: making a key of %s: %v", id, err)
	}
	return s.ClientFor(client.Options{Key: key, AgentID: id})
}

// NewPhone makes another phone with the default features and returns its device
// token. It is not connected.
func (s *Server) NewPhone(number string) (token string) {
	s.t.Helper()
	p, err := s.Admin.CreatePhone(s.Context(), client.Phone{PhoneNumber: number, RCSEnabled: true, Features: phone.DefaultFeatures()})
	if err != nil {
		s.t.Fatalf("servertest: making phone %s: %v", number, err)
	}
	return p.DeviceToken
}

// Dial connects the server's phone; options may change how. It is closed when
// the test ends.
func (s *Server) Dial(options ...func(*phone.Options)) *phone.Phone {
	s.t.Helper()
	o := phone.Options{URL: s.Ready.DeviceURL, Number: s.Number(), Token: s.Ready.Phones[0].DeviceToken, RetryMin: 10 * time.Millisecond}
	for _, change := range options {
		change(&o)
	}
	p, err := phone.Dial(s.Context(), o)
	if err != nil {
		s.t.Fatalf("servertest: connecting phone %s: %v", o.Number, err)
	}
	s.t.Cleanup(func() { p.Close() })
	return p
}

// Context ends with the test, or after 30 seconds.
func (s *Server) Context() context.Context {
	ctx, cancel := context.WithTimeout(s.t.Context(), timeout)
	s.t.Cleanup(cancel)
	return ctx
}
