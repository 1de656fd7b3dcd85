package client

import (
	"context"
	"net/http"
	"net/url"
	"strconv"
	"time"
)

// Act is an entry of the audit log: what an administrator or a partner did. Phone
// numbers are marks, the same for the same number.
type Act struct {
	Time         time.Time `json:"time"`
	Who          string    `json:"who"` // admin, the email of a service account, or nobody
	KeyID        string    `json:"keyId,omitempty"`
	From         string    `json:"from"`
	ForwardedFor string    `json:"forwardedFor,omitempty"`
	Method       string    `json:"method"`
	Route        string    `json:"route"`
	Resource     string    `json:"resource"`
	Fields       []string  `json:"fields,omitempty"` // names of the body's fields
	Target       string    `json:"target,omitempty"` // what was made
	Outcome      string    `json:"outcome,omitempty"`
	Count        int       `json:"count,omitempty"` // of failed logins; 0: one act
}

// ActFilter chooses entries of the audit log; empty fields choose all.
type ActFilter struct {
	Who, Outcome string
	Resource     string // is part of the path or the target
	PhoneNumber  string // E.164
	Since, Until time.Time
	Limit        int // at most so many; 0: all
}

func (f ActFilter) query() url.Values {
	q := url.Values{}
	set := func(name, v string) {
		if v != "" {
			q.Set(name, v)
		}
	}
	set("who", f.Who)
	set("outcome", f.Outcome)
	set("resource", f.Resource)
	set("phoneNumber", f.PhoneNumber)
	for name, t := range map[string]time.Time{"startTime": f.Since, "endTime": f.Until} {
		if !t.IsZero() {
			q.Set(name, t.UTC().Format(time.RFC3339Nano))
		}
	}
	q.Set("pageSize", strconv.Itoa(1000))
	return q
}

// AuditLog lists entries of the audit log, the newest first.
func (a *Admin) AuditLog(ctx context.Context, f ActFilter) ([]Act, error) {
	type page struct {
		Entries       []Act  `json:"entries"`
		NextPageToken string `json:"nextPageToken"`
	}
	acts, q := []Act{}, f.query()
	for {
		p, err := adminCall[page](ctx, a, http.MethodGet, "/auditLog?"+q.Encode(), nil)
		if err != nil {
			return nil, err
		}
		acts = append(acts, p.Entries...)
		if f.Limit > 0 && len(acts) >= f.Limit {
			return acts[:f.Limit], nil
		}
		if p.NextPageToken == "" {
			return acts, nil
		}
		q.Set("pageToken", p.NextPageToken)
	}
}

// DamagedRecord is a record of the store that could not be read and was set aside.
type DamagedRecord struct {
	Key  string    `json:"key"` // quoted as Go does
	Why  string    `json:"why"`
	Time time.Time `json:"time"`
	Size int       `json:"size,omitempty"` // bytes
}

// DamagedRecords lists the records that were set aside, at most 1000.
func (a *Admin) DamagedRecords(ctx context.Context) ([]DamagedRecord, error) {
	return adminList[DamagedRecord](ctx, a, "/damagedRecords", "records")
}
