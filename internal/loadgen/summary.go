package loadgen

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"sync"
	"text/tabwriter"
	"time"
)

// Summary is how a run went. Rates are a second, times in milliseconds unless
// their name says otherwise.
type Summary struct {
	Loop         string  `json:"loop"`         // open or closed
	Connections  int     `json:"connections"`  //
	TargetRate   float64 `json:"targetRate"`   // of an open loop
	Phones       int     `json:"phones"`       //
	Online       int     `json:"online"`       //
	Seconds      float64 `json:"seconds"`      // of the sending
	Sent         int64   `json:"sent"`         //
	Accepted     int64   `json:"accepted"`     //
	AcceptedRate float64 `json:"acceptedRate"` //
	Behind       int64   `json:"behind"`       // due in an open loop, and not sent in time
	Interrupted  bool    `json:"interrupted"`  //

	Accept  Latency `json:"accept"`  // from when it was due until it was accepted
	Frame   Latency `json:"frame"`   // until its phone had it
	Receipt Latency `json:"receipt"` // until the agent had its receipt

	Errors []ErrorCount `json:"errors"`
	Checks Checks       `json:"checks"`
}

// ErrorCount is how often sends ended in one way, and what was said the first time.
type ErrorCount struct {
	Kind  string `json:"kind"` // such as "429 RESOURCE_EXHAUSTED"
	Count int64  `json:"count"`
	First string `json:"first"`
}

// Checks is what must not happen, and what may but tells something.
type Checks struct {
	Lost            int64 `json:"lost"`            // accepted for a connected phone, which never got it
	Duplicated      int64 `json:"duplicated"`      // came twice on one connection
	OutOfOrder      int64 `json:"outOfOrder"`      // came after one that was sent when this had been accepted
	Misdelivered    int64 `json:"misdelivered"`    // came to another phone
	MissingReceipts int64 `json:"missingReceipts"` // their DELIVERED never came, though a webhook listened
	BadSignatures   int64 `json:"badSignatures"`   // requests that the webhook refused

	Repeated         int64 `json:"repeated"`         // came again after the connection broke: allowed
	RepeatedReceipts int64 `json:"repeatedReceipts"` // allowed: the agent knows them by their id
	Disconnects      int64 `json:"disconnects"`      // connections of phones that broke
	Foreign          int64 `json:"foreign"`          // messages of earlier runs that waited
}

// Err says what of the run is wrong: a check that failed, or that nothing was accepted.
func (s *Summary) Err() error {
	c := s.Checks
	var wrong []string
	for _, check := range []struct {
		n    int64
		what string
	}{
		{c.Lost, "lost"}, {c.Duplicated, "duplicated"}, {c.OutOfOrder, "out of order"}, {c.Misdelivered, "delivered to another phone"},
		{c.MissingReceipts, "without a receipt"}, {c.BadSignatures, "webhook requests refused"},
	} {
		if check.n > 0 {
			wrong = append(wrong, fmt.Sprintf("%d %s", check.n, check.what))
		}
	}
	if len(wrong) > 0 {
		return errors.New("checks failed: " + strings.Join(wrong, ", "))
	}
	if s.Accepted == 0 && len(s.Errors) > 0 {
		return fmt.Errorf("no message was accepted: %s: %s", s.Errors[0].Kind, s.Errors[0].First)
	}
	return nil
}

// summary counts what the run has come to.
func (r *run) summary(took time.Duration) *Summary {
	c := &r.count
	s := &Summary{
		Loop: "closed", Connections: r.opts.Connections, TargetRate: r.opts.Rate, Phones: r.opts.Phones, Online: r.opts.Online,
		Seconds: took.Seconds(), Sent: c.sent.Load(), Accepted: c.accepted.Load(),
		AcceptedRate: float64(c.accepted.Load()) / took.Seconds(),
		Accept:       r.accept.sum(), Frame: r.frame.sum(), Receipt: r.receipt.sum(), Errors: r.errors.list(),
		Checks: Checks{
			Duplicated: c.duplicated.Load(), OutOfOrder: c.disordered.Load(), Misdelivered: c.misdelivered.Load(),
			BadSignatures: c.badSignatures.Load(), Repeated: c.repeated.Load(), RepeatedReceipts: c.repeatedReceipts.Load(),
			Disconnects: c.disconnects.Load(), Foreign: c.foreign.Load(),
		},
	}
	if open, ok := r.pace.(*openLoop); ok {
		s.Loop = "open"
		s.Behind = max(0, int64(open.dueBy(r.begin+took))-s.Sent)
	}
	for n := range int(s.Sent) {
		frame, receipt := r.missing(n)
		if frame {
			s.Checks.Lost++
		} else if receipt {
			s.Checks.MissingReceipts++
		}
	}
	return s
}

// Write prints the summary for people.
func (s *Summary) Write(out io.Writer) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	how := s.Loop + " loop"
	if s.TargetRate > 0 {
		how += fmt.Sprintf(" at %g a second", s.TargetRate)
	}
	fmt.Fprintf(out, "%s, %d connections, %d phones, %d online, %.1f s\n", how, s.Connections, s.Phones, s.Online, s.Seconds)
	fmt.Fprintf(out, "sent %d, accepted %d (%.0f a second)", s.Sent, s.Accepted, s.AcceptedRate)
	if s.Behind > 0 {
		fmt.Fprintf(out, ", %d due and not sent: more than the connections carry", s.Behind)
	}
	fmt.Fprintln(out)
	for _, e := range s.Errors {
		fmt.Fprintf(out, "  %d × %s: %s\n", e.Count, e.Kind, e.First)
	}
	fmt.Fprintln(w, "\ttimes in ms\tmin\tmean\tp50\tp90\tp99\tp99.9\tmax\t")
	for _, l := range []struct {
		name string
		Latency
	}{{"accepted", s.Accept}, {"at the phone", s.Frame}, {"receipt", s.Receipt}} {
		if l.Count > 0 {
			fmt.Fprintf(w, "%s\t%d\t%.2f\t%.2f\t%.2f\t%.2f\t%.2f\t%.2f\t%.2f\t\n", l.name, l.Count, l.Min, l.Mean, l.P50, l.P90, l.P99, l.P999, l.Max)
		}
	}
	if err := w.Flush(); err != nil {
		return err
	}
	return s.Checks.write(out)
}

func (c Checks) write(out io.Writer) error {
	_, err := fmt.Fprintf(out, "lost %d, duplicated %d, out of order %d, misdelivered %d, without a receipt %d, webhook requests refused %d\n",
		c.Lost, c.Duplicated, c.OutOfOrder, c.Misdelivered, c.MissingReceipts, c.BadSignatures)
	if err == nil && c.Disconnects+c.Repeated+c.RepeatedReceipts+c.Foreign > 0 {
		_, err = fmt.Fprintf(out, "connections of phones that broke %d, repeated after that %d, receipts repeated %d, of earlier runs %d\n",
			c.Disconnects, c.Repeated, c.RepeatedReceipts, c.Foreign)
	}
	return err
}

// errorBook counts errors by their kind.
type errorBook struct {
	mu     sync.Mutex
	counts map[string]*ErrorCount
}

func (b *errorBook) add(kind, text string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.counts == nil {
		b.counts = make(map[string]*ErrorCount)
	}
	if b.counts[kind] == nil {
		b.counts[kind] = &ErrorCount{Kind: kind, First: text}
	}
	b.counts[kind].Count++
}

// list gives the errors, the most frequent first; never nil.
func (b *errorBook) list() []ErrorCount {
	b.mu.Lock()
	defer b.mu.Unlock()
	list := []ErrorCount{}
	for _, kind := range slices.Sorted(maps.Keys(b.counts)) {
		list = append(list, *b.counts[kind])
	}
	slices.SortStableFunc(list, func(x, y ErrorCount) int { return int(y.Count - x.Count) })
	return list
}

func (b *errorBook) total() (n int64) {
	for _, e := range b.list() {
		n += e.Count
	}
	return n
}
