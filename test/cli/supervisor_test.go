package cli_test

import (
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/openrbm/openrbm/test/process"
)

// supervised is a configuration, and the address of its server.
func supervised(t *testing.T, dir string) (config, address string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	config = filepath.Join(dir, "openrbm.toml")
	if err := os.WriteFile(config, []byte("listen = \"127.0.0.1:0\"\n[admin]\nlisten = \"nowhere\"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	return config, l.Addr().String()
}

// A service manager hears when the server is ready and when it stops, `openrbm ready`
// tells the two apart, and settings of the command line go before those of the file.
func TestServeTellsItsSupervisor(t *testing.T) {
	dir := t.TempDir()
	config, address := supervised(t, dir)
	_, port, _ := net.SplitHostPort(address)
	set := "--set=admin.listen=':" + port + "'" // all addresses: asked on this machine
	socket := filepath.Join(dir, "notify")
	notify, err := net.ListenPacket("unixgram", socket)
	if err != nil {
		t.Fatal(err)
	}
	defer notify.Close()
	hear := func(want string) {
		t.Helper()
		if err := notify.SetReadDeadline(time.Now().Add(time.Minute)); err != nil {
			t.Fatal(err)
		}
		b := make([]byte, 100)
		n, _, err := notify.ReadFrom(b)
		if err != nil || string(b[:n]) != want {
			t.Fatalf("the supervisor heard %q, %v; want %s", b[:n], err, want)
		}
	}
	ready := func() (string, error) {
		out, err := process.Command(t, "ready", "--config", config, set).CombinedOutput()
		return string(out), err
	}
	if out, err := ready(); err == nil || !strings.Contains(out, "refused") {
		t.Errorf("before the start: %v, %s", err, out)
	}
	serve := process.Command(t, "serve", "--config", config, set)
	serve.Env = append(os.Environ(), "NOTIFY_SOCKET="+socket)
	if err := serve.Start(); err != nil {
		t.Fatal(err)
	}
	hear("READY=1")
	if out, err := ready(); err != nil || out != "ready\n" {
		t.Errorf("when it serves: %v, %s", err, out)
	}
	if err := serve.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	hear("STOPPING=1")
	if err := serve.Wait(); err != nil {
		t.Error(err)
	}
}

// A setting of the command line is held to the rules of the file.
func TestSettingsOfTheCommandLine(t *testing.T) {
	config, _ := supervised(t, t.TempDir())
	for set, want := range map[string]string{
		"admin.listen='127.0.0.1:1'": "is in order",
		"admin.listen=127":           `setting "admin.listen=127":1:14:`,
		"admin.lisen='x:1'":          "admin.lisen is not a setting",
		"log.level='info'":           `admin.listen: "nowhere" is not host:port`,
	} {
		out, err := process.Command(t, "check", "--config", config, "--set", set).CombinedOutput()
		if !strings.Contains(string(out), want) || (err == nil) != (want == "is in order") {
			t.Errorf("%s: %v, %s", set, err, out)
		}
	}
}
