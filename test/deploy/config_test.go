// Package deploy_test checks what is in deploy: that it is of the program as it is.
// With the tag deploylint it runs linters too: make deploy-check.
package deploy_test

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"github.com/openrbm/openrbm/test/process"
)

// deployed is a file of deploy.
func deployed(t *testing.T, name string) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("../../deploy", name))
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// secrets are where the deployments have them.
var secrets = []string{"/run/secrets", "/run/credentials/openrbm.service", "/etc/openrbm/secrets", "/etc/openrbm/s3"}

// check runs `openrbm check` on a configuration whose secrets are there.
func check(t *testing.T, config string, settings ...string) {
	t.Helper()
	dir := t.TempDir()
	for _, name := range []string{"admin-token", "cluster-secret", "secret-key"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(strings.Repeat("x", 64)), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, at := range secrets {
		config = strings.ReplaceAll(config, at+"/", dir+"/")
	}
	file := filepath.Join(dir, "openrbm.toml")
	if err := os.WriteFile(file, []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	args := []string{"check", "--config", file}
	for _, s := range settings {
		args = append(args, "--set="+s)
	}
	if out, err := process.Command(t, args...).CombinedOutput(); err != nil {
		t.Errorf("%v: %s\n%s", settings, out, config)
	}
}

var setting = regexp.MustCompile(`--set=(\S+)`)

// settings are those of a command line.
func settings(args string) []string {
	var all []string
	for _, m := range setting.FindAllStringSubmatch(args, -1) {
		all = append(all, m[1])
	}
	return all
}

// The units start what the binary understands.
func TestSystemd(t *testing.T) {
	check(t, deployed(t, "systemd/openrbm.toml"))
	conf := strings.ReplaceAll(deployed(t, "systemd/cluster.conf"), "%H", "host-1")
	set := settings(conf)
	if len(set) != 2 {
		t.Errorf("the drop-in has the settings %q", set)
	}
	check(t, deployed(t, "systemd/cluster.toml"), set...)
	unit := deployed(t, "systemd/openrbm.service")
	for _, c := range []struct{ loaded, in string }{{unit, "systemd/openrbm.toml"}, {unit + conf, "systemd/cluster.toml"}} {
		for _, name := range regexp.MustCompile(`openrbm\.service/([a-z-]+)`).FindAllStringSubmatch(deployed(t, c.in), -1) {
			if !strings.Contains(c.loaded, "LoadCredential="+name[1]+":") {
				t.Errorf("%s: the credential %s is not loaded", c.in, name[1])
			}
		}
	}
}

// The image serves with the configuration that it has.
func TestImage(t *testing.T) {
	check(t, deployed(t, "docker/openrbm.toml"))
	m := regexp.MustCompile(`-X (\S+)=\$VERSION`).FindStringSubmatch(deployed(t, "docker/Dockerfile"))
	if m == nil {
		t.Fatal("the version is not stamped")
	}
	if said := build(t, "-ldflags", "-X "+m[1]+"=stamped"); said != "openrbm stamped\n" {
		t.Errorf("it says %q", said)
	}
}

// build builds the binary with flags and returns what it says of its version.
func build(t *testing.T, flags ...string) string {
	t.Helper()
	out := filepath.Join(t.TempDir(), "openrbm")
	args := append([]string{"build", "-o", out}, flags...)
	if b, err := exec.CommandContext(t.Context(), "go", append(args, "../../cmd/openrbm")...).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, b)
	}
	said, err := exec.CommandContext(t.Context(), out, "version").Output()
	if err != nil {
		t.Fatal(err)
	}
	return string(said)
}

// composed is what the test reads of a compose file.
type composed struct {
	Services map[string]struct {
		Command []string
		Secrets []string
		Configs []struct{ Source, Target string }
	}
	Configs, Secrets map[string]struct{ File string }
}

var variable = regexp.MustCompile(`\$\{\w+:-([^}]*)\}`)

// Each node of the compose file has its own name and address and starts with the
// configuration that it is given; HAProxy and Prometheus know all of them.
func TestCompose(t *testing.T) {
	var c composed
	if err := yaml.Unmarshal([]byte(deployed(t, "compose/compose.yaml")), &c); err != nil {
		t.Fatal(err)
	}
	names := map[string]bool{}
	for service, s := range c.Services {
		if !strings.HasPrefix(service, "rcs-") {
			continue
		}
		set := settings(variable.ReplaceAllString(strings.Join(s.Command, " "), "$1"))
		check(t, deployed(t, filepath.Join("compose", c.Configs["openrbm"].File)), set...)
		names[strings.Join(set, " ")] = true
		for file, line := range map[string]string{
			"compose/haproxy.cfg": "server " + service + " " + service + ":8080\n", "compose/prometheus.yml": `"` + service + `:8081"`,
		} {
			if !strings.Contains(deployed(t, file), line) {
				t.Errorf("%s does not know %s", file, service)
			}
		}
		for _, used := range append(s.Secrets, "admin-token", "cluster-secret", "pgpass") {
			if c.Secrets[used].File == "" || !strings.Contains(deployed(t, "compose/secrets.sh"), used) {
				t.Errorf("nobody makes the secret %s", used)
			}
		}
	}
	if len(names) != 3 {
		t.Errorf("there are %d different nodes, want 3", len(names))
	}
	for _, config := range c.Configs {
		deployed(t, filepath.Join("compose", config.File)) // it is there
	}
}

// What the linters of others read too is YAML and JSON, and the chart's own files are
// those of the other deployments.
func TestFilesAreWellFormed(t *testing.T) {
	for _, pattern := range []string{"*/*.yaml", "*/*.yml", "*/*.json", "helm/openrbm/*.yaml", "helm/openrbm/*.json", "helm/openrbm/ci/*.yaml"} {
		files, err := filepath.Glob(filepath.Join("../../deploy", pattern))
		if err != nil || len(files) == 0 {
			t.Errorf("%s: %d files, %v", pattern, len(files), err)
		}
		for _, file := range files {
			b, err := os.ReadFile(file)
			if err != nil {
				t.Error(err)
			}
			var v any
			if filepath.Ext(file) == ".json" {
				err = json.Unmarshal(b, &v)
			} else {
				err = yaml.Unmarshal(b, &v)
			}
			if err != nil {
				t.Errorf("%s: %v", file, err)
			}
		}
	}
}
