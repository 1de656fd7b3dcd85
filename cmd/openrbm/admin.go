package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"
	"unicode"

	"github.com/openrbm/openrbm/client"
	"github.com/openrbm/openrbm/rbm"
)

// remoteVerbs are the verbs that speak to a server that runs elsewhere, and use
// nothing but its public APIs.
type remoteVerbs struct {
	Send    sendCmd    `cmd:"" help:"Send a message, as an agent does, and print the answer."`
	Message messageCmd `cmd:"" help:"Look into a message."`
	Agent   agentCmd   `cmd:"" help:"Administer agents."`
	Key     keyCmd     `cmd:"" help:"Administer the keys that agents call the API with."`
	Rotate  rotateCmd  `cmd:"" help:"Replace secrets: the admin token, the secret of access tokens, keys."`
	Webhook webhookCmd `cmd:"" help:"Administer webhooks, or be one."`
	Tester  testerCmd  `cmd:"" help:"Administer the testers of an agent."`
	Phones  phonesCmd  `cmd:"" help:"Administer phones."`
	Clock   clockCmd   `cmd:"" help:"Show the platform's time or turn it ahead."`
	Status  statusCmd  `cmd:"" help:"Show the state of the server."`
	Bench   benchCmd   `cmd:"" help:"Load a server, measure how it bears it, and check that nothing is lost, doubled or out of order."`
	Erase   eraseCmd   `cmd:"" help:"Remove all that is kept of one person's phone number."`
	Audit   auditCmd   `cmd:"" help:"Show what administrators and partners did."`
	Damaged damagedCmd `cmd:"" help:"Show records of the store that could not be read and were set aside."`
	Backup  backupCmd  `cmd:"" help:"Back up all that a server keeps, while it runs or not."`
}

// serverFlags say which server a verb speaks to.
type serverFlags struct {
	ReadyFile string `env:"OPENRBM_READY_FILE" placeholder:"FILE" help:"Take the address and the secrets from the ready file that the server wrote."`
	URL       string `name:"url" env:"OPENRBM_URL" placeholder:"URL" help:"Base URL of the server; goes before the ready file's."`
}

// ready reads the ready file, or returns an empty one when none is named.
func (f serverFlags) ready() (*client.Ready, error) {
	r := &client.Ready{}
	if f.ReadyFile != "" {
		read, err := client.ReadReadyFile(f.ReadyFile)
		if err != nil {
			return nil, err
		}
		r = read
	}
	if f.URL != "" {
		r.APIURL = f.URL
	}
	return r, nil
}

// adminFlags are the flags of every verb that speaks to the admin API.
type adminFlags struct {
	serverFlags
	Token string `env:"OPENRBM_ADMIN_TOKEN" placeholder:"TOKEN" help:"Admin token of the server; goes before the ready file's."`
}

func (f adminFlags) admin() (*client.Admin, error) {
	r, err := f.ready()
	if err != nil {
		return nil, err
	}
	if f.Token != "" {
		r.AdminToken = f.Token
	}
	if r.APIURL == "" || r.AdminToken == "" {
		return nil, errors.New("which server? give --ready-file FILE, or --url URL and --token TOKEN")
	}
	return client.NewAdmin(client.AdminOptions{BaseURL: r.APIURL, Token: r.AdminToken})
}

// viewFlags are adminFlags for verbs that print what they read.
type viewFlags struct {
	adminFlags
	JSON bool `name:"json" help:"Print JSON instead of a table."`
}

// show makes one admin call and prints its answer, as JSON or through text.
func show[T any](f viewFlags, out io.Writer, call func(*client.Admin) (T, error), text func(T) table) error {
	a, err := f.admin()
	if err != nil {
		return err
	}
	v, err := call(a)
	if err != nil {
		return explain(err)
	}
	if f.JSON {
		return writeJSON(out, v)
	}
	return text(v).write(out)
}

// do makes one admin call and prints what was done.
func (f adminFlags) do(out io.Writer, done string, call func(*client.Admin) error) error {
	a, err := f.admin()
	if err != nil {
		return err
	}
	if err := call(a); err != nil {
		return explain(err)
	}
	_, err = fmt.Fprintln(out, done)
	return err
}

// table is lines of cells, printed in aligned columns.
type table [][]string

// fields is a table of names and values that leaves out empty values.
func fields(pairs ...string) table {
	var t table
	for i := 0; i+1 < len(pairs); i += 2 {
		if pairs[i+1] != "" {
			t = append(t, []string{pairs[i] + ":", pairs[i+1]})
		}
	}
	return t
}

func (t table) write(out io.Writer) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	for _, row := range t {
		cells := make([]string, len(row))
		for i, cell := range row {
			cells[i] = printable(cell)
		}
		fmt.Fprintln(w, strings.TrimRight(strings.Join(cells, "\t"), "\t"))
	}
	return w.Flush()
}

// printable keeps what others wrote from steering the terminal.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return '\ufffd'
	}, s)
}

func writeJSON(out io.Writer, v any) error {
	e := json.NewEncoder(out)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(v)
}

// explain puts everything that is wrong with a request on a line of its own. The
// message of an API error is mostly its violations already.
func explain(err error) error {
	e, ok := errors.AsType[*rbm.Error](err)
	if !ok || len(e.Violations) == 0 {
		return err
	}
	text := e.Code.String()
	if rest := e.Message; rest != rbm.InvalidArgument(e.Violations...).Message {
		text += ": " + rest
	}
	for _, v := range e.Violations {
		line := v.Description
		if !strings.Contains(line, v.Field) {
			line = v.Field + ": " + line
		}
		text += "\n  " + line
	}
	return errors.New(text)
}

func when(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format("2006-01-02T15:04:05.000Z")
}

func yes(b bool) string {
	if b {
		return "yes"
	}
	return "no"
}

// statusCmd is `openrbm status`.
type statusCmd struct{ viewFlags }

// Run prints the state of the server as a whole.
func (c statusCmd) Run(ctx context.Context, out io.Writer) error {
	return show(c.viewFlags, out,
		func(a *client.Admin) (*client.Status, error) { return a.Status(ctx) },
		func(s *client.Status) table {
			t := fields("version", s.Version, "started", when(s.StartTime), "agents", strconv.Itoa(s.Agents),
				"phones", strconv.Itoa(s.Phones), "online", strconv.Itoa(s.Online), "store", s.Store)
			for _, n := range s.Nodes {
				t = append(t, []string{"node:", n.Node, fmt.Sprintf("%d phones", n.Phones), fmt.Sprintf("%d of 64 leases", n.Leases),
					"since " + when(n.StartTime), "heard of " + n.Silent + " ago", n.URL})
			}
			return t
		})
}

// messageCmd is `openrbm message`.
type messageCmd struct {
	Get messageGetCmd `cmd:"" help:"Show one message or event and what became of it."`
}

type messageGetCmd struct {
	viewFlags
	Agent string `arg:"" help:"Agent id, such as demo_agent."`
	ID    string `arg:"" help:"Message or event id."`
}

// Run prints the message's state, then its content.
func (c messageGetCmd) Run(ctx context.Context, out io.Writer) error {
	var content json.RawMessage
	err := show(c.viewFlags, out,
		func(a *client.Admin) (*client.Message, error) { return a.Message(ctx, c.Agent, c.ID) },
		func(m *client.Message) table {
			content = m.Message
			return fields("agent", m.AgentID, "id", m.MessageID, "phone", m.PhoneNumber, "kind", m.Kind, "state", m.State,
				"sent", when(m.SendTime), "changed", when(m.ChangeTime), "expires", when(m.ExpireTime))
		})
	if err != nil || len(content) == 0 {
		return err
	}
	return printJSON(out, content)
}

// printJSON prints JSON that is already encoded, indented.
func printJSON(out io.Writer, raw []byte) error {
	var b bytes.Buffer
	if json.Indent(&b, bytes.TrimSpace(raw), "", "  ") != nil {
		b.Reset()
		b.Write(raw)
	}
	b.WriteByte('\n')
	_, err := out.Write(b.Bytes())
	return err
}
