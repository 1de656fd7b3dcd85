package httpapi

import (
	"fmt"
	"maps"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/openrbm/openrbm/rbm"
)

// endpoints are the regional endpoints: each is the public host with the name and
// a '-' before it (facts/rbm-api.md §5.4), and serves the numbers that begin with
// one of its prefixes. Which country belongs to which is not published: here it
// is the Americas, Europe with Africa and the Middle East, and the rest of Asia
// with the Pacific, by calling codes. The longest prefix decides.
var endpoints = map[string][]string{
	"us":     {"+1", "+5", "+297", "+299"},
	"europe": {"+2", "+3", "+4", "+7", "+90", "+96", "+970", "+971", "+972", "+973", "+974", "+98", "+992", "+993", "+994", "+995", "+996", "+998"},
	"asia":   {"+6", "+8", "+9", "+960"},
}

// Regions are the names of the regional endpoints.
func Regions() []string { return slices.Sorted(maps.Keys(endpoints)) }

// regionOf is the regional endpoint that a request came to, "" for the global
// one: by its Host or, if that is configured, by a header that a proxy has set.
func (a *API) regionOf(r *http.Request) string {
	if a.RegionHeader != "" {
		name := strings.ToLower(r.Header.Get(a.RegionHeader))
		if _, ok := endpoints[name]; ok {
			return name
		}
	}
	base, err := url.Parse(a.BaseURL)
	if err != nil {
		return ""
	}
	host := r.Host
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	name, ok := strings.CutSuffix(strings.ToLower(host), "-"+strings.ToLower(base.Hostname()))
	if _, known := endpoints[name]; ok && known {
		return name
	}
	return ""
}

// checkRegion says which numbers do not belong to region (facts/rbm-api.md §1.8).
func checkRegion(numbers []string, region string) error {
	if region == "" {
		return nil
	}
	var wrong []rbm.Violation
	for i, n := range numbers {
		if of := numberRegion(n); of != region && len(wrong) < rbm.MaxViolations {
			wrong = append(wrong, rbm.Violation{Field: fmt.Sprintf("users[%d]", i),
				Description: fmt.Sprintf("Invalid value at 'users[%d]': %s belongs to the region %s, and this is the endpoint of %s.", i, n, of, region)})
		}
	}
	if len(wrong) > 0 {
		return rbm.InvalidArgument(wrong...)
	}
	return nil
}

func numberRegion(number string) string {
	region, longest := "", 0
	for name, prefixes := range endpoints {
		for _, p := range prefixes {
			if len(p) > longest && strings.HasPrefix(number, p) {
				region, longest = name, len(p)
			}
		}
	}
	return region
}
