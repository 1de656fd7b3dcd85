package engine

import (
	"context"
	"fmt"
	"log/slog"
	"testing"
	"time"

	"github.com/openrbm/openrbm/internal/clock"
	"github.com/openrbm/openrbm/internal/delivery"
	"github.com/openrbm/openrbm/internal/ledger"
	"github.com/openrbm/openrbm/internal/store/memstore"
)

// BenchmarkExpiry measures how late a message expires among many that are
// queued, in real time and with the store in memory.
func BenchmarkExpiry(b *testing.B) {
	for _, queued := range []int{10_000, 1_000_000} {
		b.Run(fmt.Sprint("queued=", queued), func(b *testing.B) {
			db := memstore.New()
			defer db.Close()
			l, err := ledger.Open(b.Context(), db, clock.New())
			if err != nil {
				b.Fatal(err)
			}
			told := make(chan time.Time, 1)
			e := New(l, agents{agent: true}, Options{
				Logger: slog.New(slog.DiscardHandler), Notify: func(string) { told <- time.Now() },
			})
			later := time.Now().Add(24 * time.Hour)
			for i := range queued {
				it := &ledger.Item{
					Ref: ref(fmt.Sprint("q", i)), Seq: l.NextSeq(), Kind: delivery.Message, Phone: fmt.Sprint("+1555", i%100_000),
					SendTime: time.Now(), ExpireTime: later.Add(time.Duration(i*7919%queued) * time.Millisecond),
				}
				if err := l.Add(b.Context(), it); err != nil {
					b.Fatal(err)
				}
			}
			ctx, cancel := context.WithCancel(b.Context())
			done := make(chan struct{})
			go func() {
				defer close(done)
				e.Run(ctx)
			}()
			defer func() { cancel(); <-done; e.Close() }()
			const ttl = 5 * time.Millisecond
			var late, worst time.Duration
			for n := 0; b.Loop(); n++ {
				m := message("m", ttl)
				if _, err := e.AcceptMessage(b.Context(), ref(fmt.Sprint("x", n)), numberA, m); err != nil {
					b.Fatal(err)
				}
				by := (<-told).Sub(m.ExpireTime.Time())
				late, worst = late+by, max(worst, by)
			}
			b.ReportMetric(float64(late.Microseconds())/float64(b.N), "µs-late")
			b.ReportMetric(float64(worst.Microseconds()), "µs-worst")
		})
	}
}

// discard is a phone that acknowledges everything.
type discard struct {
	box  *Mailbox
	left chan struct{}
}

func (d *discard) Send(effects []Effect) error {
	for _, e := range effects {
		switch e.Kind {
		case DeliverMessage:
			d.box.Report(Acked, e.Ref)
		case Confirm:
			d.left <- struct{}{}
		}
	}
	return nil
}

// BenchmarkDelivery is a send to a phone that is online, to the confirmation of
// its acknowledgement.
func BenchmarkDelivery(b *testing.B) {
	db := memstore.New()
	defer db.Close()
	l, err := ledger.Open(b.Context(), db, clock.New())
	if err != nil {
		b.Fatal(err)
	}
	e := New(l, agents{agent: true}, Options{Logger: slog.New(slog.DiscardHandler)})
	defer e.Close()
	d := &discard{left: make(chan struct{}, 1)}
	d.box = e.Attach(numberA, 0, d)
	for n := 0; b.Loop(); n++ {
		if _, err := e.AcceptMessage(b.Context(), ref(fmt.Sprint(n)), numberA, message("hello", 0)); err != nil {
			b.Fatal(err)
		}
		<-d.left
	}
}
