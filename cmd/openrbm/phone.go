package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"

	"github.com/openrbm/openrbm/client"
	"github.com/openrbm/openrbm/phone"
	"github.com/openrbm/openrbm/rbm"
)

// PhoneCmd is `openrbm phone`: a phone in the terminal, or for another program.
type PhoneCmd struct {
	ReadyFile string        `env:"OPENRBM_READY_FILE" placeholder:"FILE" help:"Take the address and the phone's token from the ready file that the server wrote."`
	URL       string        `name:"url" placeholder:"URL" help:"Address of the device protocol, ws://HOST/device/v1/connect; goes before the ready file's."`
	Number    string        `placeholder:"NUMBER" help:"Phone number in E.164, such as +12223334444. (the first of the ready file)"`
	Token     string        `env:"OPENRBM_DEVICE_TOKEN" placeholder:"TOKEN" help:"Device token of the phone; goes before the ready file's."`
	JSON      bool          `name:"json" help:"Speak JSON, one object a line, on standard input and output."`
	NoAck     bool          `help:"Do not acknowledge messages; with --json the command ack does."`
	AutoRead  bool          `help:"Report every message as read at once."`
	State     string        `placeholder:"FILE" help:"Remember here what has been received and is still to be reported. (only in memory)"`
	Features  []rbm.Feature `placeholder:"FEATURE" help:"What the phone can show, such as RICHCARD_STANDALONE. (everything)"`
	Carrier   string        `placeholder:"NAME" help:"The phone's network."`
	Debug     bool          `help:"Log the connection to standard error."`
}

// face is how the user of the phone sees it.
type face interface {
	// event shows what has happened.
	event(phone.Event)
	// command does what a line of input says, and shows what came of it. It says
	// false when the user has had enough.
	command(ctx context.Context, p *phone.Phone, line string) bool
}

// Run is the phone until a signal, or until the server will not have it.
func (c *PhoneCmd) Run(ctx context.Context, out io.Writer) error {
	return c.run(ctx, os.Stdin, out)
}

func (c *PhoneCmd) run(ctx context.Context, in io.Reader, out io.Writer) error {
	opts, err := c.options()
	if err != nil {
		return err
	}
	if c.State != "" {
		if opts.State, err = phone.OpenState(c.State); err != nil {
			return err
		}
		defer opts.State.Close()
	}
	var f face = newChat(out, opts.Number)
	if c.JSON {
		f = &jsonFace{out: out}
	}
	opts.OnEvent = f.event
	p, err := phone.Dial(ctx, opts)
	if err != nil {
		return stopped(ctx, err)
	}
	defer p.Close()
	return converse(ctx, p, f, in)
}

// converse takes commands from in. When there are no more the phone stays.
func converse(ctx context.Context, p *phone.Phone, f face, in io.Reader) error {
	quit := make(chan struct{})
	go func() {
		lines := newLines(in)
		for lines.Scan() {
			if !f.command(ctx, p, lines.Text()) {
				close(quit)
				return
			}
		}
	}()
	select {
	case <-quit:
		return nil
	case <-ctx.Done():
		return nil
	case <-p.Done():
		return stopped(ctx, p.Err())
	}
}

// stopped is err, unless it is only that the user ended the program.
func stopped(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return nil
	}
	return fmt.Errorf("the phone has ended: %w", err)
}

// options are those of the phone that the flags and the ready file name.
func (c *PhoneCmd) options() (phone.Options, error) {
	o := phone.Options{
		URL: c.URL, Number: c.Number, Token: c.Token, Features: c.Features, Carrier: c.Carrier,
		NoAck: c.NoAck, AutoRead: c.AutoRead, Client: "openrbm phone",
	}
	if c.Debug {
		o.Logger = slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelDebug}))
	}
	if c.ReadyFile != "" {
		ready, err := client.ReadReadyFile(c.ReadyFile)
		if err != nil {
			return o, err
		}
		fromReady(&o, ready)
	}
	if o.URL == "" || o.Number == "" || o.Token == "" {
		return o, errors.New("which phone? give --ready-file FILE, or --url URL, --number NUMBER and --token TOKEN")
	}
	return o, nil
}

// fromReady fills in what was not given: the first phone of the ready file, or
// the one with the given number.
func fromReady(o *phone.Options, ready *client.Ready) {
	if o.URL == "" {
		o.URL = ready.DeviceURL
	}
	for _, p := range ready.Phones {
		if o.Number == "" || o.Number == p.PhoneNumber {
			o.Number = p.PhoneNumber
			if o.Token == "" {
				o.Token = p.DeviceToken
			}
			return
		}
	}
}
