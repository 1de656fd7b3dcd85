package bench

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"testing"
)

// profile fetches a profile of the server process into the directory that
// OPENRBM_BENCH_PROFILES names, and without one does nothing. The returned func
// waits for it: page may be "profile?seconds=10".
func (l *load) profile(b *testing.B, name, page string) (wait func()) {
	dir := os.Getenv("OPENRBM_BENCH_PROFILES")
	if dir == "" {
		return func() {}
	}
	done := make(chan error, 1)
	go func() { done <- l.fetchProfile(filepath.Join(dir, name+".pprof"), page) }()
	return func() { must(b, <-done) }
}

func (l *load) fetchProfile(file, page string) error {
	r, err := http.NewRequest("GET", l.Ready.APIURL+"/debug/pprof/"+page, nil)
	if err != nil {
		return err
	}
	r.Header.Set("Authorization", "Bearer "+l.Ready.AdminToken)
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("%s: %s", page, resp.Status)
	}
	f, err := os.Create(file)
	if err != nil {
		return err
	}
	defer f.Close()
	_, err = io.Copy(f, resp.Body)
	return err
}
