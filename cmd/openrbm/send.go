package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/openrbm/openrbm/client"
)

// callerFlags say which agent calls the messaging API.
type callerFlags struct {
	serverFlags
	Key   string `placeholder:"FILE" help:"Service account key file. Default: the agent's in the ready file."`
	Agent string `placeholder:"ID" help:"Agent to act for. Default: the key's, or the first agent of the ready file."`
}

// client makes the client; what the flags leave open is filled in from the ready file.
func (f *callerFlags) client() (*client.Client, *client.Ready, error) {
	r, err := f.ready()
	if err != nil {
		return nil, nil, err
	}
	for _, a := range r.Agents {
		if f.Key == "" && (f.Agent == "" || f.Agent == a.AgentID) {
			f.Key, f.Agent = a.KeyFile, a.AgentID
		}
	}
	if f.Key == "" {
		return nil, nil, errors.New("which key? give --key FILE, or --ready-file FILE with an agent in it")
	}
	api, err := client.New(client.Options{BaseURL: r.APIURL, KeyFile: f.Key, AgentID: f.Agent})
	return api, r, err
}

// sendCmd is `openrbm send`: one agentMessage, as an agent would send it.
type sendCmd struct {
	callerFlags
	File string `arg:"" help:"File with an AgentMessage in JSON; - is the standard input."`
	To   string `placeholder:"PHONE" help:"Phone number in E.164. Default: the first phone of the ready file."`
	ID   string `name:"id" placeholder:"ID" help:"Message id. Default: a new UUID. An id that was used before is ignored by the platform."`
}

// Run sends the file as it is and prints the platform's answer.
func (c sendCmd) Run(ctx context.Context, out io.Writer) error {
	api, r, err := c.client()
	if err != nil {
		return err
	}
	if c.To == "" && len(r.Phones) > 0 {
		c.To = r.Phones[0].PhoneNumber
	}
	if c.To == "" {
		return errors.New("to whom? give --to PHONE")
	}
	message, err := readInput(c.File)
	if err != nil {
		return err
	}
	answer, err := api.CreateAgentMessageJSON(ctx, c.To, c.ID, message)
	if err != nil {
		return explain(err)
	}
	return printJSON(out, answer)
}

// readInput reads a file, or the standard input for -.
func readInput(name string) ([]byte, error) {
	if name != "-" {
		return os.ReadFile(name)
	}
	b, err := io.ReadAll(os.Stdin)
	if err != nil {
		return nil, fmt.Errorf("standard input: %w", err)
	}
	return b, nil
}
