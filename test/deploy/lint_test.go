//go:build deploylint

package deploy_test

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

// The linters, at fixed versions.
const (
	helm        = "helm.sh/helm/v3/cmd/helm@v3.22.0"
	kubeconform = "github.com/yannh/kubeconform/cmd/kubeconform@v0.8.0"
	composeSpec = "github.com/compose-spec/compose-go/v2/cmd@v2.16.2"
	dclint      = "dclint@3.1.0"
	dockerUtils = "dockerfile-utils@0.16.3"
	kubernetes  = "1.34.0"
)

// run runs a program in a directory, fails the test unless it succeeds, and returns
// what it printed.
func run(t *testing.T, dir, input, program string, args ...string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), program, args...)
	var out, errs bytes.Buffer
	cmd.Dir, cmd.Stdin, cmd.Stdout, cmd.Stderr = dir, strings.NewReader(input), &out, &errs
	err := cmd.Run()
	t.Logf("%s %s\n%.3000s%.3000s", program, strings.Join(args, " "), &out, &errs)
	if err != nil {
		t.Errorf("%s: %v", program, err)
	}
	return out.String()
}

// silent is run for a program that succeeds although it has something to say.
func silent(t *testing.T, program string, args ...string) {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), program, args...).CombinedOutput()
	said := regexp.MustCompile(`(?m)^npm warn .*\n`).ReplaceAll(out, nil) // of npm's own configuration
	if err != nil || len(bytes.TrimSpace(said)) > 0 {
		t.Errorf("%s: %v\n%s", program, err, out)
	}
}

// absolute is a path in deploy.
func absolute(t *testing.T, name string) string {
	t.Helper()
	path, err := filepath.Abs(filepath.Join("../../deploy", name))
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// write writes a file of a test.
func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

// systemd knows every line of the unit, alone and with the drop-in, and thinks it
// is hardened: 0 is best, 100 worst.
func TestLintSystemd(t *testing.T) {
	unit := strings.ReplaceAll(deployed(t, "systemd/openrbm.service"), "/usr/local/bin/openrbm", "/bin/true")
	drop := strings.ReplaceAll(deployed(t, "systemd/cluster.conf"), "/usr/local/bin/openrbm", "/bin/true")
	for _, with := range []string{"", drop} {
		dir := t.TempDir()
		file := filepath.Join(dir, "openrbm.service")
		write(t, file, unit)
		if with != "" {
			write(t, filepath.Join(dir, "openrbm.service.d/cluster.conf"), with)
		}
		t.Setenv("SYSTEMD_UNIT_PATH", dir+":")
		silent(t, "systemd-analyze", "verify", "--man=no", file)
		run(t, dir, "", "systemd-analyze", "security", "--offline=yes", "--no-pager", "--threshold=20", file)
	}
}

// The Dockerfile is what BuildKit parses, and the binary that it builds is static.
func TestLintDockerfile(t *testing.T) {
	run(t, "linters", deployed(t, "docker/Dockerfile"), "go", "run", "./dockerfile")
	silent(t, "npx", "--yes", dockerUtils, "lint", absolute(t, "docker/Dockerfile"))
	t.Setenv("CGO_ENABLED", "0")
	if said := build(t, "-trimpath", "-ldflags", "-s -w -X github.com/openrbm/openrbm/internal/server.Version=stamped"); said != "openrbm stamped\n" {
		t.Errorf("it says %q", said)
	}
}

// The compose file is of the specification, and HAProxy takes its configuration.
func TestLintCompose(t *testing.T) {
	compose := absolute(t, "compose/compose.yaml")
	run(t, filepath.Dir(compose), "", "go", "run", composeSpec, compose)
	run(t, filepath.Dir(compose), "", "npx", "--yes", dclint, "--config", ".dclintrc.json", "--max-warnings", "0", "compose.yaml")
	run(t, filepath.Dir(compose), "", "haproxy", "-c", "-f", "haproxy.cfg")
	run(t, filepath.Dir(compose), "", "sh", "-n", "secrets.sh")
}

// object is what the test reads of a rendered object.
type object struct {
	Kind string
	Data map[string]string
	Spec struct {
		Template struct {
			Spec struct{ Containers []struct{ Args []string } }
		}
	}
}

// The chart renders to objects of Kubernetes, with what is necessary and with all
// that can be set; its nodes start with what it renders; wrong values are refused.
func TestLintChart(t *testing.T) {
	chart := absolute(t, "helm/openrbm")
	for _, values := range []string{"least", "all"} {
		file := filepath.Join(chart, "ci", values+".yaml")
		run(t, ".", "", "go", "run", helm, "lint", "--strict", "--kube-version", kubernetes, "--values", file, chart)
		rendered := run(t, ".", "", "go", "run", helm, "template", "rcs", chart, "--kube-version", kubernetes, "--values", file)
		run(t, "linters", rendered, "go", "run", "./manifests")
		starts(t, rendered)
		t.Run("kubeconform "+values, func(t *testing.T) { conforms(t, rendered) })
	}
	least := filepath.Join(chart, "ci/least.yaml")
	for _, wrong := range []string{"replicas=0", "replica=3", "publicURL=rcs.example.com", "postgres.dsn=host=db password=x", "existingSecret=", "ingress.enabled=true"} {
		out, err := exec.CommandContext(t.Context(), "go", "run", helm, "template", "rcs", chart, "--kube-version", kubernetes, "--values", least, "--set", wrong).CombinedOutput()
		if err == nil || !strings.Contains(string(out), "schema") {
			t.Errorf("%s is taken: %v\n%.1000s", wrong, err, out)
		}
	}
}

// starts checks the configuration of a rendered chart.
func starts(t *testing.T, rendered string) {
	t.Helper()
	config, set := "", []string(nil)
	for docs := yaml.NewDecoder(strings.NewReader(rendered)); ; {
		var o object
		if err := docs.Decode(&o); err != nil {
			break // io.EOF; the linters have read it all
		}
		if o.Kind == "ConfigMap" && o.Data["openrbm.toml"] != "" {
			config = o.Data["openrbm.toml"]
		}
		for _, c := range o.Spec.Template.Spec.Containers {
			set = settings(strings.NewReplacer("$(POD_NAME)", "rcs-1", "$(POD_IP)", "10.0.0.1").Replace(strings.Join(c.Args, " ")))
		}
	}
	if config == "" || len(set) < 2 {
		t.Errorf("there is no configuration, or no settings: %q", set)
	}
	ca := filepath.Join(t.TempDir(), "ca.crt")
	write(t, ca, certificate)
	check(t, strings.ReplaceAll(config, "/etc/openrbm/postgres-ca/ca.crt", ca), set...)
}

// conforms checks objects against the published schemas, which must be reachable.
func conforms(t *testing.T, rendered string) {
	cmd := exec.CommandContext(t.Context(), "go", "run", kubeconform, "-strict", "-summary", "-kubernetes-version", kubernetes, "-ignore-missing-schemas", "-")
	cmd.Stdin = strings.NewReader(rendered)
	out, err := cmd.CombinedOutput()
	t.Logf("%s", out)
	if strings.Contains(string(out), "raw.githubusercontent.com") {
		t.Skip("the schemas are not reachable from here; ./linters/manifests has read the objects strictly")
	}
	if err != nil {
		t.Error(err)
	}
}

// Prometheus takes the rules, which fire when they should and not otherwise, its
// configuration, and every query of the dashboard.
func TestLintMonitoring(t *testing.T) {
	dir := absolute(t, "prometheus")
	run(t, dir, "", "promtool", "check", "rules", "alerts.json")
	run(t, dir, "", "promtool", "test", "rules", "alerts_test.yaml")
	own := t.TempDir()
	write(t, filepath.Join(own, "prometheus.yml"), deployed(t, "compose/prometheus.yml"))
	write(t, filepath.Join(own, "alerts.json"), deployed(t, "prometheus/alerts.json"))
	run(t, own, "", "promtool", "check", "config", "prometheus.yml")
	rules, n := "groups:\n- name: dashboard\n  rules:\n", 0
	for where, q := range queries(t) {
		if strings.HasPrefix(where, "panel ") || where == "annotation" {
			q = strings.ReplaceAll(regexp.MustCompile(`\$__rate_interval`).ReplaceAllString(q, "5m"), "$", "")
			rules += fmt.Sprintf("  - {record: \"query:%d\", expr: %q}\n", n, q)
			n++
		}
	}
	write(t, filepath.Join(own, "dashboard.yaml"), rules)
	run(t, own, "", "promtool", "check", "rules", "dashboard.yaml")
}

// certificate stands for that of an authority: nothing is signed with its key, which is not kept.
const certificate = `-----BEGIN CERTIFICATE-----
MIIBNDCB56ADAgECAhR3Ll5dnQm1dGqZwyB5PqjdqK30STAFBgMrZXAwDzENMAsG
A1UEAwwEdGVzdDAgFw0yNjExMjEwNjI2NDRaGA8yMTI2MTAyODA2MjY0NFowDzEN
MAsGA1UEAwwEdGVzdDAqMAUGAytlcAMhACNEIztSz/Q8Ay6ypsXy622tHk3+JS05
SudFlMWcq4Rgo1MwUTAdBgNVHQ4EFgQU5Hcj7mnPBrUcril2jn7RCmT5QwIwHwYD
VR0jBBgwFoAU5Hcj7mnPBrUcril2jn7RCmT5QwIwDwYDVR0TAQH/BAUwAwEB/zAF
BgMrZXADQQBYMDXiqu1RCJXe2j4BD/ihu41V1bAwj/uXzLAuBKkHnQu7ar1Ndm3E
Qyd7qMUJTymhaDv24DweS1ow1KA3bCUM
-----END CERTIFICATE-----
`
