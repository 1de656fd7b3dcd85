package server

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/pelletier/go-toml/v2"
)

// Config is all that can be set, in a TOML file. Its comments are the manual:
// `openrbm check --config FILE` says what is wrong with a file, and unknown
// names are refused. Durations are written as "10s", "12h", "720h".
type Config struct {
	// Listen is the address of the API and of the phones, such as
	// "0.0.0.0:8080". Port 0 picks a free one.
	Listen string `toml:"listen"`
	// PublicURL is how agents reach the API, such as "https://rcs.example.com":
	// key files point there. Default: http:// and the address listened on.
	PublicURL string `toml:"public_url"`
	// RegionHeader names the header in which a proxy says to which regional endpoint
	// a request came: us, europe or asia. Without it the host name says it: that of
	// public_url with "us-", "europe-" or "asia-" before it. Only users:batchGet cares.
	RegionHeader string `toml:"region_header"`
	// Data is the directory of everything that is kept; with store.postgres, of files only.
	Data string `toml:"data"`
	// Admin is the administrator's side.
	Admin AdminConfig `toml:"admin"`
	// TLS serves HTTPS, with a certificate in files or one from an authority.
	TLS TLSConfig `toml:"tls"`
	// Clients bounds what strangers may do.
	Clients ClientsConfig `toml:"clients"`
	// Log is what is logged, to standard error.
	Log LogConfig `toml:"log"`
	// Messages is how long things are kept.
	Messages MessagesConfig `toml:"messages"`
	// Webhooks is how agents are told.
	Webhooks WebhooksConfig `toml:"webhooks"`
	// Phones is how connections of phones are kept.
	Phones PhonesConfig `toml:"phones"`
	// Limits bound what agents may do.
	Limits LimitsConfig `toml:"limits"`
	// Media is how files are kept and fetched.
	Media MediaConfig `toml:"media"`
	// Regions are where agents are launched.
	Regions []RegionConfig `toml:"regions"`
	// Carriers are known by their numbers.
	Carriers []CarrierConfig `toml:"carriers"`
	// Clock is the platform's clock.
	Clock ClockConfig `toml:"clock"`
	// Store is how the store works.
	Store StoreConfig `toml:"store"`
	// Cluster is this server among others on the same PostgreSQL.
	Cluster ClusterConfig `toml:"cluster"`
}

// AdminConfig is the administrator's side.
type AdminConfig struct {
	// Listen is the address of the console, the admin API, /healthz, /readyz, /metrics
	// and, with the admin token, /debug/pprof. The API is served there too: the console
	// needs it.
	// Empty: they are served beside the API, on the address of listen.
	Listen string `toml:"listen"`
	// TokenFile holds the admin token. Default: one is made and kept in the store;
	// `openrbm token --config FILE` prints it.
	TokenFile string `toml:"token_file"`
	// AuditRetention is how long the entries of the audit log are kept.
	AuditRetention Duration `toml:"audit_retention"`
}

// LogConfig is what is logged.
type LogConfig struct {
	// Level is debug, info, warn or error. At debug every message has its lines.
	Level string `toml:"level"`
	// Format is text or json.
	Format string `toml:"format"`
	// FullNumbers shows phone numbers as they are. Otherwise their middle is hidden.
	FullNumbers bool `toml:"full_numbers"`
}

// MessagesConfig is how long messages are kept.
type MessagesConfig struct {
	// QueueRetention is how long a message without expireTime waits for its phone.
	QueueRetention Duration `toml:"queue_retention"`
	// HistoryRetention is how long a message, and that its id was used, is known;
	// at least as long as QueueRetention.
	HistoryRetention Duration `toml:"history_retention"`
}

// WebhooksConfig is how agents are told.
type WebhooksConfig struct {
	// Timeout is how long a webhook may take to answer.
	Timeout Duration `toml:"timeout"`
	// Retention is how long an event is attempted.
	Retention Duration `toml:"retention"`
	// PerAgent is how many calls of one agent's webhook are under way at most.
	PerAgent int `toml:"per_agent"`
	// AllowPrivate lets webhooks be at private addresses. Whoever sets webhooks can
	// then reach everything that this server reaches: for tests, or where a proxy,
	// which the environment names as HTTPS_PROXY and which is used only then, guards.
	AllowPrivate bool `toml:"allow_private"`
}

// PhonesConfig is how connections of phones are kept.
type PhonesConfig struct {
	// Ping is the silence after which a phone is pinged; after twice as long it
	// counts as gone.
	Ping Duration `toml:"ping"`
	// VerdictWait is how long a phone that was sent a message may take to say
	// whether it can still be taken back.
	VerdictWait Duration `toml:"verdict_wait"`
}

// ClockConfig is the platform's clock.
type ClockConfig struct {
	// Adjustable lets an administrator turn the clock ahead: for tests only.
	Adjustable bool `toml:"adjustable"`
}

// Duration is a time.Duration that is written as "90s".
type Duration time.Duration

// UnmarshalText reads a duration such as "90s".
func (d *Duration) UnmarshalText(text []byte) error {
	v, err := time.ParseDuration(string(text))
	*d = Duration(v)
	return err
}

// Default is the configuration of a file that says nothing.
func Default() Config {
	day := 24 * time.Hour
	return Config{
		Listen: "127.0.0.1:8080",
		Data:   "openrbm-data",
		Admin:  AdminConfig{AuditRetention: Duration(365 * day)},
		Log:    LogConfig{Level: "info", Format: "text"},
		Messages: MessagesConfig{
			QueueRetention: Duration(30 * day), HistoryRetention: Duration(60 * day),
		},
		Webhooks: WebhooksConfig{Timeout: Duration(10 * time.Second), Retention: Duration(7 * day), PerAgent: 16},
		Phones:   PhonesConfig{Ping: Duration(30 * time.Second), VerdictWait: Duration(750 * time.Millisecond)},
		Limits:   defaultLimits(),
		Clients:  defaultClients(),
		Media:    defaultMedia(),
		Store:    defaultStore(),
	}
}

// LoadConfig reads a file over the defaults, and further settings, each a line of
// TOML such as "cluster.node = 'rcs-1'", over the file. Relative paths are relative
// to its directory.
func LoadConfig(file string, settings ...string) (Config, error) {
	c := Default()
	err := c.Load(file, settings...)
	return c, err
}

// Load is LoadConfig over the settings of c. Paths that c has and the file has not
// should be absolute.
func (c *Config) Load(file string, settings ...string) error {
	text, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	if err := c.Apply(file, text); err != nil {
		return err
	}
	for _, line := range settings {
		if err := c.Apply(fmt.Sprintf("setting %q", line), []byte(line)); err != nil {
			return err
		}
	}
	for _, path := range []*string{&c.Data, &c.Admin.TokenFile, &c.TLS.CertFile, &c.TLS.KeyFile, &c.TLS.ACME.CAFile, &c.TLS.ACME.Dir, &c.Media.Dir, &c.Media.S3.SecretKeyFile, &c.Cluster.SecretFile} {
		if *path != "" && !filepath.IsAbs(*path) {
			*path = filepath.Join(filepath.Dir(file), *path)
		}
	}
	return nil
}

// Apply reads settings over those of c. The errors name file.
func (c *Config) Apply(file string, text []byte) error {
	err := toml.NewDecoder(bytes.NewReader(text)).DisallowUnknownFields().Decode(c)
	if unknown, ok := errors.AsType[*toml.StrictMissingError](err); ok {
		errs := make([]error, len(unknown.Errors))
		for i, e := range unknown.Errors {
			line, _ := e.Position()
			errs[i] = fmt.Errorf("%s:%d: %s is not a setting", file, line, strings.Join(e.Key(), "."))
		}
		return errors.Join(errs...)
	}
	if wrong, ok := errors.AsType[*toml.DecodeError](err); ok {
		line, column := wrong.Position()
		return fmt.Errorf("%s:%d:%d: %v\n%s", file, line, column, wrong, wrong.String())
	}
	if err != nil {
		return fmt.Errorf("%s: %w", file, err)
	}
	return nil
}

// Check says everything that is wrong with the configuration, one error a rule.
func (c *Config) Check() error {
	var errs []error
	rule := func(holds bool, format string, args ...any) {
		if !holds {
			errs = append(errs, fmt.Errorf(format, args...))
		}
	}
	address := func(a string) bool { _, _, err := net.SplitHostPort(a); return err == nil }
	rule(address(c.Listen), "listen: %q is not host:port", c.Listen)
	rule(c.Admin.Listen == "" || address(c.Admin.Listen), "admin.listen: %q is not host:port", c.Admin.Listen)
	rule(c.Data != "", "data: a directory is needed")
	if c.PublicURL != "" {
		u, err := url.Parse(c.PublicURL)
		rule(err == nil && (u.Scheme == "http" || u.Scheme == "https") && u.Host != "" && (u.Path == "" || u.Path == "/"),
			"public_url: %q is not like https://rcs.example.com", c.PublicURL)
	}
	if file := c.Admin.TokenFile; file != "" {
		_, err := os.Stat(file)
		rule(err == nil, "admin.token_file: %v", err)
	}
	c.TLS.check(rule)
	rule(c.TLS.RedirectListen == "" || address(c.TLS.RedirectListen), "tls.redirect_listen: %q is not host:port", c.TLS.RedirectListen)
	c.Clients.check(rule)
	var level slog.Level
	rule(level.UnmarshalText([]byte(c.Log.Level)) == nil, "log.level: %q is not debug, info, warn or error", c.Log.Level)
	rule(c.Log.Format == "text" || c.Log.Format == "json", "log.format: %q is not text or json", c.Log.Format)
	for name, d := range map[string]Duration{
		"messages.queue_retention": c.Messages.QueueRetention, "messages.history_retention": c.Messages.HistoryRetention,
		"webhooks.timeout": c.Webhooks.Timeout, "webhooks.retention": c.Webhooks.Retention,
		"admin.audit_retention": c.Admin.AuditRetention, "phones.ping": c.Phones.Ping, "phones.verdict_wait": c.Phones.VerdictWait,
	} {
		rule(d > 0, "%s: must be more than 0", name)
	}
	rule(c.Messages.HistoryRetention >= c.Messages.QueueRetention, "messages.history_retention: must be at least queue_retention")
	rule(c.Webhooks.PerAgent > 0, "webhooks.per_agent: must be more than 0")
	c.Limits.check(rule)
	c.Media.check(rule)
	c.Store.check(rule)
	c.Cluster.check(c, rule)
	errs = append(errs, c.checkGeography()...)
	return errors.Join(errs...)
}
