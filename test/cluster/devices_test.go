package cluster_test

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/openrbm/openrbm/client"
	"github.com/openrbm/openrbm/phone"
)

// device is a phone, and what it was sent and shows.
type device struct {
	number string
	mu     sync.Mutex
	acked  []time.Time // of each message that was sent to it
	shown  []string
	slow   time.Duration // the longest time from an answer to the screen
	lost   time.Time     // when the connection was lost; zero: it has one
	pauses []time.Duration
	more   chan struct{}
}

func (d *device) id(i int) string { return fmt.Sprintf("%s-%d", d.number[1:], i) }

func (d *device) event(e phone.Event) {
	d.mu.Lock()
	defer d.mu.Unlock()
	switch e := e.(type) {
	case phone.Offline:
		d.lost = time.Now()
	case phone.Online:
		if !d.lost.IsZero() {
			d.pauses = append(d.pauses, time.Since(d.lost))
		}
		d.lost = time.Time{}
	case *phone.Message:
		if i := len(d.shown); i < len(d.acked) {
			d.slow = max(d.slow, time.Since(d.acked[i]))
		}
		d.shown = append(d.shown, e.MessageID)
		select {
		case d.more <- struct{}{}:
		default:
		}
	}
}

// complete waits until the phone shows all that was sent.
func (d *device) complete(ctx context.Context) bool {
	for {
		d.mu.Lock()
		done := len(d.shown) >= len(d.acked)
		d.mu.Unlock()
		if done {
			return true
		}
		select {
		case <-d.more:
		case <-ctx.Done():
			return false
		}
	}
}

// devices makes phones and connects them, each to any node.
func (p *processes) devices(ctx context.Context, n int) []*device {
	p.t.Helper()
	admin, all := p.admin(), make([]*device, n)
	var group sync.WaitGroup
	const abreast = 16
	for part := range abreast {
		group.Go(func() {
			for i := part; i < n; i += abreast {
				d, err := p.device(ctx, admin, i)
				if err != nil {
					p.t.Error(err)
					return
				}
				all[i] = d
			}
		})
	}
	group.Wait()
	if p.t.Failed() {
		p.t.FailNow()
	}
	return all
}

func (p *processes) device(ctx context.Context, admin *client.Admin, i int) (*device, error) {
	d := &device{number: fmt.Sprintf("+1222%07d", i), more: make(chan struct{}, 1)}
	made, err := admin.CreatePhone(ctx, client.Phone{PhoneNumber: d.number, RCSEnabled: true, Features: phone.DefaultFeatures()})
	if err != nil {
		return nil, err
	}
	dialed, err := phone.Dial(ctx, phone.Options{
		URL: "ws" + p.url[len("http"):] + "/device/v1/connect", Number: d.number, Token: made.DeviceToken, OnEvent: d.event, DialContext: p.dial,
		RetryMin: number("CLUSTER_RETRY_MIN", 10) * time.Millisecond, RetryMax: number("CLUSTER_RETRY_MAX", 500) * time.Millisecond,
	})
	if err != nil {
		return nil, err
	}
	p.t.Cleanup(func() { dialed.Close() })
	return d, nil
}

// check waits until each phone shows what was sent to it, and looks that this is
// all, once, in order. It returns how many messages that were.
func (p *processes) check(ctx context.Context, devices []*device) int {
	p.t.Helper()
	var slow, pauses []time.Duration
	total, wrong := 0, 0
	for _, d := range devices {
		complete := d.complete(ctx)
		d.mu.Lock()
		if !complete {
			p.t.Errorf("%s shows %d of %d messages", d.number, len(d.shown), len(d.acked))
		}
		for i, id := range d.shown {
			if id != d.id(i) {
				p.t.Errorf("%s: message %d on the screen is %s", d.number, i, id)
				wrong++
				break
			}
		}
		total, slow, pauses = total+len(d.acked), append(slow, d.slow), append(pauses, d.pauses...)
		d.mu.Unlock()
		if wrong > 20 {
			p.t.Fatal("and so on")
		}
	}
	slices.Sort(slow)
	p.t.Logf("%d messages to %d phones; the slowest was shown %v after its answer", total, len(devices), slow[len(slow)-1].Round(time.Millisecond))
	if n := len(pauses); n > 0 {
		slices.Sort(pauses)
		p.t.Logf("%d connections were lost; without one for %v (median), %v (99 of 100), %v (all)", n,
			pauses[n/2].Round(time.Millisecond), pauses[n*99/100].Round(time.Millisecond), pauses[n-1].Round(time.Millisecond))
	}
	return total
}
