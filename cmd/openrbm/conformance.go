package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"
	"strings"

	"github.com/openrbm/openrbm/internal/conformance"
	scripts "github.com/openrbm/openrbm/test/conformance"
)

// ConformanceCmd is `openrbm conformance`.
type ConformanceCmd struct {
	callerFlags
	Phone        string   `placeholder:"PHONE" help:"Number of a phone with RCS that is not connected; it will get messages. Default: the first phone of the ready file."`
	PartnerKey   string   `placeholder:"FILE" help:"Key file of the partner (openrbm key create --partner). Without it the scripts of the management API do not run."`
	Webhook      string   `placeholder:"URL" help:"A webhook that answers the handshake (openrbm webhook listen). Without it the script of the integrations does not run."`
	WebhookToken string   `env:"OPENRBM_CLIENT_TOKEN" placeholder:"SECRET" help:"The client token of this webhook."`
	Scripts      []string `arg:"" optional:"" name:"script" help:"Scripts to run: names, such as revoke, or files. Default: all that come with the program."`
}

// Run runs the scripts and prints how each step ended; it fails if one did.
func (c ConformanceCmd) Run(ctx context.Context, out io.Writer) error {
	list, err := readScripts(c.Scripts)
	if err != nil {
		return err
	}
	target, err := c.target(ctx)
	if err != nil {
		return err
	}
	return report(ctx, out, target, list)
}

// report runs scripts one after the other and prints how each step ended, in the
// form of the Test Anything Protocol, with what is wrong below. A script that
// needs what the target lacks does not run, which is no failure and is said.
func report(ctx context.Context, out io.Writer, target *conformance.Target, list []*conformance.Script) error {
	steps, failed := 0, 0
	say := func(format string, args ...any) { fmt.Fprintf(out, format+"\n", args...) }
	for _, s := range list {
		if missing := target.Missing(s); len(missing) > 0 {
			say("# %s did not run: it needs %s", s.Name, strings.Join(missing, ", "))
			continue
		}
		say("# %s", s.Name)
		for r := range target.Run(ctx, s) {
			steps++
			if len(r.Wrong) == 0 {
				say("ok %d - %s", steps, r.Step.Title)
				continue
			}
			failed++
			say("not ok %d - %s (%s:%d)", steps, r.Step.Title, s.Name, r.Step.Line)
			for _, line := range r.Wrong {
				say("    %s", printable(line))
			}
		}
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
	}
	say("1..%d", steps)
	if failed > 0 {
		return fmt.Errorf("%d of %d steps failed", failed, steps)
	}
	return nil
}

// target is the server with the variables of the scripts.
func (c ConformanceCmd) target(ctx context.Context) (*conformance.Target, error) {
	api, r, err := c.client()
	if err != nil {
		return nil, err
	}
	if c.Phone == "" && len(r.Phones) > 0 {
		c.Phone = r.Phones[0].PhoneNumber
	}
	switch {
	case r.APIURL == "":
		return nil, errors.New("which server? give --url URL or --ready-file FILE")
	case c.Agent == "":
		return nil, errors.New("which agent? give --agent ID")
	case c.Phone == "":
		return nil, errors.New("which phone? give --phone PHONE")
	}
	key, err := os.ReadFile(c.Key)
	if err != nil {
		return nil, fmt.Errorf("key file: %w", err)
	}
	var partner []byte
	if c.PartnerKey != "" {
		if partner, err = os.ReadFile(c.PartnerKey); err != nil {
			return nil, fmt.Errorf("partner's key file: %w", err)
		}
	}
	token, err := api.AccessToken(ctx)
	if err != nil {
		return nil, explain(err)
	}
	return &conformance.Target{URL: r.APIURL, Key: key, PartnerKey: partner, Vars: map[string]string{
		"TOKEN": token, "AGENT": strings.TrimSuffix(c.Agent, "@rbm.goog"), "PHONE": c.Phone, "ADMIN": r.AdminToken,
		"WEBHOOK": c.Webhook, "WHTOKEN": c.WebhookToken}}, nil
}

// readScripts reads the scripts that come with the program, or those named: by
// their name, or as files.
func readScripts(names []string) ([]*conformance.Script, error) {
	own, err := fs.Glob(scripts.Scripts, "*.txt")
	if err != nil {
		return nil, err
	}
	if len(names) == 0 {
		names = own
	}
	list := make([]*conformance.Script, len(names))
	for i, name := range names {
		text, err := os.ReadFile(name)
		if file := strings.TrimSuffix(name, ".txt") + ".txt"; slices.Contains(own, file) {
			name = file
			text, err = scripts.Scripts.ReadFile(file)
		}
		if errors.Is(err, fs.ErrNotExist) {
			return nil, fmt.Errorf("%s is neither a file nor one of %s", name, strings.Join(own, ", "))
		}
		if err != nil {
			return nil, err
		}
		if list[i], err = conformance.Parse(name, string(text)); err != nil {
			return nil, err
		}
	}
	return list, nil
}
