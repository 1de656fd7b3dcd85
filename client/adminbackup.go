package client

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
)

// Backup writes a backup of all that the server keeps to w: a stream that
// `openrbm restore` reads. It holds every secret of the platform. That Backup
// returns nil does not say that the backup is whole: the end of the stream does.
// Only ctx bounds how long it takes.
func (a *Admin) Backup(ctx context.Context, w io.Writer) error {
	k := call{method: http.MethodPost, path: "/admin/v1/backup", body: []byte("{}")}
	req, err := a.request(ctx, k)
	if err != nil {
		return err
	}
	token, err := a.tokens.token(ctx)
	if err != nil {
		return err
	}
	req.Header.Set("Authorization", "Bearer "+token)
	resp, err := unhurried(a.http).Do(req)
	if err != nil {
		return fmt.Errorf("client: %w", err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		answer, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
		if err != nil {
			return fmt.Errorf("client: %w", err)
		}
		err = failure(resp, answer)
		if s, ok := errors.AsType[*setback](err); ok {
			err = s.err
		}
		return err
	}
	if _, err := io.Copy(w, resp.Body); err != nil {
		return fmt.Errorf("client: the backup broke off: %w", err)
	}
	return nil
}
