package bench

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"runtime"
	"sync/atomic"
	"testing"
	"time"

	"github.com/openrbm/openrbm/client"
	"github.com/openrbm/openrbm/internal/auth"
	"github.com/openrbm/openrbm/internal/engine"
	"github.com/openrbm/openrbm/internal/server"
	"github.com/openrbm/openrbm/rbm"
)

const authMethod = "google.communications.rcsbusinessmessaging.v1.RcsBusinessMessagingService.CreateAgentMessage"

// BenchmarkStage is the way of an accept, stage by stage. commit and handler have
// 256 sends under way at a time; the time is that of the clock, not of one send.
func BenchmarkStage(b *testing.B) {
	dir, token := found(b)
	bodies := []struct {
		name string
		json []byte
	}{{"card", cardAt(b)}, {"text", text}}
	for _, body := range bodies {
		b.Run("bare/"+body.name, func(b *testing.B) { callAll(b, http.HandlerFunc(echo), "", body.json) })
		b.Run("parse/"+body.name, func(b *testing.B) { stage(b, body.json, func(*rbm.AgentMessage) error { return parse(body.json) }) })
		b.Run("validate/"+body.name, func(b *testing.B) {
			now := time.Now()
			stage(b, body.json, func(m *rbm.AgentMessage) error {
				if err := m.Validate(now); err != nil {
					return err
				}
				return rbm.CheckFeatures(m, rbm.Features)
			})
		})
		b.Run("encode/"+body.name, func(b *testing.B) {
			stage(b, body.json, func(m *rbm.AgentMessage) error { _, err := rbm.Marshal(m); return err })
		})
	}
	b.Run("auth", func(b *testing.B) { authenticate(b, dir, token) })
	for _, body := range bodies {
		b.Run("commit/"+body.name, func(b *testing.B) { commitAll(b, dir, body.json) })
	}
	for _, body := range bodies {
		b.Run("handler/"+body.name, func(b *testing.B) {
			s, _, err := server.StartDemo(b.Context(), dir, server.DemoConfig(dir, "127.0.0.1:0"))
			must(b, err)
			defer func() { must(b, s.Stop(context.Background())) }()
			callAll(b, s.Handler(), token, body.json)
		})
	}
}

func parse(body []byte) error {
	_, err := rbm.DecodeAgentMessage(body)
	return err
}

// stage does one thing with a message that has been read.
func stage(b *testing.B, body []byte, do func(*rbm.AgentMessage) error) {
	m, err := rbm.DecodeAgentMessage(body)
	must(b, err)
	b.ReportAllocs()
	for b.Loop() {
		if err := do(m); err != nil {
			b.Fatal(err)
		}
	}
}

// authenticate is the check of a token that was seen before.
func authenticate(b *testing.B, dir, token string) {
	p := openParts(b, dir)
	defer p.close(b)
	a, err := auth.New(b.Context(), p.ledger, auth.Options{Log: slog.New(slog.DiscardHandler)})
	must(b, err)
	r := request("http://127.0.0.1/", token, nil)
	b.ReportAllocs()
	for b.Loop() {
		who, err := a.Authenticate(b.Context(), r, authMethod)
		if err == nil {
			err = who.Require(auth.ScopeMessaging)
		}
		if err != nil {
			b.Fatal(err)
		}
	}
}

// commitAll accepts what has been read: the engine, the ledger, the store.
func commitAll(b *testing.B, dir string, body []byte) {
	p := openParts(b, dir)
	defer p.close(b)
	decoded, err := rbm.DecodeAgentMessage(body)
	must(b, err)
	abreastInTime(b, func(i int64) error {
		m := *decoded // the engine sets fields of its first level
		ref := engine.Ref{Agent: "demo_agent", ID: client.NewMessageID()}
		_, err := p.engine.AcceptMessage(context.Background(), ref, queuedPhone(int(i%connections)), &m)
		return err
	})
}

// callAll calls a handler as the server does, without the network.
func callAll(b *testing.B, h http.Handler, token string, body []byte) {
	abreastInTime(b, func(int64) error {
		w := &answer{header: http.Header{}, status: http.StatusOK}
		h.ServeHTTP(w, request("http://127.0.0.1/v1/phones/+12223334444/agentMessages?agentId=demo_agent&messageId="+client.NewMessageID(), token, body))
		if w.status != http.StatusOK {
			return &rbm.Error{Code: rbm.CodeInternal, Message: w.body.String()}
		}
		return nil
	})
}

// abreastInTime does what is to be measured from 256 goroutines.
func abreastInTime(b *testing.B, do func(i int64) error) {
	var next atomic.Int64
	b.SetParallelism(connections / runtime.GOMAXPROCS(0))
	b.ReportAllocs()
	b.ResetTimer()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			if err := do(next.Add(1)); err != nil {
				b.Error(err)
				return
			}
		}
	})
	b.StopTimer()
}

// request is one as net/http reads it.
func request(address, token string, body []byte) *http.Request {
	u, _ := url.Parse(address) // it is one of ours
	return &http.Request{
		Method: "POST", URL: u, Host: u.Host, RequestURI: u.RequestURI(), Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: http.Header{"Authorization": {"Bearer " + token}, "Content-Type": {"application/json"}},
		Body:   io.NopCloser(bytes.NewReader(body)), ContentLength: int64(len(body)),
	}
}

// answer keeps of an answer what shows that it is good.
type answer struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func (a *answer) Header() http.Header         { return a.header }
func (a *answer) WriteHeader(status int)      { a.status = status }
func (a *answer) Write(p []byte) (int, error) { return a.body.Write(p) }
