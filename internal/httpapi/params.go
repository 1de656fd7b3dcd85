package httpapi

import (
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/openrbm/openrbm/rbm"
)

// system are the system parameters that shape an answer, whatever the method
// (facts/rbm-api.md §7.1). The others are for the authentication and for
// uploads, or have no effect here.
type system struct {
	compact  bool   // prettyPrint=false
	legacy   bool   // $.xgafv=1: errors have the list of the old format too
	fields   mask   // which fields of a good answer are wanted
	callback string // JSONP: the function that is called with the answer
}

// systemParameters are taken by every method, also with a '$' before them.
var systemParameters = []string{
	".xgafv", "access_token", "alt", "callback", "fields", "key", "oauth_token", "prettyPrint", "quotaUser",
	"uploadType", "upload_protocol",
}

func isSystemParameter(name string) bool {
	return slices.Contains(systemParameters, strings.TrimPrefix(name, "$"))
}

// parseQuery reads the query parameters and refuses those that the method does
// not have (facts/rbm-api.md §4.4). Both camelCase and snake_case will do.
func (c *call) parseQuery() error {
	err := c.takeOverride()
	if err != nil {
		return err
	}
	if c.query, err = url.ParseQuery(c.r.URL.RawQuery); err != nil {
		c.query = nil
		return rbm.Errorf(rbm.CodeInvalidArgument, "The query string is malformed.")
	}
	if err := c.parseSystem(); err != nil || c.route.access == open {
		return err
	}
	var unknown []string
	for name := range c.query {
		if !slices.Contains(c.route.query, camel(name)) && !isSystemParameter(name) {
			unknown = append(unknown, name)
		}
	}
	if len(unknown) > 0 {
		slices.Sort(unknown)
		return unknownParameters(unknown)
	}
	for name, v := range c.query {
		if camel(name) != name && c.query.Get(camel(name)) == "" {
			c.query[camel(name)] = v
		}
	}
	return nil
}

func unknownParameters(names []string) error {
	violations := make([]rbm.Violation, len(names))
	for i, name := range names {
		violations[i].Description = fmt.Sprintf(
			"Invalid JSON payload received. Unknown name \"%s\": Cannot bind query parameter. Field '%s' could not be found in request message.", name, name)
	}
	return rbm.InvalidArgument(violations...)
}

// camel is the lowerCamelCase of a snake_case name: both spellings are accepted.
func camel(name string) string {
	if !strings.Contains(name, "_") {
		return name
	}
	var b strings.Builder
	for i, part := range strings.Split(name, "_") {
		if i > 0 && part != "" {
			part = strings.ToUpper(part[:1]) + part[1:]
		}
		b.WriteString(part)
	}
	return b.String()
}

// systemValue is the value of a system parameter in either spelling.
func (c *call) systemValue(name string) string {
	if v := c.query.Get(name); v != "" {
		return v
	}
	return c.query.Get("$" + name)
}

// parseSystem reads the system parameters. Those that decide how an error looks
// come first.
func (c *call) parseSystem() error {
	if len(c.query) == 0 {
		return nil
	}
	c.system.legacy = c.query.Get("$.xgafv") == "1"
	if pretty, err := strconv.ParseBool(c.systemValue("prettyPrint")); err == nil {
		c.system.compact = !pretty
	}
	if err := c.parseCallback(c.systemValue("callback")); err != nil {
		return err
	}
	if alt := c.systemValue("alt"); alt != "" && alt != "json" {
		return rbm.InvalidArgument(rbm.Violation{Field: "alt", Description: fmt.Sprintf(
			"Invalid value at 'alt': the format \"%s\" is not supported by this method, only json is.", alt)})
	}
	return c.parseFields()
}

func (c *call) parseFields() (err error) {
	if c.query["fields"] == nil && c.query["$fields"] == nil {
		return nil
	}
	lists := slices.Concat(c.query["fields"], c.query["$fields"])
	list := strings.Join(slices.DeleteFunc(lists, func(s string) bool { return s == "" }), ",")
	if c.system.fields, err = parseMask(list); err != nil || c.answers == nil {
		return err
	}
	if wrong := c.system.fields.check(c.answers, ""); len(wrong) > 0 {
		return rbm.InvalidArgument(wrong...)
	}
	return nil
}

// callbackName is a JavaScript name with dots, and nothing that could be a
// script.
var callbackName = regexp.MustCompile(`^[A-Za-z_$][\w$]{0,63}(\.[A-Za-z_$][\w$]{0,63}){0,7}$`)

// parseCallback accepts JSONP for what a page can load as a script: GET.
func (c *call) parseCallback(name string) error {
	why := ""
	switch {
	case name == "":
		return nil
	case c.route.method != "GET":
		why = "only GET can be answered with a script"
	case !callbackName.MatchString(name):
		why = "it must be the name of a JavaScript function"
	}
	if why != "" {
		return rbm.InvalidArgument(rbm.Violation{Field: "callback", Description: "Invalid value at 'callback': " + why + "."})
	}
	c.system.callback = name
	return nil
}

// takeOverride makes a POST whose header says another method that method. As a
// GET, its body is a form with the rest of the query (facts/rbm-api.md §7.3).
func (c *call) takeOverride() error {
	if c.r.Method != "POST" || c.route.method == "POST" {
		return nil
	}
	r, u := *c.r, *c.r.URL
	if c.route.method == "GET" {
		form, err := c.unpacked()
		if err != nil {
			return err
		}
		if len(form) > 0 && !c.isForm() {
			return rbm.Errorf(rbm.CodeInvalidArgument, "With %s: GET the request body is the query: its Content-Type must be application/x-www-form-urlencoded.", overrideHeader)
		}
		u.RawQuery = strings.Trim(u.RawQuery+"&"+string(form), "&")
		r.Body = http.NoBody
	}
	r.Method, r.URL = c.route.method, &u
	c.r = &r
	return nil
}
