package httpapi

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/openrbm/openrbm/internal/ledger"
	"github.com/openrbm/openrbm/internal/registry"
	"github.com/openrbm/openrbm/internal/store"
	"github.com/openrbm/openrbm/rbm"
)

// maxLooked is how many messages one search looks at; the next page goes on.
const maxLooked = 50_000

// listMessages searches what agents have sent, the newest first.
func (a *API) listMessages(c *call) (any, error) {
	q, err := c.search()
	if err != nil {
		return nil, err
	}
	find := a.Ledger.Recent
	if id := c.query.Get("messageId"); id != "" {
		find = a.named(id, registry.AgentID(c.query.Get("agentId")))
	}
	found, next, err := find(c.r.Context(), *q)
	if err != nil {
		return nil, err
	}
	list := struct {
		Messages      []*messageJSON `json:"messages"`
		NextPageToken string         `json:"nextPageToken,omitzero"`
	}{Messages: []*messageJSON{}}
	for _, f := range found {
		list.Messages = append(list.Messages, showMessage(f.Item, f.Status))
	}
	if next != 0 {
		list.NextPageToken = strconv.FormatUint(uint64(next), 10)
	}
	return list, nil
}

// named finds the messages of an id, of all agents or of one, however old they
// are: an id needs no search.
func (a *API) named(id, agent string) func(context.Context, ledger.Search) ([]ledger.Found, ledger.Seq, error) {
	return func(ctx context.Context, q ledger.Search) ([]ledger.Found, ledger.Seq, error) {
		agents := []string{agent}
		if agent == "" {
			agents = []string{ledger.PlatformAgent}
			for _, one := range a.Registry.Agents() {
				agents = append(agents, one.ID)
			}
		}
		var found []ledger.Found
		for _, one := range agents {
			it, st, err := a.stored(ctx, ledger.Ref{Agent: one, ID: id})
			if errors.Is(err, store.ErrNotFound) {
				continue
			}
			if err != nil {
				return nil, 0, err
			}
			if (q.Before == 0 || it.Seq < q.Before) && !it.SendTime.Before(q.Since) && q.Item(it) && (q.Status == nil || q.Status(st)) {
				found = append(found, ledger.Found{Item: it, Status: st})
			}
		}
		slices.SortFunc(found, func(x, y ledger.Found) int { return cmp.Compare(y.Item.Seq, x.Item.Seq) })
		return found[:min(len(found), q.Limit)], 0, nil
	}
}

// search reads the query: phoneNumber, agentId and messageId are met exactly, text
// stands anywhere in the message, and q anywhere in any of them.
func (c *call) search() (*ledger.Search, error) {
	var wrong []rbm.Violation
	q := &ledger.Search{Scan: maxLooked}
	var err error
	if q.Limit, err = pageSize(c); err != nil {
		return nil, err
	}
	if v := c.query.Get("pageToken"); v != "" {
		n, err := strconv.ParseUint(v, 10, 63)
		if err != nil {
			wrong = append(wrong, rbm.Violation{Field: "page_token", Description: "The pageToken must be one that a list has answered with."})
		}
		q.Before = ledger.Seq(n)
	}
	var until time.Time
	for name, at := range map[string]*time.Time{"since": &q.Since, "until": &until} {
		if v := c.query.Get(name); v != "" {
			if *at, err = time.Parse(time.RFC3339Nano, v); err != nil {
				wrong = append(wrong, rbm.Violation{Field: name, Description: "The " + name + " must be a time such as 2026-11-20T20:03:35Z."})
			}
		}
	}
	if len(wrong) > 0 {
		return nil, rbm.InvalidArgument(wrong...)
	}
	if !until.IsZero() && (q.Before == 0 || ledger.Seq(until.UnixNano()) < q.Before) {
		q.Before = ledger.Seq(until.UnixNano())
	}
	q.Item = c.itemFilter()
	if states := c.query["state"]; len(states) > 0 {
		q.Status = func(s *ledger.Status) bool { return slices.Contains(states, s.State.String()) }
	}
	return q, nil
}

func (c *call) itemFilter() func(*ledger.Item) bool {
	agent, phone, id := registry.AgentID(c.query.Get("agentId")), c.query.Get("phoneNumber"), c.query.Get("messageId")
	text, anywhere := newNeedle(c.query.Get("text")), newNeedle(c.query.Get("q"))
	return func(it *ledger.Item) bool {
		return (agent == "" || it.Agent == agent) && (phone == "" || it.Phone == phone) && (id == "" || it.ID == id) &&
			text.inMessage(it.Payload) &&
			(anywhere.in(it.Agent) || anywhere.in(it.Phone) || anywhere.in(it.ID) || anywhere.inMessage(it.Payload))
	}
}

// needle is a text that is looked for, whatever the case of its letters; the empty
// one is everywhere.
type needle struct {
	lower string
	// first is how it begins, in both cases, if JSON writes it as it is: where that is
	// not, there is no need to read the JSON.
	first [2][]byte
	plain []byte // lower, if there is a first
}

func newNeedle(text string) needle {
	n := needle{lower: strings.ToLower(strings.TrimSpace(text))}
	special := func(r rune) bool { return r < ' ' || r >= utf8.RuneSelf || strings.ContainsRune(`"\<>&`, r) }
	if n.lower != "" && strings.IndexFunc(n.lower, special) < 0 {
		n.plain = []byte(n.lower)
		n.first = [2][]byte{[]byte(n.lower[:1]), []byte(strings.ToUpper(n.lower[:1]))}
	}
	return n
}

func (n *needle) in(text string) bool {
	return n.lower == "" || strings.Contains(strings.ToLower(text), n.lower)
}

// inMessage says whether the needle is in a text that the user may see, or that a
// tap sends: not in the names of fields, nor in what the platform adds.
func (n *needle) inMessage(payload []byte) bool {
	if n.lower == "" {
		return true
	}
	if !n.maybeIn(payload) {
		return false
	}
	var m struct {
		ContentMessage jsontext.Value `json:"contentMessage"`
	}
	if rbm.Unmarshal(payload, &m) != nil {
		return false
	}
	d := jsontext.NewDecoder(bytes.NewReader(m.ContentMessage))
	for {
		token, err := d.ReadToken()
		if err != nil {
			return false
		}
		kind, length := d.StackIndex(d.StackDepth())
		isName := kind == '{' && length%2 == 1
		if token.Kind() == '"' && !isName && n.in(token.String()) {
			return true
		}
	}
}

// maybeIn is false where the needle cannot be, and quick.
func (n *needle) maybeIn(b []byte) bool {
	return n.first[0] == nil || n.from(b, n.first[0]) || n.from(b, n.first[1])
}

// from finds the plain needle where first stands, without making b small first.
func (n *needle) from(b, first []byte) bool {
	for {
		i := bytes.Index(b, first)
		if i < 0 || len(b)-i < len(n.lower) {
			return false
		}
		if bytes.EqualFold(b[i:i+len(n.lower)], n.plain) {
			return true
		}
		b = b[i+1:]
	}
}
