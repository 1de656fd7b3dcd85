package rbm

import (
	"fmt"
	"net/url"
	"strings"
	"unicode/utf8"
)

// validator collects violations; the paths of fields are spelled out only then.
type validator struct {
	violations []Violation
	bytes      int // of all strings seen
}

func (v *validator) err() error {
	if len(v.violations) == 0 {
		return nil
	}
	return InvalidArgument(v.violations...)
}

// fail adds a violation of a field of the message at p; "" is p itself.
func (v *validator) fail(p *path, field, format string, args ...any) {
	if field != "" {
		f := p.field(field)
		p = &f
	}
	v.violations = append(v.violations, Violation{p.String(), "Invalid value" + p.at() + ": " + fmt.Sprintf(format, args...) + "."})
}

func (v *validator) missing(p *path, field string) { v.fail(p, field, "required") }

// union checks that exactly one member is set. The text for more than one is
// the grammar's (facts/rbm-api.md §4.4).
func (v *validator) union(p *path, oneof string, members []member) {
	first := true
	for _, m := range members {
		if m.set && !first {
			v.violations = append(v.violations, Violation{p.String(), fmt.Sprintf(
				"Invalid value%s (oneof), oneof field '%s' is already set. Cannot set '%s'", p.at(), oneof, m.name)})
		}
		first = first && !m.set
	}
	if first {
		names := make([]string, len(members))
		for i, m := range members {
			names[i] = m.name
		}
		v.fail(p, "", "one of %s is required", strings.Join(names, ", "))
	}
}

func (v *validator) free(s string) { v.bytes += len(s) }

// chars checks the length of a text in code points.
func (v *validator) chars(p *path, field, s string, limit int) {
	v.free(s)
	if n, over := charsOver(s, limit); over {
		v.fail(p, field, "%d characters, at most %d are allowed", n, limit)
	}
}

func charsOver(s string, limit int) (n int, over bool) {
	if len(s) <= limit {
		return 0, false
	}
	n = utf8.RuneCountInString(s)
	return n, n > limit
}

// count checks the number of elements of a list.
func (v *validator) count(p *path, field string, n, low, high int) {
	if n < low {
		v.fail(p, field, "%d elements, at least %d are required", n, low)
	}
	if n > high {
		v.fail(p, field, "%d elements, at most %d are allowed", n, high)
	}
}

// uri checks an absolute URI of RFC 3986; with web it must be http or https and
// name a host (facts/rbm-api.md §2.7, §2.8).
func (v *validator) uri(p *path, field, s string, web bool) {
	v.chars(p, field, s, MaxURLChars)
	if why := uriError(s, web); why != "" {
		v.fail(p, field, "%s", why)
	}
}

func uriError(s string, web bool) string {
	if !uriChars(s) {
		return "not a valid URI (RFC 3986)"
	}
	u, err := url.Parse(s)
	if err != nil || u.Scheme == "" {
		return "not a valid absolute URI (RFC 3986)"
	}
	if web && u.Scheme != "http" && u.Scheme != "https" {
		return "the scheme must be http or https"
	}
	if (u.Scheme == "http" || u.Scheme == "https") && u.Hostname() == "" {
		return "the URL names no host"
	}
	return ""
}

// uriChars reports whether s has only characters of RFC 3986, and whole percent
// escapes. Square brackets are let through everywhere, as the web does.
func uriChars(s string) bool {
	for i := range len(s) {
		if !uriByte[s[i]] || s[i] == '%' && (i+2 >= len(s) || !isHex(s[i+1]) || !isHex(s[i+2])) {
			return false
		}
	}
	return strings.Count(s, "#") <= 1
}

var uriByte = func() (ok [256]bool) {
	for _, c := range []byte("0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-._~:/?#[]@!$&'()*+,;=%") {
		ok[c] = true
	}
	return ok
}()

func isHex(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'a' && c <= 'f' || c >= 'A' && c <= 'F'
}

// file checks the name of an uploaded file, as files.create returned it (facts/rbm-api.md §2.3).
func (v *validator) file(p *path, field, name string) {
	v.free(name)
	uid, ok := strings.CutPrefix(name, "files/")
	if !ok || !ValidMessageID(uid) {
		v.fail(p, field, "not the name of an uploaded file, files/{uid}")
	}
}
