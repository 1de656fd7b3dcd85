package main

import (
	"context"
	"io"
	"strconv"
	"strings"

	"github.com/openrbm/openrbm/client"
	"github.com/openrbm/openrbm/rbm"
)

// phonesCmd is `openrbm phones`: the phones that the server knows.
type phonesCmd struct {
	List   phonesListCmd   `cmd:"" help:"List the phones."`
	Create phonesCreateCmd `cmd:"" help:"Add a phone and show its device token, once."`
	Get    phonesGetCmd    `cmd:"" help:"Show one phone."`
	Update phonesUpdateCmd `cmd:"" help:"Change the given fields of a phone."`
	Delete phonesDeleteCmd `cmd:"" help:"Remove a phone."`
	Token  phonesTokenCmd  `cmd:"" help:"Give a phone a new device token; the old one stops working."`
}

// onePhone is the argument of the verbs that name a phone.
type onePhone struct {
	Phone string `arg:"" help:"Phone number in E.164, such as +12223334444."`
}

func phoneFields(p *client.Phone) table {
	return fields("phone", p.PhoneNumber, "device token", p.DeviceToken, "RCS", yes(p.RCSEnabled), "online", yes(p.Online),
		"queued", strconv.Itoa(p.Queued), "carrier", p.Carrier, "features", features(p.Features),
		"last seen", when(p.LastSeenTime), "created", when(p.CreateTime))
}

func features(list []rbm.Feature) string {
	names := make([]string, len(list))
	for i, f := range list {
		names[i] = string(f)
	}
	return strings.Join(names, ", ")
}

type phonesListCmd struct{ viewFlags }

// Run prints one line for each phone.
func (c phonesListCmd) Run(ctx context.Context, out io.Writer) error {
	return show(c.viewFlags, out,
		func(a *client.Admin) ([]client.Phone, error) { return a.Phones(ctx) },
		func(phones []client.Phone) table {
			t := table{{"PHONE", "RCS", "ONLINE", "QUEUED", "CARRIER", "LAST SEEN"}}
			for _, p := range phones {
				t = append(t, []string{p.PhoneNumber, yes(p.RCSEnabled), yes(p.Online), strconv.Itoa(p.Queued), p.Carrier, when(p.LastSeenTime)})
			}
			return t
		})
}

type phonesCreateCmd struct {
	viewFlags
	onePhone
	RCS      bool          `name:"rcs" negatable:"" default:"true" help:"Whether RCS is switched on."`
	Features []rbm.Feature `placeholder:"FEATURE" help:"What it can show until it announces that itself, such as RICHCARD_STANDALONE."`
	Carrier  string        `placeholder:"NAME" help:"Its carrier."`
}

// Run adds the phone and prints it with its token.
func (c phonesCreateCmd) Run(ctx context.Context, out io.Writer) error {
	p := client.Phone{PhoneNumber: c.Phone, RCSEnabled: c.RCS, Features: c.Features, Carrier: c.Carrier}
	return show(c.viewFlags, out,
		func(a *client.Admin) (*client.Phone, error) { return a.CreatePhone(ctx, p) }, phoneFields)
}

type phonesGetCmd struct {
	viewFlags
	onePhone
}

// Run prints one phone.
func (c phonesGetCmd) Run(ctx context.Context, out io.Writer) error {
	return show(c.viewFlags, out,
		func(a *client.Admin) (*client.Phone, error) { return a.Phone(ctx, c.Phone) }, phoneFields)
}

type phonesUpdateCmd struct {
	viewFlags
	onePhone
	RCS      *bool          `name:"rcs" negatable:"" help:"Switch RCS on or off."`
	Features *[]rbm.Feature `placeholder:"FEATURE" help:"What it can show."`
	Carrier  *string        `placeholder:"NAME" help:"Its carrier."`
}

// Run changes the given fields and prints the phone.
func (c phonesUpdateCmd) Run(ctx context.Context, out io.Writer) error {
	p := client.PhonePatch{RCSEnabled: c.RCS, Features: c.Features, Carrier: c.Carrier}
	return show(c.viewFlags, out,
		func(a *client.Admin) (*client.Phone, error) { return a.UpdatePhone(ctx, c.Phone, p) }, phoneFields)
}

type phonesDeleteCmd struct {
	adminFlags
	onePhone
}

// Run removes the phone.
func (c phonesDeleteCmd) Run(ctx context.Context, out io.Writer) error {
	return c.do(out, "deleted "+c.Phone, func(a *client.Admin) error { return a.DeletePhone(ctx, c.Phone) })
}

type phonesTokenCmd struct {
	viewFlags
	onePhone
}

// Run prints the new token.
func (c phonesTokenCmd) Run(ctx context.Context, out io.Writer) error {
	return show(c.viewFlags, out,
		func(a *client.Admin) (*client.Phone, error) { return a.IssueToken(ctx, c.Phone) },
		func(p *client.Phone) table { return table{{p.DeviceToken}} })
}
