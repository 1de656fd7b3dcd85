package main

import (
	"context"
	"fmt"
	"io"
	"time"

	"github.com/openrbm/openrbm/client"
)

// rotateCmd is `openrbm rotate`: new secrets instead of those in use.
type rotateCmd struct {
	AdminToken  rotateAdminCmd  `cmd:"" help:"Make a new admin token and print it."`
	TokenSecret rotateSecretCmd `cmd:"" help:"Replace the secret that seals access tokens."`
	Keys        rotateKeysCmd   `cmd:"" help:"Make all keys of an agent, or of the partner, worthless but one."`
}

type rotateAdminCmd struct {
	adminFlags
	Grace time.Duration `default:"0s" placeholder:"DURATION" help:"How long the old token is good yet, at most 168h. (${default})"`
}

// Run prints the new token.
func (c rotateAdminCmd) Run(ctx context.Context, out io.Writer) error {
	a, err := c.admin()
	if err != nil {
		return err
	}
	token, err := a.RotateAdminToken(ctx, c.Grace)
	if err != nil {
		return explain(err)
	}
	_, err = fmt.Fprintln(out, token)
	return err
}

type rotateSecretCmd struct {
	adminFlags
	Grace time.Duration `default:"0s" placeholder:"DURATION" help:"How long tokens of the old secret are good yet, at most 1h. (${default})"`
}

// Run replaces the secret.
func (c rotateSecretCmd) Run(ctx context.Context, out io.Writer) error {
	return c.do(out, "access tokens are sealed with a new secret", func(a *client.Admin) error { return a.RotateTokenSecret(ctx, c.Grace) })
}

// rotateKeysCmd ends what `openrbm key create` began: with the new key in use, the
// old ones go.
type rotateKeysCmd struct {
	adminFlags
	keyOwner
	Keep string `required:"" placeholder:"KEY-ID" help:"Id of the key that stays, as listed by: openrbm key list."`
}

// Run deletes the other keys.
func (c rotateKeysCmd) Run(ctx context.Context, out io.Writer) error {
	a, err := c.admin()
	if err != nil {
		return err
	}
	keys, err := c.keys(ctx, a)
	if err != nil {
		return explain(err)
	}
	kept := false
	for _, k := range keys {
		kept = kept || k.KeyID == c.Keep
	}
	if !kept {
		return fmt.Errorf("there is no key %s: nothing is deleted", c.Keep)
	}
	for _, k := range keys {
		if k.KeyID == c.Keep {
			continue
		}
		if err := c.remove(ctx, a, k.KeyID); err != nil {
			return explain(err)
		}
		if _, err := fmt.Fprintln(out, "deleted", k.KeyID); err != nil {
			return err
		}
	}
	return nil
}
