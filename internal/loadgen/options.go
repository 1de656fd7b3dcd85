package loadgen

import (
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net/url"
	"strings"
	"time"

	"github.com/openrbm/openrbm/rbm"
)

// Options say what to do to which server. URL, KeyFile, AdminToken and Agent are
// required; a zero field has the default that is named beside it.
type Options struct {
	URL        string      // of the API, http or https
	DeviceURL  string      // of the device protocol (on the host of URL)
	KeyFile    string      // of the service account that messages are sent with
	AdminToken string      // phones and the webhook are made with it
	Agent      string      // who sends; it must be launched
	TLS        *tls.Config // for https and wss (that of package tls)

	Connections int           // HTTP connections, each with one request under way (64)
	Rate        float64       // messages a second in an open loop; 0: closed loop
	Duration    time.Duration // of the sending, warm-up included; 0: until Messages are sent, or 10 s
	WarmUp      time.Duration // from the beginning; what is due in it is checked and not measured
	Messages    int           // how many are sent at most; 0: no bound
	Settle      time.Duration // silence after which what has not arrived counts as lost (10 s)

	Mix    []Message // what is sent; empty: a short text
	Phones int       // who gets messages, in turn (100)
	Online int       // how many of them are connected; the others are away
	First  string    // number of the first phone, the others follow it (+12220000000)
	Window int       // unacknowledged deliveries of a phone, 1 to 256 (32)

	Webhook    string // address to listen on for receipts, such as 127.0.0.1:0; empty: none
	WebhookURL string // how the server reaches it (http:// and the address)

	Progress io.Writer   // one line each second; nil: none
	Before   func(Stage) // called when a stage begins, which waits for it; nil: nothing
}

// Stage is a part of a run.
type Stage int

// The stages, in their order.
const (
	Connecting Stage = iota + 1 // all phones are made, none is connected
	Sending                     // they are connected, nothing has been sent
)

// maxPhones is how many numbers a run may use.
const maxPhones = 1_000_000

const defaultFirst = "+12220000000"

func (o *Options) setDefaults() {
	setDefault(&o.Connections, 64)
	setDefault(&o.Settle, 10*time.Second)
	setDefault(&o.Phones, 100)
	setDefault(&o.First, defaultFirst)
	if o.Duration == 0 && o.Messages == 0 {
		o.Duration = 10 * time.Second
	}
	if len(o.Mix) == 0 {
		o.Mix = []Message{defaultMessage}
	}
	if o.DeviceURL == "" {
		o.DeviceURL = "ws" + strings.TrimPrefix(strings.TrimSuffix(o.URL, "/"), "http") + "/device/v1/connect"
	}
	if o.TLS == nil {
		o.TLS = new(tls.Config)
	}
	o.TLS = o.TLS.Clone() // package http adds HTTP/2 to the one that it is given
	o.TLS.NextProtos = []string{"http/1.1"}
	if o.Progress == nil {
		o.Progress = io.Discard
	}
	if o.Before == nil {
		o.Before = func(Stage) {}
	}
	o.Agent = strings.TrimSuffix(o.Agent, "@rbm.goog")
}

func setDefault[T comparable](v *T, to T) {
	var zero T
	if *v == zero {
		*v = to
	}
}

// check says everything that is wrong with the options.
func (o *Options) check() error {
	var errs []error
	rule := func(holds bool, format string, args ...any) {
		if !holds {
			errs = append(errs, fmt.Errorf(format, args...))
		}
	}
	u, err := url.Parse(o.URL)
	rule(err == nil && (u.Scheme == "http" || u.Scheme == "https") && u.Host != "" && strings.Trim(u.Path, "/") == "",
		"url: %q is not like https://rcs.example.com", o.URL)
	rule(o.KeyFile != "", "key: with which key file does the agent call?")
	rule(o.AdminToken != "", "token: the admin token is needed to make the phones")
	rule(o.Agent != "", "agent: who sends?")
	rule(o.Connections > 0 && o.Connections <= 10_000, "connections: must be 1 to 10000")
	rule(o.Rate >= 0 && o.Rate <= 1e6, "rate: must be 0 (closed loop) to 1000000 a second")
	rule(o.Messages >= 0 && o.Messages <= maxMessages, "messages: must be 0 to %d", maxMessages)
	rule(o.Duration >= 0 && o.WarmUp >= 0 && o.Settle > 0, "duration, warm-up and settle: must not be negative")
	rule(o.Duration == 0 || o.WarmUp < o.Duration, "warm-up: must be shorter than the duration")
	rule(o.Phones > 0 && o.Phones <= maxPhones, "phones: must be 1 to %d", maxPhones)
	rule(o.Online >= 0 && o.Online <= o.Phones, "online: must be 0 to the number of phones, %d", o.Phones)
	rule(o.Window >= 0 && o.Window <= 256, "window: must be 1 to 256")
	rule(rbm.ValidPhone(o.First) && rbm.ValidPhone(number(o.First, o.Phones-1)), "first: %q and the %d numbers after it are not in E.164", o.First, o.Phones-1)
	return errors.Join(errs...)
}
