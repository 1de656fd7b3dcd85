package media

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"path"
	"strings"
	"time"

	"github.com/openrbm/openrbm/internal/netguard"
	"github.com/openrbm/openrbm/rbm"
)

// The bounds of fetches.
const (
	fetchesAtOnce  = 32
	connectTimeout = 10 * time.Second
	maxHeader      = 64 << 10 // bytes
	maxTitle       = 255      // bytes: as the device protocol has it
)

// userAgent is what the fetcher calls itself.
const userAgent = "OpenRBM-Fetcher/1 (+https://github.com/openrbm/openrbm)"

// fetcher fetches URLs that agents name.
type fetcher struct {
	guard     netguard.Guard
	transport *http.Transport
	slots     chan struct{}
}

func newFetcher(o Options) fetcher {
	f := fetcher{guard: netguard.Guard{AllowPrivate: o.AllowPrivate, Ports: []uint16{80, 443}}, slots: make(chan struct{}, fetchesAtOnce)}
	dialer := net.Dialer{Timeout: connectTimeout, Resolver: o.Resolver, Control: f.guard.Control}
	f.transport = &http.Transport{
		DialContext:            dialer.DialContext, // and no proxy: the guard would see only that
		TLSHandshakeTimeout:    connectTimeout,
		MaxResponseHeaderBytes: maxHeader,
		DisableCompression:     true,
		DisableKeepAlives:      true, // every connection is looked at
	}
	return f
}

// use is what a URL is fetched for.
type use struct {
	name      string
	limit     int64 // bytes
	check     func(contentType string) (string, error)
	redirects int
}

// The uses. A message's URLs are not redirected; the target of an upload may be,
// once (facts/rbm-api.md §6.2).
var (
	asContent   = use{"content", MaxFile, Allowed, 0}
	asUpload    = use{"upload", MaxFile, Allowed, 1}
	asThumbnail = use{"thumbnail", MaxThumbnail, thumbnailType, 0}
)

// fetch keeps what is at address as a new file. A Failure says why that cannot be.
func (f *Files) fetch(ctx context.Context, address string, u use, d Details) (*File, error) {
	ctx, cancel := context.WithTimeout(ctx, f.opts.FetchTimeout)
	defer cancel()
	select {
	case f.fetcher.slots <- struct{}{}:
		defer func() { <-f.fetcher.slots }()
	case <-ctx.Done():
		return nil, rbm.Errorf(rbm.CodeUnavailable, "Too many files are being fetched.")
	}
	file, err := f.fetchNow(ctx, address, u, d)
	if err != nil && f.life.Err() != nil {
		return nil, rbm.Errorf(rbm.CodeUnavailable, "The server is stopping.")
	}
	if err != nil {
		f.log.InfoContext(ctx, "not fetched", "url", loggable(address), "for", u.name, "err", err, "cause", errors.Unwrap(err))
	}
	return file, err
}

func (f *Files) fetchNow(ctx context.Context, address string, u use, d Details) (*File, error) {
	res, err := f.fetcher.get(ctx, address, u.redirects)
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	if d.MimeType, err = checkResponse(res, u); err != nil {
		return nil, err
	}
	if d.Title == "" {
		d.Title = titleOf(res.Request.URL)
	}
	c, err := f.receive(networkReader{res.Body}, u.limit)
	if err != nil {
		return nil, err
	}
	if u.name == asThumbnail.name {
		return f.store(context.WithoutCancel(ctx), c, d) // a thumbnail has none
	}
	return f.keep(ctx, c, d)
}

// get asks for address and for what it redirects to.
func (f *fetcher) get(ctx context.Context, address string, redirects int) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, fail("not a valid URL")
	}
	if err := f.checkURL(req.URL); err != nil {
		return nil, err
	}
	req.Header.Set("User-Agent", userAgent)
	req.Header.Set("Accept", "*/*")
	client := http.Client{Transport: f.transport, CheckRedirect: func(next *http.Request, via []*http.Request) error {
		if len(via) > redirects {
			return http.ErrUseLastResponse
		}
		return f.checkURL(next.URL)
	}}
	res, err := client.Do(req)
	if failure, ok := errors.AsType[*Failure](err); ok {
		return nil, failure
	}
	if err != nil {
		return nil, networkFailure(withoutURL(err))
	}
	return res, nil
}

// networkFailure tells the agent no more of the network than it needs.
func networkFailure(err error) error {
	timeout, isNet := errors.AsType[net.Error](err)
	refused := netguard.Refused(err)
	switch {
	case refused != nil:
		return &Failure{refused.Error(), err}
	case errors.Is(err, context.DeadlineExceeded), isNet && timeout.Timeout():
		return &Failure{"the server took too long to answer", err}
	}
	return &Failure{"the file could not be fetched", err}
}

// checkURL says why u may not be fetched.
func (f *fetcher) checkURL(u *url.URL) error {
	if err := f.guard.CheckURL(u); err != nil {
		return fail("%v", err)
	}
	return nil
}

// withoutURL takes the address out of err, which goes to the log: an address may
// be its own credential.
func withoutURL(err error) error {
	if e, ok := errors.AsType[*url.Error](err); ok {
		return e.Err
	}
	return err
}

// loggable is an address without what may be a credential in it: the query, and
// the name of a user.
func loggable(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return "(not a URL)"
	}
	u.User, u.RawQuery, u.Fragment = nil, "", ""
	return u.String()
}

// checkResponse says whether the answer is what it is fetched for, and of what
// type it is: its Content-Type is believed (facts/rbm-api.md §6.2).
func checkResponse(res *http.Response, u use) (mimeType string, err error) {
	switch coding := res.Header.Get("Content-Encoding"); {
	case res.StatusCode/100 == 3:
		return "", fail("the server answers HTTP status %d, and redirects are followed %d times", res.StatusCode, u.redirects)
	case res.StatusCode != http.StatusOK:
		return "", fail("the server answers HTTP status %d", res.StatusCode)
	case coding != "" && !strings.EqualFold(coding, "identity"):
		return "", fail("the server answers with Content-Encoding %q though it was not asked to", coding)
	case res.ContentLength > u.limit:
		return "", errTooLarge(u.limit)
	}
	return u.check(res.Header.Get("Content-Type"))
}

// networkReader makes Failures of the errors of a connection.
type networkReader struct{ r io.Reader }

func (n networkReader) Read(b []byte) (int, error) {
	k, err := n.r.Read(b)
	if err != nil && err != io.EOF {
		err = networkFailure(err)
	}
	return k, err
}

// titleOf is the name of a file by its URL.
func titleOf(u *url.URL) string {
	name := path.Base(u.Path)
	if name == "/" || name == "." {
		return ""
	}
	return strings.ToValidUTF8(name[:min(len(name), maxTitle)], "")
}
