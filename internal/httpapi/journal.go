package httpapi

import (
	"strings"
	"time"

	"github.com/openrbm/openrbm/internal/journal"
	"github.com/openrbm/openrbm/internal/registry"
)

// journal notes what an agent called, and what it was answered.
func (a *API) journal(c *call, begin time.Time) {
	if c.route.access != messaging {
		return
	}
	took := time.Since(begin)
	e := journal.Event{
		Time: a.Clock.Now().Add(-took), Kind: journal.Call, Type: c.route.rpc, Agent: registry.AgentID(c.query.Get("agentId")),
		HTTP: &journal.Exchange{
			Method: c.r.Method, URL: withoutToken(c.r.URL.RequestURI()), Status: c.status, Took: took,
			Request: c.said.request, Answer: c.said.answer,
		},
	}
	if e.Agent == "" && len(c.caller.Agents) == 1 {
		e.Agent = c.caller.Agents[0]
	}
	if strings.HasPrefix(c.route.path, "/v1/phones/{phone}") {
		e.Phone = c.params[0]
	}
	if e.MessageID = c.query.Get("messageId"); len(c.params) > 1 {
		e.MessageID = c.params[1]
	} else if e.MessageID == "" {
		e.MessageID = c.query.Get("eventId")
	}
	a.Journal.Add(e)
}

// withoutToken takes a credential out of an address.
func withoutToken(uri string) string {
	path, query, _ := strings.Cut(uri, "?")
	if !strings.Contains(query, "token=") {
		return uri
	}
	var kept []string
	for part := range strings.SplitSeq(query, "&") {
		if !strings.Contains(part, "token=") {
			kept = append(kept, part)
		}
	}
	return path + "?" + strings.Join(kept, "&")
}
