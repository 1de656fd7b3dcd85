package main

import (
	"context"
	"io"

	"github.com/openrbm/openrbm/client"
	"github.com/openrbm/openrbm/rbm"
)

// agentCmd is `openrbm agent`: who sends.
type agentCmd struct {
	List     agentListCmd     `cmd:"" help:"List the agents."`
	Create   agentCreateCmd   `cmd:"" help:"Make an agent."`
	Get      agentGetCmd      `cmd:"" help:"Show one agent."`
	Update   agentUpdateCmd   `cmd:"" help:"Change the given fields of an agent."`
	Delete   agentDeleteCmd   `cmd:"" help:"Remove an agent."`
	Launch   agentLaunchCmd   `cmd:"" help:"Let an agent reach every phone."`
	Unlaunch agentUnlaunchCmd `cmd:"" help:"Let an agent reach its testers only."`
}

type agentListCmd struct{ viewFlags }

// Run prints one line for each agent.
func (c agentListCmd) Run(ctx context.Context, out io.Writer) error {
	return show(c.viewFlags, out,
		func(a *client.Admin) ([]client.Agent, error) { return a.Agents(ctx) },
		func(agents []client.Agent) table {
			t := table{{"AGENT", "NAME", "BRAND", "USE CASE", "LAUNCHED", "CREATED"}}
			for _, g := range agents {
				t = append(t, []string{g.AgentID, g.DisplayName, g.BrandDisplayName, string(g.AgentUseCase), yes(g.Launched), when(g.CreateTime)})
			}
			return t
		})
}

// agentFlags are the fields of an agent that can be given; nil ones were not.
type agentFlags struct {
	DisplayName      *string           `placeholder:"NAME" help:"Name that users see."`
	Description      *string           `placeholder:"TEXT" help:"What the agent does."`
	BrandID          *string           `placeholder:"ID" help:"Brand that the agent belongs to."`
	BrandDisplayName *string           `placeholder:"NAME" help:"Name of the brand."`
	Color            *string           `placeholder:"#RRGGBB" help:"Colour of the conversation."`
	LogoURI          *string           `name:"logo-uri" placeholder:"URL" help:"Address of the logo."`
	HeroURI          *string           `name:"hero-uri" placeholder:"URL" help:"Address of the hero image."`
	UseCase          *rbm.AgentUseCase `placeholder:"CASE" help:"OTP, TRANSACTIONAL, PROMOTIONAL or MULTI_USE."`
}

func (f agentFlags) patch() client.AgentPatch {
	return client.AgentPatch{
		DisplayName: f.DisplayName, Description: f.Description, BrandID: f.BrandID, BrandDisplayName: f.BrandDisplayName,
		Color: f.Color, LogoURI: f.LogoURI, HeroURI: f.HeroURI, AgentUseCase: f.UseCase,
	}
}

func (f agentFlags) agent(id string) client.Agent {
	return client.Agent{
		AgentID: id, DisplayName: given(f.DisplayName), Description: given(f.Description), BrandID: given(f.BrandID),
		BrandDisplayName: given(f.BrandDisplayName), Color: given(f.Color), LogoURI: given(f.LogoURI),
		HeroURI: given(f.HeroURI), AgentUseCase: given(f.UseCase),
	}
}

func given[T any](p *T) (v T) {
	if p != nil {
		v = *p
	}
	return v
}

func agentFields(g *client.Agent) table {
	return fields("agent", g.AgentID, "name", g.DisplayName, "description", g.Description, "brand", g.BrandDisplayName,
		"brand id", g.BrandID, "color", g.Color, "logo", g.LogoURI, "hero", g.HeroURI, "use case", string(g.AgentUseCase),
		"launched", yes(g.Launched), "created", when(g.CreateTime))
}

type agentCreateCmd struct {
	viewFlags
	agentFlags
	Agent    string `arg:"" help:"Agent id, such as demo_agent."`
	Launched bool   `help:"Let it reach every phone from the start."`
}

// Run makes the agent and prints it.
func (c agentCreateCmd) Run(ctx context.Context, out io.Writer) error {
	g := c.agent(c.Agent)
	g.Launched = c.Launched
	return show(c.viewFlags, out,
		func(a *client.Admin) (*client.Agent, error) { return a.CreateAgent(ctx, g) }, agentFields)
}

// oneAgent is the argument of the verbs that name an agent and nothing else.
type oneAgent struct {
	Agent string `arg:"" help:"Agent id, such as demo_agent."`
}

type agentGetCmd struct {
	viewFlags
	oneAgent
}

// Run prints one agent.
func (c agentGetCmd) Run(ctx context.Context, out io.Writer) error {
	return show(c.viewFlags, out,
		func(a *client.Admin) (*client.Agent, error) { return a.Agent(ctx, c.Agent) }, agentFields)
}

type agentUpdateCmd struct {
	viewFlags
	agentFlags
	oneAgent
}

// Run changes the given fields and prints the agent.
func (c agentUpdateCmd) Run(ctx context.Context, out io.Writer) error {
	return show(c.viewFlags, out,
		func(a *client.Admin) (*client.Agent, error) { return a.UpdateAgent(ctx, c.Agent, c.patch()) }, agentFields)
}

type agentDeleteCmd struct {
	adminFlags
	oneAgent
}

// Run removes the agent.
func (c agentDeleteCmd) Run(ctx context.Context, out io.Writer) error {
	return c.do(out, "deleted "+c.Agent, func(a *client.Admin) error { return a.DeleteAgent(ctx, c.Agent) })
}

type agentLaunchCmd struct {
	viewFlags
	oneAgent
}

// Run launches the agent and prints it.
func (c agentLaunchCmd) Run(ctx context.Context, out io.Writer) error {
	return show(c.viewFlags, out,
		func(a *client.Admin) (*client.Agent, error) { return a.LaunchAgent(ctx, c.Agent) }, agentFields)
}

type agentUnlaunchCmd struct {
	viewFlags
	oneAgent
}

// Run takes the launch back and prints the agent.
func (c agentUnlaunchCmd) Run(ctx context.Context, out io.Writer) error {
	return show(c.viewFlags, out,
		func(a *client.Admin) (*client.Agent, error) { return a.UnlaunchAgent(ctx, c.Agent) }, agentFields)
}
