package cli

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/openrbm/openrbm/test/process"
)

// runner runs the binary, which must work or not, and say words.
func runner(t *testing.T) func(works bool, words string, args ...string) {
	return func(works bool, words string, args ...string) {
		t.Helper()
		cmd := process.Command(t, args...)
		var out bytes.Buffer
		cmd.Stdout, cmd.Stderr = &out, &out
		if err := cmd.Run(); (err == nil) != works || !strings.Contains(out.String(), words) {
			t.Fatalf("openrbm %s: %v\n%swant %q", strings.Join(args, " "), err, &out, words)
		}
	}
}

// The verbs refuse what would hurt: to overwrite a backup or a directory, to take
// a damaged backup for a good one, to read the data of a server that runs.
func TestBackupAndRestore(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), timeout)
	defer cancel()
	run := runner(t)
	dir, out := t.TempDir(), t.TempDir()
	d := process.StartDemo(t, dir)
	ready, data := filepath.Join(dir, "ready.json"), filepath.Join(dir, "store")
	sent := sendText(ctx, t, d, "kept")
	online, offline := filepath.Join(out, "online"), filepath.Join(out, "offline")
	run(true, "records", "backup", "--ready-file", ready, online)
	run(false, "exists already", "backup", "--ready-file", ready, online)
	run(false, "in use by another process", "backup", "--data", data, offline)
	if _, err := d.Stop(ctx); err != nil {
		t.Fatal(err)
	}
	run(false, "no such file", "backup", "--data", filepath.Join(dir, "elsewhere"), offline)
	run(true, "records", "backup", "--data", data, offline)
	for _, file := range []string{online, offline} {
		if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s holds secrets: %v, %v", file, info.Mode(), err)
		}
		run(true, "sha256", "restore", "--check", file)
	}

	run(false, "is not empty", "restore", offline, dir)
	b, err := os.ReadFile(offline)
	if err != nil {
		t.Fatal(err)
	}
	damaged := filepath.Join(out, "damaged")
	for what, content := range map[string][]byte{
		"ends too early": b[:len(b)-20], "checksum is wrong": append(bytes.Clone(b[:len(b)/2]), append([]byte{^b[len(b)/2]}, b[len(b)/2+1:]...)...),
	} {
		if err := os.WriteFile(damaged, content, 0o600); err != nil {
			t.Fatal(err)
		}
		run(false, what, "restore", damaged, filepath.Join(out, "new"))
		run(false, what, "restore", "--check", damaged)
	}
	run(false, "--check", "restore", offline)
	run(false, "--check", "restore", "--check", offline, filepath.Join(out, "new"))
	list, err := os.ReadDir(out)
	if err != nil || len(list) != 3 {
		t.Errorf("what was refused left something behind: %v, %v", list, err)
	}

	if err := os.RemoveAll(data); err != nil {
		t.Fatal(err)
	}
	run(true, "Restored and compared", "restore", offline, data)
	d.Start()
	p := startPhone(t, d, "--json")
	if got := p.await(t, "agentMessage"); got["messageId"] != sent {
		t.Errorf("the phone got %v, want %s", got, sent)
	}
}
