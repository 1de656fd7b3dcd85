package httpapi

import (
	"net/http"
	"net/url"
	"strings"
)

// router finds the route of a request. Its paths are those of Google's
// transcoding: segments, of which {name} stands for any, and a ":verb" at the
// end (facts/rbm-api.md §1.0).
type router struct {
	byLength map[int][]*compiled // by number of segments
}

type compiled struct {
	*route
	segments []string
	verb     string
}

func newRouter(tables ...[]route) *router {
	r := &router{byLength: make(map[int][]*compiled)}
	for _, table := range tables {
		for i := range table {
			path, verb := cutVerb(table[i].path)
			c := &compiled{route: &table[i], segments: strings.Split(path[1:], "/"), verb: verb}
			r.byLength[len(c.segments)] = append(r.byLength[len(c.segments)], c)
		}
	}
	return r
}

// cutVerb takes the ":verb" off the end of a path.
func cutVerb(path string) (rest, verb string) {
	if i := strings.LastIndexByte(path, ':'); i > strings.LastIndexByte(path, '/') {
		return path[:i], path[i+1:]
	}
	return path, ""
}

// find returns the route for method and the path as it was sent, and the values
// of its {names} in their order. A '+' in a path is a '+'.
func (r *router) find(method, escapedPath string) (*route, []string) {
	path, verb := cutVerb(escapedPath)
	if !strings.HasPrefix(path, "/") {
		return nil, nil
	}
	segments := strings.Split(path[1:], "/")
	for _, c := range r.byLength[len(segments)] {
		if c.method != method || c.verb != verb {
			continue
		}
		if params, ok := c.match(segments); ok {
			return c.route, params
		}
	}
	return nil, nil
}

// methods are the methods that a path has, or none: it is unknown.
func (r *router) methods(escapedPath string) []string {
	var found []string
	for _, method := range [...]string{"GET", "POST", "PUT", "PATCH", "DELETE"} {
		if route, _ := r.find(method, escapedPath); route == nil {
			continue
		}
		found = append(found, method)
		if method == "GET" {
			found = append(found, "HEAD")
		}
	}
	return found
}

// overrideHeader says the real method of a POST: not every client can send PATCH,
// or long addresses (facts/rbm-api.md §7.3).
const overrideHeader = "X-Http-Method-Override"

// methodOf is the method whose route answers r. A HEAD is a GET whose body stays
// behind.
func methodOf(r *http.Request) string {
	if override := r.Header.Get(overrideHeader); r.Method == "POST" && override != "" {
		return strings.ToUpper(override)
	}
	if r.Method == "HEAD" {
		return "GET"
	}
	return r.Method
}

func (c *compiled) match(segments []string) ([]string, bool) {
	var params []string
	for i, want := range c.segments {
		if !strings.HasPrefix(want, "{") {
			if segments[i] != want && unescaped(segments[i]) != want {
				return nil, false
			}
			continue
		}
		v, err := url.PathUnescape(segments[i])
		if err != nil || v == "" {
			return nil, false
		}
		params = append(params, v)
	}
	return params, true
}

func unescaped(segment string) string {
	if v, err := url.PathUnescape(segment); err == nil {
		return v
	}
	return segment
}
