package server

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Whatever is in a configuration file, it is read and checked, or refused by an
// error that names the file; nothing panics.
func FuzzConfig(f *testing.F) {
	f.Add("")
	f.Add("listen = \"x\"\n[clients]\ntrusted_proxies = [\"10.0.0.0/8\", \"x\"]\nconnections = -1\n")
	f.Add("[tls]\ncert_file = \"/dev/null\"\nkey_file = \"/dev/null\"\nredirect_listen = \":80\"\n[tls.acme]\ndomains = [\"A\", \"\"]\nca_file = \"/dev/null\"\n")
	f.Add("[[regions]]\nid = \"\"\n[[carriers]]\nprefixes = [\"+\"]\n[limits.per_minute]\nX = 1\n[webhooks]\ntimeout = \"-1s\"\n[store]\npostgres = \"postgres://\"\n")
	f.Add("public_url = \"https://[::1\"\n[media.s3]\nendpoint = \"x\"\n")
	guide, err := os.ReadFile(filepath.Join("..", "..", "docs", "running.md"))
	if err != nil {
		f.Fatal(err)
	}
	_, example, _ := strings.Cut(string(guide), "```toml\n")
	example, _, _ = strings.Cut(example, "```")
	f.Add(example)
	f.Fuzz(func(t *testing.T, text string) {
		c := Default()
		if err := c.Apply("openrbm.toml", []byte(text)); err != nil {
			if !strings.Contains(err.Error(), "openrbm.toml") {
				t.Errorf("%q: %v", text, err)
			}
			return
		}
		c.TLS.CertFile, c.TLS.KeyFile, c.TLS.ACME.CAFile, c.Admin.TokenFile, c.Media.S3.SecretKeyFile = "", "", "", "", "" // no files of this machine
		_ = c.Check()
		c.geography()
		c.Clients.proxies()
	})
}

// What the guide shows is what the configuration has.
func TestTheGuidesConfigurationIsRead(t *testing.T) {
	guide, err := os.ReadFile(filepath.Join("..", "..", "docs", "running.md"))
	if err != nil {
		t.Fatal(err)
	}
	_, example, ok := strings.Cut(string(guide), "```toml\n")
	example, _, closed := strings.Cut(example, "```")
	c := Default()
	if err := c.Apply("docs/running.md", []byte(example)); err != nil || !ok || !closed {
		t.Fatal(err)
	}
	d := Default()
	if c.Clients.Connections != d.Clients.Connections || c.Clients.ConnectionsPerClient != d.Clients.ConnectionsPerClient ||
		c.Clients.FailedLoginsPerMinute != d.Clients.FailedLoginsPerMinute || c.Clients.TokenRequestsPerMinute != d.Clients.TokenRequestsPerMinute {
		t.Errorf("the guide says %+v, the default is %+v", c.Clients, d.Clients)
	}
}
