package rbm

import "strconv"

// path is a field path that is only spelled out when something is wrong.
type path struct {
	up    *path
	name  string // snake_case; "" is the request itself
	index int    // of a list element, else −1
}

func (p *path) field(name string) path       { return path{p, name, -1} }
func (p *path) item(name string, i int) path { return path{p, name, i} }

func (p *path) String() string { return string(p.append(nil)) }

func (p *path) append(b []byte) []byte {
	if p == nil || p.name == "" {
		return b
	}
	if b = p.up.append(b); len(b) > 0 {
		b = append(b, '.')
	}
	b = append(b, p.name...)
	if p.index >= 0 {
		b = append(strconv.AppendInt(append(b, '['), int64(p.index), 10), ']')
	}
	return b
}

// at is " at 'path'", or "" for the request itself.
func (p *path) at() string {
	if s := p.String(); s != "" {
		return " at '" + s + "'"
	}
	return ""
}
