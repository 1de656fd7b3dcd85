package client

import (
	"context"
	"errors"
	"net/http"
	"regexp"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/openrbm/openrbm/rbm"
)

const phone = "+12223334444"

var (
	accepted    = answer{status: 200, body: `{"name":"phones/+12223334444/agentMessages/m1","contentMessage":{"text":"Hi"}}`}
	unavailable = answer{status: 503, body: `{"error":{"code":503,"message":"Try later.","status":"UNAVAILABLE"}}`}
	exhausted   = answer{status: 429, body: `{"error":{"code":429,"message":"Too many.","status":"RESOURCE_EXHAUSTED"}}`, header: http.Header{"Retry-After": {"7"}}}
	notFound    = answer{status: 404, body: `{"error":{"code":404,"message":"Requested entity was not found.","status":"NOT_FOUND"}}`}
	badToken    = answer{status: 401, body: `{"error":{"code":401,"message":"No.","status":"UNAUTHENTICATED"}}`}
	hangUp      = answer{hangUp: true}
)

func hello() *rbm.AgentMessage {
	return &rbm.AgentMessage{ContentMessage: &rbm.AgentContentMessage{Text: "Hi"}}
}

func TestRepeatsWithTheSameID(t *testing.T) {
	r := newRemote(t, unavailable, exhausted, hangUp, accepted)
	c, pauses := r.client(Options{})
	m, err := c.CreateAgentMessage(t.Context(), phone, "", hello())
	if err != nil {
		t.Fatal(err)
	}
	if m.Name != "phones/+12223334444/agentMessages/m1" || m.ContentMessage.Text != "Hi" {
		t.Errorf("answer %+v", m)
	}
	asked, _ := r.seen()
	if len(asked) != 4 {
		t.Fatalf("asked %d times: %q", len(asked), asked)
	}
	for _, a := range asked {
		if a != asked[0] {
			t.Errorf("asked %q, then %q", asked[0], a)
		}
	}
	if form := regexp.MustCompile(`^POST /v1/phones/\+12223334444/agentMessages\?agentId=demo_agent&messageId=[0-9a-f-]{36} {"contentMessage":{"text":"Hi"}}$`); !form.MatchString(asked[0]) {
		t.Errorf("asked %q", asked[0])
	}
	if len(*pauses) != 3 {
		t.Fatalf("pauses %v", *pauses)
	}
	for i, span := range [][2]time.Duration{{firstPause / 2, firstPause}, {7 * time.Second, 8 * time.Second}, {2 * firstPause, 4 * firstPause}} {
		if p := (*pauses)[i]; p < span[0] || p >= span[1] {
			t.Errorf("pause %d is %v, want within %v", i, p, span)
		}
	}
}

func TestGivesUp(t *testing.T) {
	long := exhausted
	long.header = http.Header{"Retry-After": {"3600"}}
	for name, tc := range map[string]struct {
		answers  []answer
		attempts int // asked for; 0 is the default
		asked    int
		code     rbm.Code
	}{
		"after the default attempts": {[]answer{unavailable}, 0, DefaultMaxAttempts, rbm.CodeUnavailable},
		"after two attempts":         {[]answer{exhausted}, 2, 2, rbm.CodeResourceExhausted},
		"when told to wait an hour":  {[]answer{long}, 0, 1, rbm.CodeResourceExhausted},
		"at a refusal":               {[]answer{notFound}, 0, 1, rbm.CodeNotFound},
		"at a refusal in between":    {[]answer{unavailable, notFound}, 0, 2, rbm.CodeNotFound},
		"when not implemented":       {[]answer{{status: 501, body: "<html>"}}, 0, 1, rbm.CodeUnimplemented},
		"at a proxy's page":          {[]answer{{status: 502, body: "<html>"}}, 3, 3, rbm.CodeUnavailable},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRemote(t, tc.answers...)
			c, _ := r.client(Options{MaxAttempts: tc.attempts})
			_, err := c.CreateAgentMessage(t.Context(), phone, "m1", hello())
			e, ok := errors.AsType[*rbm.Error](err)
			if !ok || e.Code != tc.code {
				t.Errorf("error %v, want code %v", err, tc.code)
			}
			if asked, _ := r.seen(); len(asked) != tc.asked {
				t.Errorf("asked %d times, want %d", len(asked), tc.asked)
			}
		})
	}
}

func TestRetryAfterIsInTheError(t *testing.T) {
	c, _ := newRemote(t, exhausted).client(Options{MaxAttempts: 1})
	_, err := c.Capabilities(t.Context(), phone)
	if e, ok := errors.AsType[*rbm.Error](err); !ok || e.RetryAfter != 7*time.Second {
		t.Errorf("error %#v", err)
	}
}

func TestConnectionRefused(t *testing.T) {
	r := newRemote(t, accepted)
	c, pauses := r.client(Options{BaseURL: "http://127.0.0.1:1", MaxAttempts: 3})
	if _, err := c.CreateAgentMessage(t.Context(), phone, "m1", hello()); err == nil {
		t.Error("sent to nobody")
	}
	if len(*pauses) != 2 {
		t.Errorf("pauses %v", *pauses)
	}
}

func TestEndOfContextEndsTheCall(t *testing.T) {
	r := newRemote(t, unavailable)
	c, pauses := r.client(Options{MaxAttempts: 100})
	ctx, cancel := context.WithCancel(t.Context())
	note := c.retry.wait
	c.retry.wait = func(ctx context.Context, d time.Duration) error {
		if len(*pauses) == 2 {
			cancel()
		}
		return note(ctx, d)
	}
	_, err := c.CreateAgentMessage(ctx, phone, "m1", hello())
	if !errors.Is(err, context.Canceled) || !hasCode(err, rbm.CodeUnavailable) {
		t.Errorf("error %v, want the end of the context and the last answer", err)
	}
	if asked, _ := r.seen(); len(asked) != 3 {
		t.Errorf("asked %d times, want 3", len(asked))
	}
	_, err = c.CreateAgentMessage(ctx, phone, "m1", hello())
	if asked, _ := r.seen(); !errors.Is(err, context.Canceled) || len(asked) != 3 || len(*pauses) != 3 {
		t.Errorf("after the end: error %v, asked %d times, pauses %v", err, len(asked), *pauses)
	}
}

func TestPause(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		if err := pause(t.Context(), time.Minute); err != nil || time.Since(start) != time.Minute {
			t.Errorf("%v after %v", err, time.Since(start))
		}
		short, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		start = time.Now()
		if err := pause(short, time.Minute); !errors.Is(err, context.DeadlineExceeded) || time.Since(start) != 0 {
			t.Errorf("beyond the deadline: %v after %v, want a failure at once", err, time.Since(start))
		}
		ended, end := context.WithCancel(t.Context())
		time.AfterFunc(time.Second, end)
		if err := pause(ended, time.Minute); !errors.Is(err, context.Canceled) || time.Since(start) != time.Second {
			t.Errorf("ended: %v after %v", err, time.Since(start))
		}
	})
}

func TestBackoff(t *testing.T) {
	for n := 1; n < 100; n++ {
		full := min(firstPause<<min(n-1, 20), maxPause)
		if p := backoff(n, 0); p < full/2 || p >= full {
			t.Errorf("pause %d is %v, want %v to %v", n, p, full/2, full)
		}
		if p := backoff(n, time.Minute); p < time.Minute || p > time.Minute+firstPause {
			t.Errorf("pause %d is %v although a minute was asked for", n, p)
		}
	}
}

func TestRetryAfter(t *testing.T) {
	now := time.Date(2026, 11, 20, 10, 0, 0, 0, time.UTC)
	for header, want := range map[string]time.Duration{
		"":                              0,
		"12":                            12 * time.Second,
		"-1":                            0,
		"soon":                          0,
		"Fri, 20 Nov 2026 10:00:30 GMT": 30 * time.Second,
		"Fri, 20 Nov 2026 09:00:00 GMT": 0,
	} {
		if got := retryAfter(http.Header{"Retry-After": {header}}, now); got != want {
			t.Errorf("Retry-After %q is %v, want %v", header, got, want)
		}
	}
}

func TestDeleteTellsWhenTheOutcomeIsUnknown(t *testing.T) {
	for name, tc := range map[string]struct {
		answers []answer
		known   error // nil: no error at all
		unknown bool
	}{
		"revoked":                   {[]answer{{status: 200, body: "{}"}}, nil, false},
		"delivered":                 {[]answer{notFound}, &rbm.Error{}, false},
		"first too many":            {[]answer{exhausted, notFound}, &rbm.Error{}, false},
		"first a lost answer":       {[]answer{hangUp, notFound}, &rbm.Error{}, true},
		"first a server's failure":  {[]answer{unavailable, exhausted, notFound}, &rbm.Error{}, true},
		"lost answer, then revoked": {[]answer{hangUp, {status: 200, body: "{}"}}, nil, false},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRemote(t, tc.answers...)
			c, _ := r.client(Options{})
			err := c.DeleteAgentMessage(t.Context(), phone, "m/1 ?")
			if (err != nil) != (tc.known != nil) || errors.Is(err, ErrOutcomeUnknown) != tc.unknown {
				t.Errorf("error %v", err)
			}
			if tc.known != nil && !hasCode(err, rbm.CodeNotFound) {
				t.Errorf("error %v, want NOT_FOUND", err)
			}
			asked, _ := r.seen()
			want := "DELETE /v1/phones/+12223334444/agentMessages/m%2F1%20%3F?agentId=demo_agent "
			if slices.ContainsFunc(asked, func(a string) bool { return a != want }) {
				t.Errorf("asked %q, want %q", asked, want)
			}
		})
	}
}
