package phone

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"

	"github.com/openrbm/openrbm/internal/frame"
	"github.com/openrbm/openrbm/rbm"
)

// Media is a file of a message (docs/device-protocol.md, "Media"): the place in the
// message's content that has it, and where the server has it.
type Media = frame.Media

// media makes the URLs absolute.
func (p *Phone) media(list []Media) []Media {
	for i := range list {
		list[i].URL, list[i].ThumbnailURL = p.resolve(list[i].URL), p.resolve(list[i].ThumbnailURL)
	}
	return list
}

// resolve is the absolute form of a reference to something at the server.
func (p *Phone) resolve(reference string) string {
	base, err := url.Parse(p.opts.URL)
	if err != nil || reference == "" {
		return reference
	}
	base.Scheme = map[string]string{"ws": "http", "wss": "https"}[base.Scheme]
	u, err := base.Parse(reference)
	if err != nil {
		return reference
	}
	return u.String()
}

// Upload brings a file of at most 100 MiB to the server, and returns it, with a
// thumbnail if it is an image, ready for File. name may be empty; size is its length
// in bytes, or -1. What the server refuses is an *rbm.Error.
func (p *Phone) Upload(ctx context.Context, r io.Reader, size int64, mimeType, name string) (*rbm.UserFile, error) {
	address := p.resolve("/device/v1/files?fileName=" + url.QueryEscape(name))
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, address, io.NopCloser(r))
	if err != nil {
		return nil, err
	}
	req.ContentLength = size
	req.Header.Set("Content-Type", mimeType)
	req.Header.Set("Authorization", "Bearer "+p.opts.Token)
	req.Header.Set("X-Phone-Number", p.opts.Number)
	res, err := p.web().Do(req)
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	body, err := io.ReadAll(io.LimitReader(res.Body, frame.MaxServerFrameBytes))
	if err != nil {
		return nil, err
	}
	if res.StatusCode != http.StatusOK {
		return nil, rbm.ParseError(res.StatusCode, body)
	}
	file := new(rbm.UserFile)
	if err := rbm.Unmarshal(body, file); err != nil {
		return nil, fmt.Errorf("phone: the answer to an upload: %w", err)
	}
	return file, nil
}

// SendFile uploads the file at path and sends it. It returns the id of the message.
func (p *Phone) SendFile(ctx context.Context, agentID, path, mimeType string) (messageID string, err error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return "", err
	}
	file, err := p.Upload(ctx, f, info.Size(), mimeType, filepath.Base(path))
	if err != nil {
		return "", err
	}
	return p.File(ctx, agentID, *file.Payload, file.Thumbnail)
}

// web reaches the server the way the phone does.
func (p *Phone) web() *http.Client {
	t := &http.Transport{Proxy: http.ProxyFromEnvironment, DialContext: (&net.Dialer{}).DialContext, DisableKeepAlives: true}
	if p.opts.DialContext != nil {
		t.DialContext = p.opts.DialContext
	}
	return &http.Client{Transport: t}
}
