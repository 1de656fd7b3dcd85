package loadgen

import (
	"context"
	"time"
)

// How the end is waited for.
const (
	settleLook     = 20 * time.Millisecond
	settleCutShort = 3 * time.Second // of silence, after an interruption
)

// settle waits until everything that was accepted has come, or nothing comes any
// more.
func (r *run) settle(ctx context.Context, interrupted bool) {
	silence := r.opts.Settle
	if interrupted {
		silence = min(silence, settleCutShort)
	}
	look := time.NewTicker(settleLook)
	defer look.Stop()
	came, since, from := int64(-1), time.Now(), 0
	for ctx.Err() == nil {
		if from = r.firstMissing(from); from == int(r.count.sent.Load()) {
			return
		}
		if now := r.count.framed.Load() + r.count.receipts.Load() + r.count.repeated.Load(); now != came {
			came, since = now, time.Now()
		}
		if time.Since(since) > silence {
			return
		}
		select {
		case <-look.C:
		case <-ctx.Done():
		}
	}
}

// firstMissing is the first message from on of which something is missing.
func (r *run) firstMissing(from int) int {
	for sent := int(r.count.sent.Load()); from < sent; from++ {
		if frame, receipt := r.missing(from); frame || receipt {
			break
		}
	}
	return from
}

// missing says what has not come of message n, and should have: the server has
// accepted it and its phone is connected.
func (r *run) missing(n int) (frame, receipt bool) {
	rec := r.book.at(n)
	if rec.acked.Load() == 0 || n%r.opts.Phones >= r.opts.Online {
		return false, false
	}
	return rec.framed.Load() == 0, r.opts.Webhook != "" && !rec.receipt.Load()
}
