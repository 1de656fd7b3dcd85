package front

import (
	"crypto/tls"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"time"
)

// Files is a certificate in two files, read again when they change.
type Files struct {
	cert, key string
	log       *slog.Logger

	mu     sync.Mutex
	now    *tls.Certificate
	stamp  [2]stamp
	looked time.Time
}

// stamp is how a change of a file shows.
type stamp struct {
	size int64
	time time.Time
}

// OpenFiles reads a certificate and its key, PEM.
func OpenFiles(cert, key string, log *slog.Logger) (*Files, error) {
	f := &Files{cert: cert, key: key, log: log}
	stamps, err := f.stamps()
	if err != nil {
		return nil, err
	}
	return f, f.read(stamps)
}

// lookEvery is how often the files are looked at, at most.
const lookEvery = time.Second

// Certificate is a tls.Config's GetCertificate. Files that cannot be read leave the
// certificate as it was: whoever renews it may be between the two files.
func (f *Files) Certificate(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if now := time.Now(); now.Sub(f.looked) >= lookEvery {
		f.looked = now
		stamps, err := f.stamps()
		if err == nil && stamps != f.stamp {
			if err = f.read(stamps); err == nil {
				f.log.Info("the certificate was read again", "file", f.cert, "until", f.now.Leaf.NotAfter)
			}
		}
		if err != nil {
			f.log.Warn("the certificate stays as it was", "err", err)
		}
	}
	return f.now, nil
}

func (f *Files) read(stamps [2]stamp) error {
	pair, err := tls.LoadX509KeyPair(f.cert, f.key)
	if err != nil {
		return fmt.Errorf("tls: %w", err)
	}
	f.now, f.stamp = &pair, stamps
	return nil
}

func (f *Files) stamps() (s [2]stamp, err error) {
	for i, name := range []string{f.cert, f.key} {
		info, err := os.Stat(name)
		if err != nil {
			return s, fmt.Errorf("tls: %w", err)
		}
		s[i] = stamp{info.Size(), info.ModTime()}
	}
	return s, nil
}
