package httpapi

import (
	"net/http"
	"time"

	"github.com/openrbm/openrbm/rbm"
)

// slowReader is how long the client of a backup may take no bytes.
const slowReader = time.Minute

// backup answers with an archive. It is a POST because it gives away every secret
// of the platform: nothing may cache it or fetch it ahead, and it is audited.
func (a *API) backup(c *call) (any, error) {
	if _, err := decode[struct{}](c); err != nil {
		return nil, err
	}
	w := &stream{ResponseWriter: c.w, control: http.NewResponseController(c.w)}
	_ = w.control.SetReadDeadline(time.Time{}) // its end would be taken for that of the client
	h := c.w.Header()
	h.Set("Content-Type", "application/octet-stream")
	h.Set("Content-Disposition", `attachment; filename="openrbm-backup.archive"`)
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	totals, err := a.Backup(c.r.Context(), w)
	if err != nil && !w.begun {
		h.Del("Content-Disposition")
		a.Logger.ErrorContext(c.r.Context(), "backup", "err", err)
		return nil, rbm.Errorf(rbm.CodeUnavailable, "The service is currently unavailable.")
	}
	if err != nil { // too late for an answer: the client sees that the stream breaks off
		a.Logger.WarnContext(c.r.Context(), "backup broke off", "err", err)
		c.cut = true
		return nil, err
	}
	a.Logger.InfoContext(c.r.Context(), "backup", "records", totals.Records, "contents", totals.Contents, "useless", totals.Useless)
	return answered{}, nil
}

// stream gives each write the time that the listener's own bound gives a small
// answer.
type stream struct {
	http.ResponseWriter
	control *http.ResponseController
	begun   bool
}

func (s *stream) Write(b []byte) (int, error) {
	s.begun = true
	_ = s.control.SetWriteDeadline(time.Now().Add(slowReader)) // a test's recorder has none
	return s.ResponseWriter.Write(b)
}
