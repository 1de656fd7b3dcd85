package server

import (
	"math"
	"net/http"
	"net/http/pprof"
	"strconv"

	"github.com/openrbm/openrbm/internal/auth"
	"github.com/openrbm/openrbm/rbm"
)

// profilesPath is where Go's profiles are, on the administrator's listener only.
const profilesPath = "/debug/pprof/"

// profiles serves the profiles of net/http/pprof to who bears the admin token.
// They show what is in memory, so they are guarded as the admin API is. A profile
// over time ends before writeTimeout.
func (s *Server) profiles() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc(profilesPath, pprof.Index)
	mux.HandleFunc(profilesPath+"cmdline", pprof.Cmdline)
	mux.HandleFunc(profilesPath+"profile", pprof.Profile)
	mux.HandleFunc(profilesPath+"symbol", pprof.Symbol)
	mux.HandleFunc(profilesPath+"trace", pprof.Trace)
	return s.guarded(mux)
}

// guarded serves next to who bears the admin token.
func (s *Server) guarded(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := s.auth.CheckAdmin(r); err != nil {
			refuse(w, err)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// refuse answers with err in the envelope of the admin API.
func refuse(w http.ResponseWriter, err error) {
	e := rbm.AsError(err)
	body, _ := rbm.MarshalPretty(e.Envelope(false)) // strings and numbers: it cannot fail
	w.Header().Set("Content-Type", "application/json; charset=UTF-8")
	if e.Code == rbm.CodeUnauthenticated {
		w.Header().Set("WWW-Authenticate", auth.Challenge(e))
	}
	if e.RetryAfter > 0 {
		w.Header().Set("Retry-After", strconv.Itoa(int(math.Ceil(e.RetryAfter.Seconds()))))
	}
	w.WriteHeader(e.Code.HTTPStatus())
	_, _ = w.Write(body)
}
