package cluster

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"sync"
	"time"
)

// The ways of requests between nodes, POST, with the body as the hooks give it.
const (
	askPath     = "/cluster/v1/ask"
	changedPath = "/cluster/v1/changed"
	joinedPath  = "/cluster/v1/joined"
)

// Requests carry when they were sent, in seconds since 1970, and the HMAC-SHA256 of
// that, path and body under the nodes' secret.
const (
	timeHeader = "OpenRBM-Time"
	macHeader  = "OpenRBM-MAC"
	maxSkew    = time.Minute // between the clocks of two nodes
	maxBody    = 1 << 20
)

// How long a node may take to answer, and how long to wait for a node that does
// not: then it answers, or it is dead.
const (
	askTimeout    = 3 * time.Second
	askPause      = 200 * time.Millisecond
	changeTimeout = time.Second
)

// ErrUnreachable says that the node where a phone is connected does not answer, and
// is not dead yet.
var ErrUnreachable = errors.New("cluster: the phone's node does not answer")

var errGone = errors.New("cluster: the phone is not there")

// Ask hands a question about phone to the node that it is connected to. False: it
// is connected to no other living node.
func (n *Node) Ask(ctx context.Context, phone string, question []byte) (reply []byte, found bool, err error) {
	patience := time.Now().Add(n.opts.Dead + 2*n.opts.Beat)
	for {
		at, err := n.ledger.WhereOnline(ctx, phone)
		if err != nil {
			return nil, false, err
		}
		to, living := n.session(at[phone])
		if !living || to.Session == n.me().Session || to.URL == "" {
			return nil, false, nil
		}
		reply, err = n.post(ctx, askTimeout, to.URL, askPath, question)
		switch {
		case err == nil:
			return reply, true, nil
		case errors.Is(err, errGone):
			return nil, false, nil
		case ctx.Err() != nil:
			return nil, true, ctx.Err()
		case time.Now().After(patience):
			return nil, true, fmt.Errorf("%w: %w", ErrUnreachable, err)
		}
		select {
		case <-ctx.Done():
		case <-time.After(askPause):
			n.turn("ask", string(question))
		}
	}
}

// Changed tells the living nodes that what they may have cached has changed, and
// returns when they know, or after a second: caches forget by themselves soon after.
func (n *Node) Changed(ctx context.Context, what string) {
	n.tell(context.WithoutCancel(ctx), changedPath, []byte(what))
}

// tell sends something to all living nodes, and returns when they have it.
func (n *Node) tell(ctx context.Context, path string, body []byte) {
	var wg sync.WaitGroup
	for _, r := range n.others() {
		if r.URL == "" {
			continue
		}
		wg.Go(func() {
			if _, err := n.post(ctx, changeTimeout, r.URL, path, body); err != nil {
				n.log.Warn("cluster: a node was not told", "node", r.Name, "of", path, "err", err)
			}
		})
	}
	wg.Wait()
}

func (n *Node) post(ctx context.Context, timeout time.Duration, base, path string, body []byte) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, base+path, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	sent := strconv.FormatInt(time.Now().Unix(), 10)
	req.Header.Set(timeHeader, sent)
	req.Header.Set(macHeader, hex.EncodeToString(n.mac(sent, path, body)))
	resp, err := n.client.Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	reply, err := io.ReadAll(io.LimitReader(resp.Body, maxBody))
	switch {
	case err != nil:
		return nil, err
	case resp.StatusCode == http.StatusGone:
		return nil, errGone
	case resp.StatusCode != http.StatusOK:
		return nil, fmt.Errorf("cluster: %s answered %d", base, resp.StatusCode)
	}
	return reply, nil
}

func (n *Node) mac(sent, path string, body []byte) []byte {
	m := hmac.New(sha256.New, n.opts.Secret)
	_, _ = fmt.Fprintf(m, "%s\n%s\n", sent, path) // never fails
	m.Write(body)
	return m.Sum(nil)
}

// ServeHTTP answers other nodes.
func (n *Node) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if err != nil || r.Method != http.MethodPost {
		http.Error(w, "not a request of a node", http.StatusBadRequest)
		return
	}
	if !n.genuine(r, body) {
		http.Error(w, "the secret or the clock is another", http.StatusForbidden)
		return
	}
	switch r.URL.Path {
	case askPath:
		reply, err := n.opts.Hooks.Answer(r.Context(), body)
		if err != nil {
			n.log.Debug("cluster: a question was not answered", "err", err)
			http.Error(w, "the phone is not here", http.StatusGone)
			return
		}
		_, _ = w.Write(reply)
	case changedPath:
		n.opts.Hooks.Changed(string(body))
	case joinedPath:
		if err := n.look(r.Context()); err != nil {
			http.Error(w, "the store cannot be read", http.StatusServiceUnavailable)
		}
	default:
		http.NotFound(w, r)
	}
}

// genuine checks that a request is of a node that knows the secret, and not old. One
// that comes twice does no harm.
func (n *Node) genuine(r *http.Request, body []byte) bool {
	sent := r.Header.Get(timeHeader)
	at, err := strconv.ParseInt(sent, 10, 64)
	if err != nil || time.Since(time.Unix(at, 0)).Abs() > maxSkew {
		return false
	}
	mac, err := hex.DecodeString(r.Header.Get(macHeader))
	return err == nil && hmac.Equal(mac, n.mac(sent, r.URL.Path, body))
}
