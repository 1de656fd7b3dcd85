package console

import (
	"context"
	"encoding/json"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/tracing"
	"github.com/chromedp/chromedp"
)

// traced is an event of the browser's trace; times are in µs.
type traced struct {
	Name, Cat, Ph string
	PID, TID      int
	Dur           float64
	TDur          float64 // CPU time of the thread
}

// tasks does what an expression says, a promise, and gives the tasks of the page's
// main thread meanwhile, from the browser's own trace: they are what can make a
// frame late. Other work of the machine makes a task last longer; it does not make
// it need more CPU time.
func (p *tab) tasks(expression string) []traced {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, 8*patience)
	defer cancel()
	var all []traced
	whole := make(chan bool, 1)
	err := chromedp.Listen(ctx, func(ev any) {
		switch ev := ev.(type) {
		case *tracing.EventDataCollected:
			for _, v := range ev.Value {
				var e traced
				if json.Unmarshal(v, &e) == nil {
					all = append(all, e)
				}
			}
		case *tracing.EventTracingComplete:
			whole <- !ev.DataLossOccurred
		}
	})
	if err != nil {
		p.t.Fatal(err)
	}
	config := tracing.TraceConfig{IncludedCategories: []string{"disabled-by-default-devtools.timeline", "blink.user_timing"}, ExcludedCategories: []string{"*"}}
	if _, err := chromedp.Call(ctx, tracing.Start, tracing.StartParams{TraceConfig: &config}); err != nil {
		p.t.Fatal(err)
	}
	p.do(`(performance.mark('of this page'), ` + expression + `)`)
	if _, err := chromedp.Call(ctx, tracing.End, cdp.Empty{}); err != nil {
		p.t.Fatal(err)
	}
	select {
	case ok := <-whole:
		if !ok {
			p.t.Fatal("parts of the trace are lost")
		}
	case <-ctx.Done():
		p.t.Fatal("the trace does not end")
	}
	return ofThisPage(all)
}

// ofThisPage are the tasks of the thread that has set the mark.
func ofThisPage(all []traced) []traced {
	var mark traced
	for _, e := range all {
		if e.Name == "of this page" {
			mark = e
		}
	}
	var tasks []traced
	for _, e := range all {
		if e.Name == "RunTask" && e.PID == mark.PID && e.TID == mark.TID {
			tasks = append(tasks, e)
		}
	}
	return tasks
}

// longest is the CPU time and the duration of the longest task, each by itself.
func longest(tasks []traced) (cpu, wall time.Duration) {
	for _, e := range tasks {
		cpu = max(cpu, time.Duration(e.TDur*float64(time.Microsecond)))
		wall = max(wall, time.Duration(e.Dur*float64(time.Microsecond)))
	}
	return cpu, wall
}
