package main

import (
	"context"
	"io"

	"github.com/openrbm/openrbm/client"
)

// testerCmd is `openrbm tester`: the phones that an unlaunched agent reaches.
type testerCmd struct {
	List   testerListCmd   `cmd:"" help:"List an agent's testers."`
	Create testerCreateCmd `cmd:"" help:"Make a phone a tester of an agent."`
	Delete testerDeleteCmd `cmd:"" help:"End that."`
}

func testerTable(testers []client.Tester) table {
	t := table{{"PHONE", "AGENT", "INVITATION"}}
	for _, x := range testers {
		t = append(t, []string{x.PhoneNumber, x.AgentID, string(x.InviteStatus)})
	}
	return t
}

type testerListCmd struct {
	viewFlags
	oneAgent
}

// Run prints one line for each tester.
func (c testerListCmd) Run(ctx context.Context, out io.Writer) error {
	return show(c.viewFlags, out,
		func(a *client.Admin) ([]client.Tester, error) { return a.Testers(ctx, c.Agent) }, testerTable)
}

type testerCreateCmd struct {
	viewFlags
	oneAgent
	onePhone
}

// Run invites the phone and prints the tester.
func (c testerCreateCmd) Run(ctx context.Context, out io.Writer) error {
	return show(c.viewFlags, out,
		func(a *client.Admin) (*client.Tester, error) { return a.CreateTester(ctx, c.Agent, c.Phone) },
		func(t *client.Tester) table { return testerTable([]client.Tester{*t}) })
}

type testerDeleteCmd struct {
	adminFlags
	oneAgent
	onePhone
}

// Run removes the tester.
func (c testerDeleteCmd) Run(ctx context.Context, out io.Writer) error {
	return c.do(out, "deleted "+c.Phone, func(a *client.Admin) error { return a.DeleteTester(ctx, c.Agent, c.Phone) })
}
