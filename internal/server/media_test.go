package server

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestMediaConfig(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "secret"), []byte("s\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	const store = "[media.s3]\nendpoint = \"https://s3.example.com\"\nbucket = \"b\"\naccess_key = \"k\"\nsecret_key_file = \"secret\"\n"
	for text, want := range map[string]string{
		"":                                "",
		"[media]\nretention = \"0s\"":     "media.retention",
		"[media]\nfetch_timeout = \"2m\"": "media.fetch_timeout",
		store:                             "",
		"[media.s3]\nbucket = \"b\"":      "media.s3.endpoint",
		strings.Replace(store, "\"secret\"", "\"other\"", 1): "media.s3.secret_key_file",
	} {
		file := filepath.Join(dir, "openrbm.toml")
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		c, err := LoadConfig(file)
		if err != nil {
			t.Fatal(err)
		}
		err = c.Check()
		if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", text, err)
		}
		if !c.Media.Strict || c.Media.AllowPrivate {
			t.Errorf("%s: the defaults are %+v", text, c.Media)
		}
	}
}
