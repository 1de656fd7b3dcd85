package registry

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"strconv"
	"strings"
	"time"
)

// lentPrefix begins a device token that is lent: until when, and a signature.
const lentPrefix = "lent_"

// LendToken returns a device token of a phone that is good for so long, for
// whoever administers the platform; the phone keeps its own. It ends early when
// the phone is issued a new token, and with this run of the server.
func (r *Registry) LendToken(ctx context.Context, number string, life time.Duration) (string, time.Time, error) {
	p, err := r.Phone(ctx, number)
	if err != nil {
		return "", time.Time{}, err
	}
	until := r.clock.Now().Add(life).Truncate(time.Second)
	return r.lent(p, until.Unix()), until, nil
}

func (r *Registry) lent(p *Phone, until int64) string {
	end := strconv.FormatInt(until, 36)
	mac := hmac.New(sha256.New, r.lending[:])
	mac.Write([]byte(p.Number + " " + end + " "))
	mac.Write(p.TokenHash)
	return lentPrefix + end + "." + base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}

// isLent says that token is lent for p, and not over.
func (r *Registry) isLent(p *Phone, token string) bool {
	text, ok := strings.CutPrefix(token, lentPrefix)
	if !ok {
		return false
	}
	end, _, _ := strings.Cut(text, ".")
	until, err := strconv.ParseInt(end, 36, 64)
	return err == nil && hmac.Equal([]byte(token), []byte(r.lent(p, until))) && r.clock.Now().Unix() < until
}
