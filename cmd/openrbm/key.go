package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/openrbm/openrbm/client"
)

// keyCmd is `openrbm key`: the service account keys that agents call the API with.
type keyCmd struct {
	Create keyCreateCmd `cmd:"" help:"Make a key and write its file, the only copy of the private key."`
	List   keyListCmd   `cmd:"" help:"List an agent's keys."`
	Delete keyDeleteCmd `cmd:"" help:"Make a key worthless."`
	Token  keyTokenCmd  `cmd:"" help:"Print an access token for the messaging API, for curl."`
}

// keyOwner says whose keys a verb is about.
type keyOwner struct {
	Agent   string `arg:"" optional:"" help:"Agent id, such as demo_agent."`
	Partner bool   `help:"Not an agent's, but the partner's, who acts for every agent and uses the management API."`
}

// Validate refuses keys of nobody, or of two.
func (o keyOwner) Validate() error {
	if (o.Agent == "") != o.Partner {
		return errors.New("whose key? give an agent, or --partner")
	}
	return nil
}

func (o keyOwner) create(ctx context.Context, a *client.Admin) ([]byte, error) {
	if o.Partner {
		return a.CreatePartnerKey(ctx)
	}
	return a.CreateKey(ctx, o.Agent)
}

func (o keyOwner) keys(ctx context.Context, a *client.Admin) ([]client.Key, error) {
	if o.Partner {
		return a.PartnerKeys(ctx)
	}
	return a.Keys(ctx, o.Agent)
}

func (o keyOwner) remove(ctx context.Context, a *client.Admin, id string) error {
	if o.Partner {
		return a.DeletePartnerKey(ctx, id)
	}
	return a.DeleteKey(ctx, o.Agent, id)
}

type keyCreateCmd struct {
	adminFlags
	keyOwner
	Out string `short:"o" placeholder:"FILE" help:"Key file to write; must not exist. Default: AGENT-key.json, or partner-key.json."`
}

// Run makes sure of the file first: a key whose file cannot be written is lost.
func (c keyCreateCmd) Run(ctx context.Context, out io.Writer) error {
	a, err := c.admin()
	if err != nil {
		return err
	}
	name := c.Out
	if name == "" {
		name = c.Agent + "-key.json"
		if c.Partner {
			name = "partner-key.json"
		}
	}
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return fmt.Errorf("key file: %w", err)
	}
	key, err := c.create(ctx, a)
	if err != nil {
		return errors.Join(explain(err), f.Close(), os.Remove(name))
	}
	if err := errors.Join(printJSON(f, key), f.Sync(), f.Close()); err != nil {
		return fmt.Errorf("key file: %w", err)
	}
	_, err = fmt.Fprintf(out, "wrote %s\n", name)
	return err
}

type keyListCmd struct {
	viewFlags
	keyOwner
}

// Run prints one line for each key.
func (c keyListCmd) Run(ctx context.Context, out io.Writer) error {
	return show(c.viewFlags, out,
		func(a *client.Admin) ([]client.Key, error) { return c.keys(ctx, a) },
		func(keys []client.Key) table {
			t := table{{"KEY", "CLIENT EMAIL", "CREATED"}}
			for _, k := range keys {
				t = append(t, []string{k.KeyID, k.ClientEmail, when(k.CreateTime)})
			}
			return t
		})
}

type keyDeleteCmd struct {
	adminFlags
	oneAgent
	KeyID string `arg:"" name:"key-id" help:"Id of the key, as listed."`
}

// Run deletes the key.
func (c keyDeleteCmd) Run(ctx context.Context, out io.Writer) error {
	return c.do(out, "deleted "+c.KeyID, func(a *client.Admin) error { return a.DeleteKey(ctx, c.Agent, c.KeyID) })
}

// keyTokenCmd is `openrbm key token`.
type keyTokenCmd struct{ callerFlags }

// Run prints a token that is good for an hour.
func (c keyTokenCmd) Run(ctx context.Context, out io.Writer) error {
	api, _, err := c.client()
	if err != nil {
		return err
	}
	token, err := api.AccessToken(ctx)
	if err != nil {
		return explain(err)
	}
	_, err = fmt.Fprintln(out, token)
	return err
}
