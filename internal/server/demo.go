package server

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/openrbm/openrbm/client"
	"github.com/openrbm/openrbm/internal/registry"
	"github.com/openrbm/openrbm/rbm"
)

// What the demo is made of. The number is a US one, as the documentation uses it.
const (
	demoAgent  = "demo_agent"
	demoNumber = "+12223334444"
)

// DemoReadyFile is the ready file that a demo keeps in its data directory. From
// it the next start on the same directory knows the secrets that the store does not.
const DemoReadyFile = "ready.json"

// DemoConfig is the configuration of a demo that keeps its data in dir.
func DemoConfig(dir, listen string) Config {
	c := Default()
	c.Data, c.Listen = filepath.Join(dir, "store"), listen
	c.Clock.Adjustable = true
	c.Media.AllowPrivate = true // developers serve their pictures from the same machine,
	c.Media.Strict = false      // or try messages whose pictures are nowhere
	c.Webhooks.AllowPrivate = true
	c.Clients = ClientsConfig{} // everybody here comes from this machine
	c.Log.Level = "warn"
	return c
}

// StartDemo starts a server with one launched agent, its key file and one
// phone, and keeps all of it in dir. What is there already is kept.
func StartDemo(ctx context.Context, dir string, cfg Config) (*Server, *client.Ready, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, nil, err
	}
	before, err := readReady(filepath.Join(dir, DemoReadyFile))
	if err != nil {
		return nil, nil, err
	}
	s, err := Start(ctx, cfg)
	if err != nil {
		return nil, nil, err
	}
	ready, err := s.furnish(ctx, dir, before)
	if err == nil {
		err = WriteReady(filepath.Join(dir, DemoReadyFile), ready)
	}
	if err != nil {
		return nil, nil, errors.Join(err, s.Stop(ctx))
	}
	return s, ready, nil
}

// furnish makes what a demo has and this one lacks.
func (s *Server) furnish(ctx context.Context, dir string, before *client.Ready) (*client.Ready, error) {
	ready := s.Ready()
	_, err := s.registry.Agent(demoAgent)
	if rbm.CodeOf(err) == rbm.CodeNotFound {
		_, err = s.registry.CreateAgent(ctx, registry.Agent{
			ID: demoAgent, DisplayName: "Growing Tree Bank", Description: "The demo's agent", Color: "#1A6B3C",
			BrandID: "demo_brand", BrandDisplayName: "Growing Tree", UseCase: rbm.UseCaseTransactional, Launched: true,
		})
	}
	if err != nil {
		return nil, err
	}
	keyFile, err := s.demoKey(ctx, dir)
	if err != nil {
		return nil, err
	}
	ready.Agents = []client.ReadyAgent{{AgentID: demoAgent, KeyFile: keyFile}}

	token, err := s.demoPhone(ctx, before)
	if err != nil {
		return nil, err
	}
	ready.ConsoleURL += "#token=" + ready.AdminToken // one click opens it
	ready.Phones = []client.ReadyPhone{{PhoneNumber: demoNumber, DeviceToken: token}}
	return ready, nil
}

// demoKey returns the agent's key file. One that is there is made to point at
// this server, which may have another port now.
func (s *Server) demoKey(ctx context.Context, dir string) (string, error) {
	path, err := filepath.Abs(filepath.Join(dir, demoAgent+"-key.json"))
	if err != nil {
		return "", err
	}
	tokenURI := s.APIURL() + "/token"
	b, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) {
		account, err := s.auth.EnsureAccount(ctx, demoAgent)
		if err != nil {
			return "", err
		}
		file, _, err := s.auth.CreateKey(ctx, account.Email, tokenURI)
		if err != nil {
			return "", err
		}
		return path, os.WriteFile(path, file, 0o600)
	}
	var key map[string]any
	if err == nil {
		err = json.Unmarshal(b, &key)
	}
	if err != nil {
		return "", fmt.Errorf("the demo's key file %s: %w", path, err)
	}
	if key["token_uri"] == tokenURI {
		return path, nil
	}
	key["token_uri"] = tokenURI
	if b, err = json.MarshalIndent(key, "", "  "); err != nil {
		return "", err
	}
	return path, os.WriteFile(path, append(b, '\n'), 0o600)
}

// demoPhone returns the phone's device token: the one of the start before, as
// long as it is good.
func (s *Server) demoPhone(ctx context.Context, before *client.Ready) (string, error) {
	for _, p := range before.Phones {
		if p.PhoneNumber == demoNumber && s.registry.Authenticate(ctx, demoNumber, p.DeviceToken) == nil {
			return p.DeviceToken, nil
		}
	}
	_, token, err := s.registry.CreatePhone(ctx, registry.Phone{
		Number: demoNumber, RCSEnabled: true, Features: rbm.Features, Carrier: "Demo Mobile",
	})
	if rbm.CodeOf(err) == rbm.CodeAlreadyExists {
		return s.registry.IssueToken(ctx, demoNumber)
	}
	return token, err
}

// Ready says where the server is and what its admin token is.
func (s *Server) Ready() *client.Ready {
	return &client.Ready{
		APIURL: s.APIURL(), ConsoleURL: s.AdminURL() + "/console/", DeviceURL: s.DeviceURL(), AdminToken: s.AdminToken(),
		Agents: []client.ReadyAgent{}, Phones: []client.ReadyPhone{},
	}
}

func readReady(path string) (*client.Ready, error) {
	var r client.Ready
	b, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) {
		return &r, nil
	}
	if err == nil {
		err = json.Unmarshal(b, &r)
	}
	if err != nil {
		return nil, fmt.Errorf("reading what the demo kept: %w", err)
	}
	return &r, nil
}

// WriteReady writes a ready file in one step: whoever sees it sees all of it.
// Only its owner can read it.
func WriteReady(path string, r *client.Ready) error {
	b, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return err
	}
	f, err := os.CreateTemp(filepath.Dir(path), ".ready-*") // mode 0600
	if err != nil {
		return err
	}
	defer os.Remove(f.Name())
	_, err = f.Write(append(b, '\n'))
	if err := errors.Join(err, f.Close()); err != nil {
		return err
	}
	return os.Rename(f.Name(), path)
}
