package server

import (
	"strings"
	"testing"
)

func TestStoreSettings(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{`postgres = "postgres://user@db.example.com,other.example.com/openrbm?sslmode=disable"`, ""},
		{`postgres = "host=/run/postgresql dbname=openrbm"`, ""},
		{`postgres = "postgres://user:hidden@db.example.com:port/openrbm"`, "store.postgres: "},
		{`postgres = "mysql://db"`, "store.postgres: "},
		{"writers = 0", "store.writers: must be 1 to 64"},
		{"readers = 257", "store.readers: must be 1 to 256"},
		{`timeout = "1ms"`, "store.timeout: must be 100ms to 1m"},
	} {
		cfg := Default()
		if err := cfg.Apply("test", []byte("[store]\n"+c.text)); err != nil {
			t.Errorf("%s: %v", c.text, err)
			continue
		}
		err := cfg.Check()
		switch {
		case c.want == "" && err != nil:
			t.Errorf("%s: %v", c.text, err)
		case c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "hidden")):
			t.Errorf("%s: %v, want %q, and no password", c.text, err, c.want)
		}
	}
}
