package httpapi

import (
	"strconv"
	"strings"
	"time"

	"github.com/openrbm/openrbm/internal/ledger"
	"github.com/openrbm/openrbm/rbm"
)

// actJSON is an entry of the audit log as the admin API shows it.
type actJSON struct {
	Time         rbm.Timestamp `json:"time"`
	Who          string        `json:"who"`
	KeyID        string        `json:"keyId,omitzero"`
	From         string        `json:"from"`
	ForwardedFor string        `json:"forwardedFor,omitzero"`
	Method       string        `json:"method"`
	Route        string        `json:"route"`
	Resource     string        `json:"resource"`
	Fields       []string      `json:"fields,omitempty"`
	Target       string        `json:"target,omitzero"`
	Outcome      string        `json:"outcome,omitzero"`
	Count        int           `json:"count,omitzero"`
}

// auditLogJSON is a page of the audit log, the newest first.
type auditLogJSON struct {
	Entries       []actJSON `json:"entries"`
	NextPageToken string    `json:"nextPageToken,omitzero"`
}

// actsRead is how many entries one call reads at most: a filter that fits few of
// them gives a short page and where to go on.
const actsRead = 10_000

// actFilter is what the query asks for; empty is everything.
type actFilter struct {
	who, outcome, resource, mark string
	since, until                 time.Time
}

func (f *actFilter) fits(act *ledger.Act) bool {
	return (f.who == "" || f.who == act.Who) &&
		(f.outcome == "" || f.outcome == act.Outcome) &&
		strings.Contains(act.Resource+" "+act.Target, f.resource) &&
		strings.Contains(act.Resource+" "+act.Target, f.mark) &&
		(f.until.IsZero() || act.Time.Before(f.until))
}

func (a *API) actFilter(c *call) (f actFilter, err error) {
	f = actFilter{who: c.query.Get("who"), outcome: c.query.Get("outcome"), resource: c.query.Get("resource")}
	if number := c.query.Get("phoneNumber"); number != "" {
		f.mark = a.Auth.PhoneMark(number)
	}
	for name, t := range map[string]*time.Time{"startTime": &f.since, "endTime": &f.until} {
		v := c.query.Get(name)
		if v == "" {
			continue
		}
		if *t, err = time.Parse(time.RFC3339, v); err != nil {
			return f, rbm.InvalidArgument(rbm.Violation{Field: snakeTime[name], Description: "The " + name + " must be a time such as 2026-11-20T20:03:35Z."})
		}
	}
	return f, nil
}

var snakeTime = map[string]string{"startTime": "start_time", "endTime": "end_time"}

func (a *API) listAuditLog(c *call) (any, error) {
	f, err := a.actFilter(c)
	if err != nil {
		return nil, err
	}
	size, err := pageSize(c)
	if err != nil {
		return nil, err
	}
	var before uint64
	if v := c.query.Get("pageToken"); v != "" {
		if before, err = strconv.ParseUint(v, 36, 64); err != nil || before == 0 {
			return nil, rbm.InvalidArgument(rbm.Violation{Field: "page_token", Description: "The pageToken is none of this list."})
		}
	}
	page := auditLogJSON{Entries: []actJSON{}}
	for read := 0; read < actsRead; {
		acts, err := a.Ledger.Acts(c.r.Context(), ledger.Seq(before), f.since, maxPage)
		if err != nil {
			return nil, err
		}
		for _, act := range acts {
			if len(page.Entries) == size {
				page.NextPageToken = strconv.FormatUint(before, 36)
				return page, nil
			}
			before = uint64(act.Seq)
			if f.fits(act) {
				page.Entries = append(page.Entries, showAct(act))
			}
		}
		if read += len(acts); len(acts) < maxPage {
			return page, nil
		}
	}
	page.NextPageToken = strconv.FormatUint(before, 36)
	return page, nil
}

func showAct(a *ledger.Act) actJSON {
	return actJSON{
		Time: rbm.Timestamp(a.Time), Who: a.Who, KeyID: a.KeyID, From: a.From, ForwardedFor: a.ForwardedFor,
		Method: a.Method, Route: a.Route, Resource: a.Resource, Fields: a.Fields, Target: a.Target, Outcome: a.Outcome, Count: a.Count,
	}
}
