package loadgen_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/openrbm/openrbm/internal/loadgen"
	"github.com/openrbm/openrbm/internal/server"
	"github.com/openrbm/openrbm/rbm"
	"github.com/openrbm/openrbm/servertest"
)

func options(s *servertest.Server) loadgen.Options {
	return loadgen.Options{
		URL: s.Ready.APIURL, KeyFile: s.Ready.Agents[0].KeyFile, AdminToken: s.Ready.AdminToken, Agent: s.Agent(),
		Connections: 8, Phones: 10, Messages: 300,
	}
}

func run(t *testing.T, o loadgen.Options) *loadgen.Summary {
	t.Helper()
	s, err := loadgen.Run(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Err(); err != nil {
		t.Error(err)
	}
	return s
}

func TestClosedLoopWithPhonesAndReceipts(t *testing.T) {
	o := options(servertest.New(t))
	o.Online, o.Webhook = 5, "127.0.0.1:0"
	for range 2 { // the second run finds the phones of the first, and what waits for them
		s := run(t, o)
		if s.Loop != "closed" || s.Sent != 300 || s.Accepted != 300 || len(s.Errors) != 0 || s.Interrupted {
			t.Errorf("got %+v", s)
		}
		if s.Accept.Count != 300 || s.Frame.Count != 150 || s.Receipt.Count != 150 {
			t.Errorf("measured %d, %d and %d", s.Accept.Count, s.Frame.Count, s.Receipt.Count)
		}
		if s.Accept.P50 <= 0 || s.Accept.P50 > s.Accept.P99 || s.Accept.P99 > s.Accept.Max {
			t.Errorf("got %+v", s.Accept)
		}
	}
	o.Online, o.Webhook = 10, ""
	if s := run(t, o); s.Checks.Foreign != 300 || s.Frame.Count != 300 || s.Receipt.Count != 0 {
		t.Errorf("got %+v", s)
	}
}

func TestOpenLoopMeasuresAfterTheWarmUp(t *testing.T) {
	o := options(servertest.New(t))
	o.Rate, o.Messages, o.Duration, o.WarmUp, o.Online = 200, 0, time.Second, 500*time.Millisecond, 10
	var notes bytes.Buffer
	o.Progress = &notes
	s := run(t, o)
	if s.Loop != "open" || s.TargetRate != 200 || s.Sent+s.Behind != 200 || s.Accept.Count > 100 || s.Frame.Count > s.Accept.Count {
		t.Errorf("got %+v", s)
	}
	if s.Behind == 0 && (s.Accept.Count != 100 || s.Frame.Count != 100) {
		t.Errorf("got %+v", s)
	}
	if !strings.HasPrefix(notes.String(), "making 10 phones and connecting 10\n") {
		t.Errorf("noted %q", notes.String())
	}
}

func TestMixFromFiles(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	a := write("a.json", `{"contentMessage":{"text":"a"}}`)
	write("b.json", `{"contentMessage":{"text":"b"}}`)
	broken := write("broken.txt", `{`)
	mix, err := loadgen.ReadMix([]string{a + "=3", dir})
	if err != nil {
		t.Fatal(err)
	}
	if len(mix) != 3 || mix[0].Weight != 3 || mix[0].Name != a || mix[2].Name != filepath.Join(dir, "b.json") || mix[2].Weight != 1 {
		t.Errorf("got %+v", mix)
	}
	for source, want := range map[string]string{
		a + "=0": "the weight must be 1 to", a + "=x": "the weight must be 1 to", broken: "is not JSON",
		filepath.Join(dir, "none"): "no such file", t.TempDir(): "has no *.json",
	} {
		if _, err := loadgen.ReadMix([]string{source}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v", source, err)
		}
	}
	o := options(servertest.New(t))
	o.Mix = append(mix, loadgen.Message{Name: "refused", JSON: []byte(`{"contentMessage":{}}`), Weight: 1})
	s := run(t, o)
	if len(s.Errors) != 1 || s.Errors[0].Kind != "400 INVALID_ARGUMENT" || s.Errors[0].First == "" || s.Errors[0].Count+s.Accepted != 300 {
		t.Errorf("got %+v", s)
	}
	if n := s.Errors[0].Count; n < 20 || n > 90 { // 50 are expected, the dice fall as ever
		t.Errorf("%d of 300 were the one of weight 1 in 6", n)
	}
}

func TestRunsThatCannotBegin(t *testing.T) {
	s := servertest.New(t)
	s.NewAgent("quiet", false)
	for _, c := range []struct {
		name   string
		change func(*loadgen.Options)
		want   string
	}{
		{"admin token", func(o *loadgen.Options) { o.AdminToken = "wrong-wrong-wrong" }, "UNAUTHENTICATED"},
		{"key", func(o *loadgen.Options) { o.KeyFile = "none.json" }, "none.json"},
		{"agent", func(o *loadgen.Options) { o.Agent = "nobody" }, "nobody"},
		{"not launched", func(o *loadgen.Options) { o.Agent = "quiet" }, "not launched"},
		{"somebody's phone", func(o *loadgen.Options) { o.First = s.Number() }, "somebody's"},
		{"number", func(o *loadgen.Options) { o.First = "12" }, "not in E.164"},
		{"too many online", func(o *loadgen.Options) { o.Online = 11 }, "online"},
		{"url", func(o *loadgen.Options) { o.URL = "ftp://x" }, "url"},
		{"device url", func(o *loadgen.Options) { o.Online, o.DeviceURL = 1, "ws"+strings.TrimPrefix(o.URL, "http")+"/nothing" }, "404"},
		{"warm-up", func(o *loadgen.Options) { o.Duration, o.WarmUp = time.Second, time.Second }, "warm-up"},
		{"webhook that the server does not reach", func(o *loadgen.Options) { o.Webhook, o.WebhookURL = "127.0.0.1:0", "http://127.0.0.1:1" }, "registering the webhook"},
	} {
		t.Run(c.name, func(t *testing.T) {
			o := options(s)
			c.change(&o)
			if _, err := loadgen.Run(t.Context(), o); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %q", err, c.want)
			}
		})
	}
	t.Run("webhook of somebody", func(t *testing.T) {
		s.Webhook(s.Agent())
		o := options(s)
		o.Webhook = "127.0.0.1:0"
		if _, err := loadgen.Run(t.Context(), o); err == nil || !strings.Contains(err.Error(), "delete it first") {
			t.Errorf("got %v", err)
		}
	})
}

// A token that ends its worth on the way ends the run, with the reason.
func TestKeyDeletedOnTheWay(t *testing.T) {
	s := servertest.New(t)
	o := options(s)
	o.Messages, o.Duration, o.Rate, o.Online = 0, time.Minute, 100, 1
	keys, err := s.Admin.Keys(t.Context(), s.Agent())
	if err != nil || len(keys) != 1 {
		t.Fatal(keys, err)
	}
	o.Progress = noteFunc(func() { s.Admin.DeleteKey(t.Context(), s.Agent(), keys[0].KeyID) })
	_, err = loadgen.Run(t.Context(), o)
	if rbm.CodeOf(err) != rbm.CodeUnauthenticated {
		t.Errorf("got %v", err)
	}
}

// noteFunc is called with every line of progress.
type noteFunc func()

func (f noteFunc) Write(p []byte) (int, error) { f(); return len(p), nil }

func TestInterrupted(t *testing.T) {
	s := servertest.New(t)
	o := options(s)
	ctx, cancel := context.WithCancel(t.Context())
	o.Messages, o.Duration, o.Online, o.Webhook = 0, time.Hour, 10, "127.0.0.1:0"
	lines := 0
	o.Progress = noteFunc(func() {
		if lines++; lines == 2 { // the first line of the sending
			cancel()
		}
	})
	sum, err := loadgen.Run(ctx, o)
	if err != nil {
		t.Fatal(err)
	}
	if err := sum.Err(); err != nil {
		t.Error(err)
	}
	if !sum.Interrupted || sum.Accepted == 0 || sum.Frame.Count != sum.Accepted || sum.Receipt.Count != sum.Accepted {
		t.Errorf("got %+v", sum)
	}
	if w, err := s.Admin.Webhook(t.Context(), s.Agent()); err != nil || w.URI != "" {
		t.Errorf("the webhook is left: %+v, %v", w, err)
	}
}

// Phones whose connections break get everything all the same.
func TestServerRestartsMeanwhile(t *testing.T) {
	s := servertest.New(t, servertest.Options{Listen: freeAddress(t)})
	o := options(s)
	o.Messages, o.Rate, o.Duration, o.Online = 0, 200, 3*time.Second, 10
	lines := 0
	o.Progress = noteFunc(func() {
		if lines++; lines == 2 {
			s.Restart()
		}
	})
	sum := run(t, o)
	if sum.Checks.Disconnects != 10 || sum.Accepted == 0 || sum.Frame.Count < sum.Accepted {
		t.Errorf("got %+v", sum)
	}
}

func freeAddress(t *testing.T) string {
	l := httptest.NewServer(nil)
	defer l.Close()
	return strings.TrimPrefix(l.URL, "http://")
}

func TestTLS(t *testing.T) {
	certificate := httptest.NewTLSServer(nil)
	defer certificate.Close()
	dir := t.TempDir()
	cfg := server.DemoConfig(dir, "127.0.0.1:0")
	cfg.TLS.CertFile, cfg.TLS.KeyFile = filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	pair := certificate.TLS.Certificates[0]
	key, err := x509.MarshalPKCS8PrivateKey(pair.PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	for file, block := range map[string]*pem.Block{
		cfg.TLS.CertFile: {Type: "CERTIFICATE", Bytes: pair.Certificate[0]}, cfg.TLS.KeyFile: {Type: "PRIVATE KEY", Bytes: key},
	} {
		if err := os.WriteFile(file, pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	s, ready, err := server.StartDemo(t.Context(), dir, cfg)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Stop(context.Background())
	roots := x509.NewCertPool()
	roots.AddCert(certificate.Certificate())
	sum := run(t, loadgen.Options{
		URL: ready.APIURL, KeyFile: ready.Agents[0].KeyFile, AdminToken: ready.AdminToken, Agent: ready.Agents[0].AgentID,
		TLS: &tls.Config{RootCAs: roots}, Phones: 3, Online: 3, Messages: 30, Connections: 2,
	})
	if !strings.HasPrefix(ready.APIURL, "https://") || sum.Frame.Count != 30 {
		t.Errorf("%s: got %+v", ready.APIURL, sum)
	}
}

func TestSummaryIsReadable(t *testing.T) {
	o := options(servertest.New(t))
	o.Messages = 10
	s := run(t, o)
	var out bytes.Buffer
	if err := s.Write(&out); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"closed loop, 8 connections, 10 phones, 0 online", "sent 10, accepted 10", "p99.9", "lost 0, duplicated 0"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("no %q in\n%s", want, &out)
		}
	}
	b, err := json.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	var back loadgen.Summary
	if err := json.Unmarshal(b, &back); err != nil || back.Accept != s.Accept || back.Sent != 10 {
		t.Errorf("%s: %v", b, err)
	}
}
