package main

import (
	"context"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/openrbm/openrbm/client"
)

// auditCmd is `openrbm audit`: what administrators and partners did.
type auditCmd struct {
	viewFlags
	Who      string        `help:"Only of this one: admin, or the email of a service account."`
	Resource string        `help:"Only what has this in its path, such as agents/demo_agent."`
	Phone    string        `help:"Only about this phone number."`
	Outcome  string        `help:"Only with this outcome, such as OK or PERMISSION_DENIED."`
	Since    time.Duration `help:"Only of the last so long, such as 24h."`
	Limit    int           `default:"100" help:"At most so many; 0: all."`
}

// Run prints the entries, the newest first.
func (c auditCmd) Run(ctx context.Context, out io.Writer) error {
	f := client.ActFilter{Who: c.Who, Resource: c.Resource, PhoneNumber: c.Phone, Outcome: c.Outcome, Limit: c.Limit}
	if c.Since > 0 {
		f.Since = time.Now().Add(-c.Since)
	}
	return show(c.viewFlags, out,
		func(a *client.Admin) ([]client.Act, error) { return a.AuditLog(ctx, f) },
		func(acts []client.Act) table {
			t := table{{"TIME", "WHO", "FROM", "METHOD", "RESOURCE", "FIELDS", "OUTCOME"}}
			for _, a := range acts {
				outcome := a.Outcome
				if a.Count > 0 {
					outcome = fmt.Sprintf("%s, %d times", outcome, a.Count)
				}
				t = append(t, []string{when(a.Time), a.Who, a.From, a.Method, strings.TrimSpace(a.Resource + " " + a.Target), strings.Join(a.Fields, ","), outcome})
			}
			return t
		})
}

// damagedCmd is `openrbm damaged`.
type damagedCmd struct{ viewFlags }

// Run prints the records that were set aside.
func (c damagedCmd) Run(ctx context.Context, out io.Writer) error {
	return show(c.viewFlags, out,
		func(a *client.Admin) ([]client.DamagedRecord, error) { return a.DamagedRecords(ctx) },
		func(records []client.DamagedRecord) table {
			t := table{{"TIME", "KEY", "WHY"}}
			for _, r := range records {
				t = append(t, []string{when(r.Time), r.Key, r.Why})
			}
			return t
		})
}
