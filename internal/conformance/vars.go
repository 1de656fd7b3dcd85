package conformance

import (
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/openrbm/openrbm/client"
)

// vars are the variables of one run of a script.
type vars map[string]string

var (
	variable  = regexp.MustCompile(`\$\{([A-Z]+[0-9]*)\}`)
	fresh     = regexp.MustCompile(`^(ID|NUM|PHONE)[1-9]$`)
	assertion = regexp.MustCompile(`\$\{ASSERTION((?: [^${}]*)?)\}`)
)

// get returns a variable, and makes those that are new for each run.
func (v vars) get(name string) (string, error) {
	if _, ok := v[name]; !ok {
		m := fresh.FindStringSubmatch(name)
		if m == nil {
			return "", fmt.Errorf("the variable ${%s} is not known here", name)
		}
		v[name] = invent(m[1])
	}
	return v[name], nil
}

func invent(kind string) string {
	switch kind {
	case "NUM":
		return fmt.Sprintf("%d%019d", rand.Uint64(), rand.Int64())
	case "PHONE": // 555-0100 to 555-0199 belong to nobody
		return fmt.Sprintf("+120155501%02d", rand.IntN(100))
	}
	return client.NewMessageID()
}

// expand puts the variables, then the JWTs, into a part of a request.
func (t *Target) expand(s string, v vars, now time.Time) (_ string, err error) {
	put := func(value string, failed error) string {
		err = errors.Join(err, failed)
		return value
	}
	s = variable.ReplaceAllStringFunc(s, func(ref string) string {
		if name := ref[2 : len(ref)-1]; name != "ASSERTION" {
			return put(v.get(name))
		}
		return ref
	})
	s = assertion.ReplaceAllStringFunc(s, func(call string) string {
		return put(t.sign(strings.Fields(assertion.FindStringSubmatch(call)[1]), now))
	})
	return s, err
}

// partnerSigns is the argument of ${ASSERTION} for a JWT of the partner.
const partnerSigns = "key=partner"

// keyFile is what is needed of a service account's key file.
type keyFile struct {
	ID      string `json:"private_key_id"`
	Private string `json:"private_key"`
	Email   string `json:"client_email"`
}

func readKey(file []byte) (key keyFile, err error) {
	if json.Unmarshal(file, &key) != nil {
		err = errors.New("the key file is not JSON")
	}
	return key, err
}

// sign makes a JWT as the official clients do (facts/rbm-api.md §5.1), with what
// the arguments change.
func (t *Target) sign(args []string, now time.Time) (string, error) {
	file := t.Key
	if at := slices.Index(args, partnerSigns); at >= 0 {
		file, args = t.PartnerKey, slices.Concat(args[:at], args[at+1:])
	}
	key, err := readKey(file)
	if err != nil {
		return "", err
	}
	signer, err := jwt.ParseRSAPrivateKeyFromPEM([]byte(key.Private))
	if err != nil {
		return "", fmt.Errorf("the private_key of the key file: %w", err)
	}
	token := jwt.NewWithClaims(jwt.SigningMethodRS256, jwt.MapClaims{
		"iss": key.Email, "scope": client.Scope, "aud": t.base() + "/token",
		"iat": now.Unix(), "exp": now.Add(time.Hour).Unix(),
	})
	token.Header["kid"] = key.ID
	for _, arg := range args {
		name, value, _ := strings.Cut(arg, "=")
		if err := change(token, name, value, now); err != nil {
			return "", err
		}
	}
	signed, err := token.SignedString(signer)
	if at := strings.LastIndexByte(signed, '.') + 1; err == nil && token.Claims.(jwt.MapClaims)["signature"] != nil {
		signed = signed[:at] + "AAAA" + signed[at+4:]
	}
	return signed, err
}

// change sets a claim, or a header; an empty value leaves it out.
func change(token *jwt.Token, name, value string, now time.Time) error {
	of := map[string]any(token.Claims.(jwt.MapClaims))
	if name == "kid" || name == "typ" {
		of = token.Header
	}
	if value == "" {
		delete(of, name)
		return nil
	}
	of[name] = strings.ReplaceAll(value, ",", " ") // scopes
	if name == "iat" || name == "exp" {
		seconds, err := strconv.Atoi(value)
		if err != nil {
			return fmt.Errorf("${ASSERTION %s=%s}: not a number of seconds from now", name, value)
		}
		of[name] = now.Unix() + int64(seconds)
	}
	return nil
}
