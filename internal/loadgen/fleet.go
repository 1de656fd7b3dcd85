package loadgen

import (
	"context"
	"fmt"
	"strconv"
	"sync"

	"github.com/openrbm/openrbm/client"
	"github.com/openrbm/openrbm/phone"
	"github.com/openrbm/openrbm/rbm"
)

// carrier marks the phones of this package: no others are ever written to.
const carrier = "openrbm-bench"

// makers is how many phones are made, or connected for the first time, side by side.
const makers = 64

var featureNames = func() (names []string) {
	for _, f := range phone.DefaultFeatures() {
		names = append(names, string(f))
	}
	return names
}()

// number is the i-th number from first on, which is in E.164.
func number(first string, i int) string {
	n, err := strconv.ParseUint(first[min(1, len(first)):], 10, 63)
	if err != nil {
		return ""
	}
	return fmt.Sprintf("+%0*d", len(first)-1, n+uint64(i))
}

// makePhones makes the phones that are not there, and gives the tokens of those
// that will be connected.
func (r *run) makePhones(ctx context.Context) ([]string, error) {
	tokens := make([]string, r.opts.Online)
	return tokens, each(ctx, r.opts.Phones, func(ctx context.Context, i int) error {
		token, err := r.makePhone(ctx, number(r.opts.First, i), i < len(tokens))
		if err == nil && i < len(tokens) {
			tokens[i] = token
		}
		return err
	})
}

// makePhone makes a phone, or takes one that an earlier run has made.
func (r *run) makePhone(ctx context.Context, number string, connect bool) (token string, err error) {
	p, err := r.admin.CreatePhone(ctx, client.Phone{
		PhoneNumber: number, RCSEnabled: true, Features: phone.DefaultFeatures(), Carrier: carrier,
	})
	if rbm.CodeOf(err) == rbm.CodeAlreadyExists {
		p, err = r.admin.Phone(ctx, number)
		if err == nil && p.Carrier != carrier {
			return "", fmt.Errorf("phone %s is somebody's: choose other numbers", number)
		}
		if err == nil && connect {
			p, err = r.admin.IssueToken(ctx, number)
		}
	}
	if err != nil {
		return "", fmt.Errorf("making phone %s: %w", number, err)
	}
	return p.DeviceToken, nil
}

// connectPhones brings the phones online, and returns when they are or ctx ends.
// They stay until stop is called or life ends.
func (r *run) connectPhones(ctx, life context.Context, tokens []string) (stop func(), err error) {
	online, cancel := context.WithCancel(life)
	var devices sync.WaitGroup
	stop = func() {
		cancel()
		devices.Wait()
	}
	err = each(ctx, len(tokens), func(ctx context.Context, i int) error {
		welcome := make(chan struct{})
		d := &device{r: r, index: i, token: tokens[i], joined: sync.OnceFunc(func() { close(welcome) })}
		devices.Go(func() { d.stay(online) })
		select {
		case <-welcome:
			return nil
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	})
	return stop, err
}

// each calls do for 0 to n-1, some side by side, until one fails.
func each(ctx context.Context, n int, do func(ctx context.Context, i int) error) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	next := make(chan int)
	var wg sync.WaitGroup
	for range min(makers, n) {
		wg.Go(func() {
			for i := range next {
				if err := do(ctx, i); err != nil {
					cancel(err)
				}
			}
		})
	}
	for i := 0; i < n && ctx.Err() == nil; i++ {
		select {
		case next <- i:
		case <-ctx.Done():
		}
	}
	close(next)
	wg.Wait()
	return context.Cause(ctx)
}
