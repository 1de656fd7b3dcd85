package phone

import (
	"context"
	"log/slog"
	"net"
	"time"

	"github.com/openrbm/openrbm/rbm"
)

// DefaultFeatures is what a phone can show if its options do not say: all
// features of facts/rbm-api.md §1.4 but the withdrawn ones.
func DefaultFeatures() []rbm.Feature {
	return append([]rbm.Feature{rbm.FeatureRevocation}, rbm.Features...)
}

// Options say which phone to be, and how it behaves.
type Options struct {
	URL    string // of the server's device protocol, ws://…/device/v1/connect
	Number string // E.164
	Token  string // the device token of that number

	Features []rbm.Feature // what the phone can show; nil: DefaultFeatures, empty: nothing
	Carrier  string        // the network's name; at most 64 bytes
	Window   int           // unacknowledged deliveries at a time, 1 to 256; 0: 32
	Client   string        // names the program for the server's log

	// NoAck leaves the acknowledging of messages to Ack and Read.
	NoAck bool
	// AutoRead reports every message as read as soon as it has come.
	AutoRead bool

	// State is what the phone remembers; nil: a new one, in memory.
	State *State
	// OnEvent is called with every event, in order, before the server is told that
	// the message has come. Until it returns nothing else is received, so it must not
	// wait for the phone's own methods.
	OnEvent func(Event)

	// RetryMin and RetryMax bound the waits between attempts to connect (250 ms, 30 s).
	RetryMin, RetryMax time.Duration
	// DialContext opens the network connection; nil: as package net does.
	DialContext func(ctx context.Context, network, address string) (net.Conn, error)
	Logger      *slog.Logger // nil: nothing is logged
}

func (o *Options) setDefaults() {
	if o.Features == nil {
		o.Features = DefaultFeatures()
	}
	if o.Client == "" {
		o.Client = "openrbm-phone-go"
	}
	if o.State == nil {
		o.State = NewState()
	}
	if o.OnEvent == nil {
		o.OnEvent = func(Event) {}
	}
	if o.RetryMin <= 0 {
		o.RetryMin = 250 * time.Millisecond
	}
	if o.RetryMax <= 0 {
		o.RetryMax = 30 * time.Second
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	o.Logger = o.Logger.With("phone", o.Number)
}
