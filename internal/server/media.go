package server

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/openrbm/openrbm/internal/media"
	"github.com/openrbm/openrbm/internal/media/s3blobs"
)

// MediaConfig is how files are kept and fetched; docs/media.md says more.
type MediaConfig struct {
	// Dir is the directory of files, unless they are in an object store, and of
	// unfinished uploads. Default: the directory media in data.
	Dir string `toml:"dir"`
	// SharedDir says that all servers of a cluster see the same Dir.
	SharedDir bool `toml:"shared_dir"`
	// Strict refuses a message with a URL that cannot be fetched. Otherwise it is
	// delivered, and the phone gets nothing to show there.
	Strict bool `toml:"strict"`
	// AllowPrivate lets URLs lead to private addresses and to any port. Agents can
	// then reach everything that this server reaches: for tests only.
	AllowPrivate bool `toml:"allow_private"`
	// Retention is how long a file is kept.
	Retention Duration `toml:"retention"`
	// FetchTimeout is how long the fetch of a URL may take.
	FetchTimeout Duration `toml:"fetch_timeout"`
	// S3 keeps files in an S3-compatible object store.
	S3 S3Config `toml:"s3"`
}

// S3Config is an S3-compatible object store; it is used when Bucket is given.
type S3Config struct {
	// Endpoint is such as "https://s3.eu-central-1.amazonaws.com".
	Endpoint string `toml:"endpoint"`
	Region   string `toml:"region"`
	// Bucket must exist.
	Bucket string `toml:"bucket"`
	// Prefix begins the names of all objects, such as "openrbm/".
	Prefix string `toml:"prefix"`
	// AccessKey is the id of the key; SecretKeyFile holds the secret.
	AccessKey     string `toml:"access_key"`
	SecretKeyFile string `toml:"secret_key_file"`
}

func defaultMedia() MediaConfig {
	return MediaConfig{Strict: true, Retention: Duration(60 * 24 * time.Hour), FetchTimeout: Duration(30 * time.Second)}
}

// check says what is wrong, one rule at a time.
func (c *MediaConfig) check(rule func(holds bool, format string, args ...any)) {
	rule(c.Retention > 0, "media.retention: must be more than 0")
	rule(c.FetchTimeout > 0 && c.FetchTimeout <= Duration(time.Minute), "media.fetch_timeout: must be more than 0, and at most 1m")
	if c.S3 == (S3Config{}) {
		return
	}
	for name, v := range map[string]string{
		"endpoint": c.S3.Endpoint, "bucket": c.S3.Bucket, "access_key": c.S3.AccessKey, "secret_key_file": c.S3.SecretKeyFile,
	} {
		rule(v != "", "media.s3.%s: is needed for an object store", name)
	}
	if c.S3.SecretKeyFile != "" {
		_, err := os.Stat(c.S3.SecretKeyFile)
		rule(err == nil, "media.s3.secret_key_file: %v", err)
	}
}

func (s *Server) mediaDir() string {
	return cmp.Or(s.cfg.Media.Dir, filepath.Join(s.cfg.Data, "media"))
}

// openBlobs opens what keeps the contents of files.
func (s *Server) openBlobs(ctx context.Context) (media.Blobs, error) {
	c := s.cfg.Media
	if c.S3.Bucket == "" {
		return media.Dir(filepath.Join(s.mediaDir(), "content")), nil
	}
	secret, err := os.ReadFile(c.S3.SecretKeyFile)
	if err != nil {
		return nil, fmt.Errorf("media.s3.secret_key_file: %w", err)
	}
	return s3blobs.Open(ctx, s3blobs.Config{
		Endpoint: c.S3.Endpoint, Region: c.S3.Region, Bucket: c.S3.Bucket, Prefix: c.S3.Prefix,
		AccessKey: c.S3.AccessKey, SecretKey: strings.TrimSpace(string(secret)),
	})
}

// openMedia opens the files.
func (s *Server) openMedia(ctx context.Context) (*media.Files, error) {
	c := s.cfg.Media
	blobs, err := s.openBlobs(ctx)
	if err != nil {
		return nil, err
	}
	o := media.Options{
		Dir: s.mediaDir(), PublicURL: s.APIURL(), Retention: time.Duration(c.Retention), FetchTimeout: time.Duration(c.FetchTimeout),
		Lenient: !c.Strict, AllowPrivate: c.AllowPrivate, Logger: s.log,
	}
	if s.node != nil {
		o.Node, o.Owns = s.nodeName, func() bool { return s.node.Owns(workMedia) }
	}
	return media.Open(s.ledger, blobs, o)
}
