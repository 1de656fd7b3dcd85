package phone

import (
	"github.com/openrbm/openrbm/internal/frame"
)

// resume sends what the server has not confirmed on earlier connections. The
// caller holds mu, as do those of report and post.
func (l *link) resume() {
	l.reports = l.p.state.unconfirmed()
	l.posts = append(l.posts, l.p.state.posts...)
	l.wake()
}

func (l *link) report(r ref) {
	l.reports = append(l.reports, r)
	l.wake()
}

func (l *link) post(po *post) {
	l.posts = append(l.posts, po)
	l.wake()
}

// wake makes sure that what is waiting is sent. Only one goroutine sends, and
// only while there is something: what comes meanwhile goes out with its next frame.
func (l *link) wake() {
	if l.sending || l.p.link != l || len(l.reports)+len(l.posts) == 0 {
		return
	}
	l.sending = true
	l.p.runner.Go(l.send)
}

func (l *link) send() {
	for frames := l.take(); frames != nil; frames = l.take() {
		for _, data := range frames {
			if err := l.write(data); err != nil {
				l.p.log.Debug("not sent", "err", err)
				l.ws.Close() // the reader notices, and the next connection sends it
				return
			}
		}
	}
}

// take gives the frames that are to be sent now; nil when there are none.
func (l *link) take() [][]byte {
	p := l.p
	p.mu.Lock()
	defer p.mu.Unlock()
	var frames [][]byte
	var same []ref // to be reported in one frame
	var kind frame.Type
	flush := func() {
		if len(same) > 0 {
			frames = append(frames, frame.AppendReports(nil, kind, same))
			same = same[:0]
		}
	}
	for _, r := range l.reports {
		e := p.state.entries[r]
		if e == nil || e.said == "" || e.durable {
			continue // taken back meanwhile
		}
		if e.said != kind || len(same) == frame.MaxRefs {
			flush()
			kind = e.said
		}
		same = append(same, r)
	}
	flush()
	for _, po := range l.posts {
		frames = append(frames, po.data)
	}
	l.reports, l.posts = nil, nil
	l.sending = len(frames) > 0
	return frames
}
