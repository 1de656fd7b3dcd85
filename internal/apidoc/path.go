package apidoc

import (
	"regexp"
	"strings"
)

// variable is a {variable} of a path in Google's notation.
type variable struct {
	name    string
	pattern string // phones/*; "" is one segment
}

var variables = regexp.MustCompile(`\{([^{}=]+)(?:=([^{}]*))?\}`)

// replaceVariables replaces each variable of a path.
func replaceVariables(path string, with func(variable) string) string {
	return variables.ReplaceAllStringFunc(path, func(found string) string {
		name, pattern, _ := strings.Cut(found[1:len(found)-1], "=")
		return with(variable{name, pattern})
	})
}

func variablesOf(path string) []variable {
	var all []variable
	replaceVariables(path, func(v variable) string {
		all = append(all, v)
		return ""
	})
	return all
}

// Anonymous is a path with its variables reduced to {}: the paths that a method
// and a route have in common, however they call their variables.
func Anonymous(path string) string {
	return replaceVariables(path, func(v variable) string {
		if v.pattern == "" {
			return "{}"
		}
		return strings.ReplaceAll(v.pattern, "*", "{}")
	})
}

// regexp is the pattern that the whole value of a variable has: ^phones/[^/]+$.
func (v variable) regexp() string {
	if v.pattern == "" {
		return "^[^/]+$"
	}
	return "^" + strings.ReplaceAll(v.pattern, "*", "[^/]+") + "$"
}

// flat is the variable's pattern with names, as Google's flatPath has them:
// phones/{phonesId}.
func (v variable) flat() string {
	if v.pattern == "" {
		return "{" + v.name + "}"
	}
	segments := strings.Split(v.pattern, "/")
	for i := 1; i < len(segments); i++ {
		if segments[i] == "*" {
			segments[i] = "{" + segments[i-1] + "Id}"
		}
	}
	return strings.Join(segments, "/")
}
