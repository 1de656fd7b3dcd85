// Package cli tests the binary as its users and their scripts see it.
package cli

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/openrbm/openrbm/client"
	"github.com/openrbm/openrbm/test/process"
)

const timeout = 30 * time.Second

// The ready file is a contract: scripts depend on every name in it.
func TestReadyFile(t *testing.T) {
	d := process.StartDemo(t, t.TempDir())
	raw, err := os.ReadFile(filepath.Join(d.Dir, "ready.json"))
	if err != nil {
		t.Fatal(err)
	}
	var r map[string]any
	if err := json.Unmarshal(raw, &r); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"apiUrl", "consoleUrl", "deviceUrl", "adminToken"} {
		if v, _ := r[name].(string); v == "" {
			t.Errorf("%s is missing: %s", name, raw)
		}
	}
	agent := r["agents"].([]any)[0].(map[string]any)
	number := r["phones"].([]any)[0].(map[string]any)
	if agent["agentId"] == nil || number["deviceToken"] == nil || !strings.HasPrefix(number["phoneNumber"].(string), "+1") {
		t.Errorf("agent %v, phone %v", agent, number)
	}
	if keyFile := agent["keyFile"].(string); !filepath.IsAbs(keyFile) {
		t.Errorf("key file %s: want an absolute path", keyFile)
	}
	for _, file := range []string{filepath.Join(d.Dir, "ready.json"), agent["keyFile"].(string)} {
		if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s holds secrets: %v, %v", file, info.Mode(), err)
		}
	}
}

// A second start on the same directory keeps everything, on another port too.
func TestSecondStartKeepsAllData(t *testing.T) {
	dir := t.TempDir()
	ctx, cancel := context.WithTimeout(t.Context(), timeout)
	defer cancel()
	first := process.StartDemo(t, dir)
	sent := sendText(ctx, t, first, "kept")
	if took, err := first.Stop(ctx); err != nil || took > 10*time.Second {
		t.Fatalf("SIGTERM: %v after %v", err, took)
	}
	second := process.StartDemo(t, dir)
	if second.Ready.AdminToken != first.Ready.AdminToken || second.Ready.Phones[0] != first.Ready.Phones[0] || second.Ready.Agents[0] != first.Ready.Agents[0] {
		t.Errorf("the secrets changed: %+v, then %+v", first.Ready, second.Ready)
	}
	p := startPhone(t, second, "--json")
	if got := p.await(t, "agentMessage"); got["messageId"] != sent {
		t.Errorf("the phone got %v, want %s", got, sent)
	}
}

func sendText(ctx context.Context, t *testing.T, d *process.Demo, text string) (id string) {
	t.Helper()
	id = client.NewMessageID()
	body, err := json.Marshal(map[string]any{"contentMessage": map[string]string{"text": text}})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := d.Client().CreateAgentMessageJSON(ctx, d.Ready.Phones[0].PhoneNumber, id, body); err != nil {
		t.Fatal(err)
	}
	return id
}

// terminal is `openrbm phone --json`.
type terminal struct {
	cmd *exec.Cmd
	in  io.WriteCloser
	out *bufio.Scanner
}

func startPhone(t *testing.T, d *process.Demo, flags ...string) *terminal {
	t.Helper()
	cmd := process.Command(t, append([]string{"phone", "--ready-file", filepath.Join(d.Dir, "ready.json")}, flags...)...)
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd.Stderr = os.Stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	p := &terminal{cmd, in, bufio.NewScanner(out)}
	p.out.Buffer(nil, 1<<20)
	late := time.AfterFunc(timeout, func() { cmd.Process.Kill() })
	t.Cleanup(func() {
		late.Stop()
		cmd.Process.Kill()
		cmd.Wait()
	})
	p.await(t, "online")
	return p
}

// await reads lines until one of that type.
func (p *terminal) await(t *testing.T, kind string) map[string]any {
	t.Helper()
	for p.out.Scan() {
		var line map[string]any
		if err := json.Unmarshal(p.out.Bytes(), &line); err != nil {
			t.Fatalf("not a JSON object: %s", p.out.Text())
		}
		if line["type"] == kind {
			return line
		}
		if line["type"] == "error" {
			t.Fatalf("the phone says %v", line)
		}
	}
	t.Fatalf("no line of type %s (%v)", kind, p.out.Err())
	return nil
}

func (p *terminal) say(t *testing.T, command string) {
	t.Helper()
	if _, err := io.WriteString(p.in, command+"\n"); err != nil {
		t.Fatal(err)
	}
}

// Every command that the phone reads, and what the webhook listener prints of it.
func TestPhoneAndWebhookListener(t *testing.T) {
	d := process.StartDemo(t, t.TempDir())
	ready := filepath.Join(d.Dir, "ready.json")
	listener := process.Command(t, "webhook", "listen", "--register", "--json", "--addr", "127.0.0.1:0", "--ready-file", ready)
	notes, err := listener.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	events, err := listener.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := listener.Start(); err != nil {
		t.Fatal(err)
	}
	late := time.AfterFunc(timeout, func() { listener.Process.Kill() })
	defer late.Stop()
	if _, err := bufio.NewReader(notes).ReadString('\n'); err != nil { // it listens and is registered
		t.Fatal(err)
	}
	p := startPhone(t, d, "--json")

	out, err := process.Command(t, "send", "../../examples/carousel.json", "--ready-file", ready).Output()
	if err != nil {
		t.Fatalf("send: %v", err)
	}
	var sent struct{ Name string }
	if err := json.Unmarshal(out, &sent); err != nil {
		t.Fatal(err)
	}
	id := sent.Name[strings.LastIndexByte(sent.Name, '/')+1:]
	if got := p.await(t, "agentMessage"); got["agentId"] != "demo_agent" || got["message"].(map[string]any)["name"] != sent.Name {
		t.Errorf("the phone got %v", got)
	}
	lines := bufio.NewScanner(events)
	expect := func(what string, holds func(map[string]any) bool) {
		t.Helper()
		for lines.Scan() {
			var e map[string]any
			if err := json.Unmarshal(lines.Bytes(), &e); err != nil {
				t.Fatal(err)
			}
			if holds(e) {
				return
			}
		}
		t.Fatalf("the webhook did not hear of %s", what)
	}
	event := func(kind string) func(map[string]any) bool {
		return func(e map[string]any) bool { return e["eventType"] == kind }
	}
	expect("delivery", event("DELIVERED"))
	for _, step := range []struct {
		command string
		heard   func(map[string]any) bool
	}{
		{`{"type":"read","messageId":"` + id + `"}`, event("READ")},
		{`{"type":"text","agentId":"demo_agent","text":"hello"}`, func(e map[string]any) bool { return e["text"] == "hello" }},
		{`{"type":"tap","messageId":"` + id + `","suggestion":"suggestions[0]"}`, tapped("human")},
		{`{"type":"tap","messageId":"` + id + `","suggestion":"richCard.carouselCard.cardContents[1].suggestions[0]"}`, tapped("date")},
		{`{"type":"typing","agentId":"demo_agent"}`, event("IS_TYPING")},
		{`{"type":"location","agentId":"demo_agent","latitude":1.5,"longitude":-2.5}`, func(e map[string]any) bool { return e["location"] != nil }},
		{`{"type":"file","agentId":"demo_agent","fileUri":"https://example.com/a.png","mimeType":"image/png","fileName":"a.png","fileSizeBytes":10}`, func(e map[string]any) bool { return e["userFile"] != nil }},
		{`{"type":"unsubscribe","agentId":"demo_agent"}`, event("UNSUBSCRIBE")},
		{`{"type":"subscribe","agentId":"demo_agent"}`, event("SUBSCRIBE")},
	} {
		p.say(t, step.command)
		expect(step.command, step.heard)
	}
}

func tapped(postback string) func(map[string]any) bool {
	return func(e map[string]any) bool {
		r, _ := e["suggestionResponse"].(map[string]any)
		return r["postbackData"] == postback
	}
}

// A message that the phone does not acknowledge can be taken back.
func TestPhoneThatDoesNotAcknowledge(t *testing.T) {
	d := process.StartDemo(t, t.TempDir())
	ctx, cancel := context.WithTimeout(t.Context(), timeout)
	defer cancel()
	p := startPhone(t, d, "--json", "--no-ack")
	id := sendText(ctx, t, d, "take me back")
	p.await(t, "agentMessage")
	if m, err := d.Admin().Message(ctx, "demo_agent", id); err != nil || m.State != "QUEUED" {
		t.Errorf("state %+v, %v", m, err)
	}
	if err := d.Client().DeleteAgentMessage(ctx, d.Ready.Phones[0].PhoneNumber, id); err != nil {
		t.Fatal(err)
	}
	if got := p.await(t, "revoked"); got["messageId"] != id || got["agentId"] != "demo_agent" {
		t.Errorf("the phone says %v", got)
	}
}

func TestCheckSaysAllThatIsWrong(t *testing.T) {
	file := filepath.Join(t.TempDir(), "openrbm.toml")
	check := func(config string) (string, error) {
		if err := os.WriteFile(file, []byte(config), 0o600); err != nil {
			t.Fatal(err)
		}
		out, err := process.Command(t, "check", "--config", file).CombinedOutput()
		return string(out), err
	}
	if out, err := check(`listen = "127.0.0.1:0"`); err != nil || !strings.Contains(out, "in order") {
		t.Errorf("a good file: %s, %v", out, err)
	}
	out, err := check("listen = \"nonsense\"\n[log]\nlevel = \"loud\"\n[webhooks]\nper_agent = 0\n")
	if err == nil || !strings.Contains(out, "listen:") || !strings.Contains(out, "log.level:") || !strings.Contains(out, "webhooks.per_agent:") {
		t.Errorf("three mistakes: %s, %v", out, err)
	}
	if out, err := check("lisen = \"127.0.0.1:0\"\n"); err == nil || !strings.Contains(out, "lisen") {
		t.Errorf("an unknown setting: %s, %v", out, err)
	}
	if out, err := check("[webhooks]\ntimeout = \"soon\"\n"); err == nil || !strings.Contains(out, "openrbm.toml:2") {
		t.Errorf("a wrong duration: %s, %v", out, err)
	}
}

// serve runs on a configuration, with the admin API on an address of its own.
func TestServe(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "openrbm.toml")
	config := "listen = \"127.0.0.1:0\"\ndata = \"data\"\n[admin]\nlisten = \"127.0.0.1:0\"\n"
	if err := os.WriteFile(file, []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	token, err := process.Command(t, "token", "--config", file).Output()
	if err != nil {
		t.Fatal(err)
	}
	cmd := process.Command(t, "serve", "--config", file)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	urls := map[string]string{}
	for lines := bufio.NewScanner(out); len(urls) < 3 && lines.Scan(); {
		if f := strings.Fields(lines.Text()); len(f) == 2 {
			urls[f[0]] = strings.TrimSuffix(f[1], "/admin/v1/")
		}
	}
	admin, err := client.NewAdmin(client.AdminOptions{BaseURL: urls["Admin"], Token: strings.TrimSpace(string(token))})
	if err != nil {
		t.Fatalf("%v: %v\n%s", urls, err, stderr.String())
	}
	if _, err := admin.Status(t.Context()); err != nil {
		t.Errorf("status on the admin address: %v", err)
	}
	if _, err := admin.AdvanceClock(t.Context(), time.Hour); err == nil {
		t.Error("a server for real traffic lets its clock be turned")
	}
	public, err := client.NewAdmin(client.AdminOptions{BaseURL: urls["API"], Token: strings.TrimSpace(string(token))})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := public.Status(t.Context()); err == nil {
		t.Error("the admin API answers on the public address")
	}
	for path, want := range map[string]string{"/healthz": "ok", "/readyz": "ok", "/metrics": "openrbm_messages_accepted_total"} {
		if got := get(t, urls["Admin"]+path); !strings.Contains(got, want) {
			t.Errorf("%s answers %.200s", path, got)
		}
	}
	if err := cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err != nil {
		t.Errorf("stopping: %v\n%s", err, stderr.String())
	}
}

func get(t *testing.T, url string) string {
	t.Helper()
	resp, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}
