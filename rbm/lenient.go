package rbm

import (
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// This file reads JSON as leniently as Google's own parser does (facts/rbm-api.md §7.2),
// into a tree. The messages are that parser's (facts/rbm-api.md §4.4).

// node is a JSON value. kind is '{', '[', '"', '0' for a number, or 't', 'f', 'n'.
type node struct {
	kind  byte
	text  string   // of a string, or the literal of a number, bool or null
	names []string // of the kids of an object, as sent
	kids  []node
}

// maxDepth is the deepest nesting of objects and lists that is read.
const maxDepth = 100

// maxValues is how many values a body may have, twice as many as the longest list
// that a method takes: each costs far more memory than the two bytes that it may have.
const maxValues = 20_000

// snippet is how many bytes of the body a syntax error shows on either side.
const snippet = 20

type parser struct {
	s      string
	pos    int
	values int
}

// parse reads a whole body; one without any value is an empty object.
func parse(body []byte) (node, error) {
	p := parser{s: string(body)}
	for i, r := range p.s {
		if r == utf8.RuneError && !strings.HasPrefix(p.s[i:], "\uFFFD") {
			p.pos = i
			return node{}, p.fail("Encountered non UTF-8 code points.")
		}
	}
	if p.space(); p.pos == len(p.s) {
		return node{kind: '{'}, nil
	}
	n, err := p.value("Expected a value.", "", 1)
	if err != nil {
		return node{}, err
	}
	if p.space(); p.pos < len(p.s) {
		return node{}, p.fail("Parsing terminated before end of input.")
	}
	return n, nil
}

// fail is the syntax error at the present position, with a caret below it.
func (p *parser) fail(message string) error {
	from, to := max(0, p.pos-snippet), min(len(p.s), p.pos+snippet)
	before, after := valid(p.s[from:p.pos]), valid(p.s[p.pos:to])
	if p.pos == len(p.s) && strings.HasPrefix(message, "Expected") {
		message = "Unexpected end of string. " + message
	}
	caret := strings.Repeat(" ", utf8.RuneCountInString(before)) + "^"
	return InvalidArgument(Violation{Description: "Invalid JSON payload received. " + message + "\n" + before + after + "\n" + caret})
}

func (p *parser) space() {
	for p.pos < len(p.s) && strings.IndexByte(" \t\r\n", p.s[p.pos]) >= 0 {
		p.pos++
	}
}

// peek skips space and is the next byte, or 0 at the end.
func (p *parser) peek() byte {
	if p.space(); p.pos < len(p.s) {
		return p.s[p.pos]
	}
	return 0
}

func (p *parser) value(expected, key string, depth int) (node, error) {
	c := p.peek()
	p.values++
	switch {
	case p.values > maxValues:
		return node{}, p.fail("Message too large. It has more than " + strconv.Itoa(maxValues) + " values.")
	case (c == '{' || c == '[') && depth > maxDepth:
		return node{}, p.fail("Message too deep. Max recursion depth reached for key '" + key + "'")
	case c == '{':
		return p.object(depth)
	case c == '[':
		return p.list(key, depth)
	case c == '"', c == '\'':
		text, err := p.str(c)
		return node{kind: '"', text: text}, err
	case c == '-', c >= '0' && c <= '9':
		return p.number()
	case isWordByte(c):
		word := p.word()
		if word == "true" || word == "false" || word == "null" {
			return node{kind: word[0], text: word}, nil
		}
		p.pos -= len(word)
		return node{}, p.fail("Unexpected token.")
	case c != 0 && strings.IndexByte("}],:", c) >= 0:
		return node{}, p.fail("Unexpected token.")
	}
	return node{}, p.fail(expected)
}

func (p *parser) object(depth int) (node, error) {
	n := node{kind: '{'}
	for p.pos++; p.peek() != '}'; {
		name, err := p.name()
		if err != nil {
			return n, err
		}
		if p.peek() != ':' {
			return n, p.fail("Expected : between key:value pair.")
		}
		p.pos++
		kid, err := p.value("Expected a value.", name, depth+1)
		if err != nil {
			return n, err
		}
		n.names, n.kids = append(n.names, name), append(n.kids, kid)
		if err := p.comma('}', "Expected , or } after key:value pair."); err != nil {
			return n, err
		}
	}
	p.pos++
	return n, nil
}

func (p *parser) list(key string, depth int) (node, error) {
	n := node{kind: '['}
	for p.pos++; p.peek() != ']'; {
		kid, err := p.value("Expected a value or ] within an array.", key, depth+1)
		if err != nil {
			return n, err
		}
		n.kids = append(n.kids, kid)
		if err := p.comma(']', "Expected , or ] after array value."); err != nil {
			return n, err
		}
	}
	p.pos++
	return n, nil
}

// comma skips a comma, which may also stand before the end.
func (p *parser) comma(end byte, expected string) error {
	switch p.peek() {
	case ',':
		p.pos++
	case end:
	default:
		return p.fail(expected)
	}
	return nil
}

func (p *parser) name() (string, error) {
	c := p.peek()
	if c == '"' || c == '\'' {
		return p.str(c)
	}
	word := p.word()
	if word != "" && (c < '0' || c > '9') && word != "true" && word != "false" && word != "null" {
		return word, nil
	}
	p.pos -= len(word)
	return "", p.fail("Expected an object key or }.")
}

func isWordByte(c byte) bool {
	return c == '_' || c == '$' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9'
}

func (p *parser) word() string {
	start := p.pos
	for p.pos < len(p.s) && isWordByte(p.s[p.pos]) {
		p.pos++
	}
	return p.s[start:p.pos]
}

// number reads a number in the grammar of JSON.
func (p *parser) number() (node, error) {
	start := p.pos
	for p.pos < len(p.s) && (isWordByte(p.s[p.pos]) || strings.IndexByte("+-.", p.s[p.pos]) >= 0) {
		p.pos++
	}
	text := p.s[start:p.pos]
	if !isNumber(text) {
		p.pos = start
		return node{}, p.fail("Unable to parse number.")
	}
	return node{kind: '0', text: text}, nil
}

func isNumber(s string) bool {
	s = strings.TrimPrefix(s, "-")
	mantissa, exponent, scaled := cutAny(s, "eE")
	whole, fraction, dotted := strings.Cut(mantissa, ".")
	if scaled && exponent != "" && (exponent[0] == '+' || exponent[0] == '-') {
		exponent = exponent[1:]
	}
	return digits(whole) && (len(whole) == 1 || whole[0] != '0') && (!dotted || digits(fraction)) && (!scaled || digits(exponent))
}

func cutAny(s, separators string) (before, after string, found bool) {
	if i := strings.IndexAny(s, separators); i >= 0 {
		return s[:i], s[i+1:], true
	}
	return s, "", false
}

// str reads a string in the given quotes. Line breaks and other control
// characters may stand in it as they are.
func (p *parser) str(quote byte) (string, error) {
	p.pos++
	start := p.pos
	end := strings.IndexAny(p.s[start:], string(quote)+`\`)
	if end >= 0 && p.s[start+end] == quote { // nothing to unescape
		p.pos += end + 1
		return p.s[start : start+end], nil
	}
	var b strings.Builder
	for p.pos < len(p.s) {
		switch c := p.s[p.pos]; c {
		case quote:
			p.pos++
			return b.String(), nil
		case '\\':
			if err := p.escape(&b); err != nil {
				return "", err
			}
		default:
			b.WriteByte(c)
			p.pos++
		}
	}
	return "", p.fail("Closing quote expected in string.")
}

func (p *parser) escape(b *strings.Builder) error {
	rest := p.s[p.pos+1:]
	if rest == "" {
		return p.fail("Closing quote expected in string.")
	}
	if rest[0] == 'u' {
		return p.unicode(b)
	}
	i := strings.IndexByte(`"'\/bfnrt`, rest[0])
	if i < 0 {
		return p.fail("Invalid escape sequence.")
	}
	b.WriteByte("\"'\\/\b\f\n\r\t"[i])
	p.pos += 2
	return nil
}

func (p *parser) unicode(b *strings.Builder) error {
	r, ok := p.hex()
	if !ok {
		return p.fail("Illegal hex string.")
	}
	p.pos += 6
	if utf16.IsSurrogate(r) {
		low, ok := p.hex()
		if !ok {
			return p.fail("Missing low surrogate.")
		}
		if r = utf16.DecodeRune(r, low); r == utf8.RuneError {
			return p.fail("Invalid low surrogate.")
		}
		p.pos += 6
	}
	b.WriteRune(r)
	return nil
}

// hex reads the \uXXXX at the present position, without going past it.
func (p *parser) hex() (rune, bool) {
	rest := p.s[p.pos:]
	if len(rest) < 6 || rest[0] != '\\' || rest[1] != 'u' {
		return 0, false
	}
	n, err := strconv.ParseUint(rest[2:6], 16, 16)
	return rune(n), err == nil
}
