// Package bench measures the platform against ceilings that are measured in the
// same run: absolute figures do not carry over from one machine to another,
// ratios do. Run it with `make bench`.
package bench

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/openrbm/openrbm/client"
	"github.com/openrbm/openrbm/internal/loadgen"
	"github.com/openrbm/openrbm/servertest"
)

// connections are open at the same time, each with one request under way.
const connections = 256

// requester is one connection of the load generator to which every answer but 200
// is an error.
type requester struct{ *loadgen.Conn }

func dial(address string) (*requester, error) {
	conn, err := loadgen.Dial(context.Background(), "http://"+address, nil)
	return &requester{conn}, err
}

func (r *requester) post(path, token string, body []byte) error {
	status, answer, err := r.Post(path, token, body)
	if err == nil && status != http.StatusOK {
		err = fmt.Errorf("%d: %s", status, answer)
	}
	return err
}

// rate drives address with the body from all connections for d and returns the
// requests a second. path gives the path for each request.
func rate(b *testing.B, address, token string, body []byte, d time.Duration, path func(connection, n int) string) float64 {
	b.Helper()
	ctx, cancel := context.WithTimeout(b.Context(), d)
	defer cancel()
	var done atomic.Int64
	var failed sync.Once // one error says enough
	var wg sync.WaitGroup
	begin := time.Now()
	for c := range connections {
		r, err := dial(address)
		if err != nil {
			b.Fatal(err)
		}
		wg.Go(func() {
			defer r.Close()
			for n := 0; ctx.Err() == nil; n++ {
				if err := r.post(path(c, n), token, body); err != nil {
					failed.Do(func() { b.Errorf("connection %d: %v", c, err) })
					cancel()
					return
				}
				done.Add(1)
			}
		})
	}
	wg.Wait()
	return float64(done.Load()) / time.Since(begin).Seconds()
}

// echo is the least that a handler can do: it reads the body and answers with it.
func echo(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	w.Header().Set("Content-Type", "application/json; charset=UTF-8")
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	_, _ = w.Write(body)
}

// platform is a server with phones that are away.
type platform struct {
	*servertest.Server
	address, token string
	phones         []string
}

func newPlatform(b *testing.B, phones int) *platform {
	s := servertest.New(b)
	token, err := s.Client().AccessToken(b.Context())
	if err != nil {
		b.Fatal(err)
	}
	p := &platform{Server: s, address: strings.TrimPrefix(s.Ready.APIURL, "http://"), token: token, phones: make([]string, phones)}
	var wg sync.WaitGroup
	next := make(chan int)
	for range 64 {
		wg.Go(func() {
			for i := range next {
				p.phones[i] = fmt.Sprintf("+1222%07d", i)
				s.NewPhone(p.phones[i])
			}
		})
	}
	for i := range phones {
		next <- i
	}
	close(next)
	wg.Wait()
	return p
}

// send is the path of a send with a new id.
func (p *platform) send(phone string) string {
	return "/v1/phones/" + phone + "/agentMessages?messageId=" + client.NewMessageID() + "&agentId=" + p.Agent()
}
