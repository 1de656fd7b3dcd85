package e2e

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/openrbm/openrbm/client"
	"github.com/openrbm/openrbm/phone"
	"github.com/openrbm/openrbm/rbm"
	"github.com/openrbm/openrbm/servertest"
)

// admin calls the admin API as its documentation says, and reads the answer into a T.
func admin[T any](t *testing.T, s *servertest.Server, method, path, body string, status int) T {
	t.Helper()
	var v T
	req, err := http.NewRequestWithContext(s.Context(), method, s.Ready.APIURL+"/admin/v1/"+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+s.Ready.AdminToken)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	if resp.StatusCode != status {
		t.Fatalf("%s %s: %d, want %d: %s", method, path, resp.StatusCode, status, b)
	}
	if status == 200 {
		if err := json.Unmarshal(b, &v); err != nil {
			t.Fatalf("%s %s: %v", method, path, err)
		}
	}
	return v
}

type happening struct {
	EventID, Kind, AgentID, PhoneNumber, MessageID, State, Type, Reason string
	Payload                                                             json.RawMessage
	HTTP                                                                *struct {
		URL, Request, Answer string
		Status               int
	}
	Webhook *struct {
		NoticeID, Signature string
		Number              int
	}
}

// eventStream reads server-sent events.
type eventStream struct {
	t    *testing.T
	body io.ReadCloser
	r    *bufio.Scanner
}

func follow(t *testing.T, s *servertest.Server, after string) *eventStream {
	t.Helper()
	req, err := http.NewRequestWithContext(s.Context(), "GET", s.Ready.APIURL+"/admin/v1/events", nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+s.Ready.AdminToken)
	req.Header.Set("Accept", "text/event-stream")
	if after != "" {
		req.Header.Set("Last-Event-ID", after)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { resp.Body.Close() })
	if got := resp.Header.Get("Content-Type"); resp.StatusCode != 200 || !strings.HasPrefix(got, "text/event-stream") {
		t.Fatalf("%d %s", resp.StatusCode, got)
	}
	return &eventStream{t, resp.Body, bufio.NewScanner(resp.Body)}
}

// next is the next event: its type, id and data.
func (s *eventStream) next() (kind, id string, e happening) {
	s.t.Helper()
	kind = "message"
	for s.r.Scan() {
		line := s.r.Text()
		switch name, value, _ := strings.Cut(line, ": "); name {
		case "event":
			kind = value
		case "id":
			id = value
		case "data":
			if err := json.Unmarshal([]byte(value), &e); err != nil {
				s.t.Fatalf("%s: %v", value, err)
			}
		}
		if line == "" && id+kind != "message" {
			return kind, id, e
		}
	}
	s.t.Fatalf("the stream ended: %v", s.r.Err())
	return
}

// What happens is told as it happens, in order, and goes on where a reader left.
func TestEventStream(t *testing.T) {
	s := servertest.New(t)
	hook := s.Webhook(s.Agent())
	live := follow(t, s, "")
	if kind, _, _ := live.next(); kind != "hello" {
		t.Fatalf("the stream begins with %s", kind)
	}
	p := s.Dial()
	if _, err := s.Client().CreateAgentMessage(s.Context(), s.Number(), "m1", text("hello")); err != nil {
		t.Fatal(err)
	}
	m := wait(t, s, p, "m1")
	if err := p.Read(s.Context(), m.AgentID, m.MessageID); err != nil {
		t.Fatal(err)
	}
	hook.Wait(servertest.Read("m1"))
	var first string
	seen := map[string]bool{}
	for !seen["WEBHOOK READ"] {
		_, id, e := live.next()
		if first == "" {
			first = id
		}
		if e.MessageID == "m1" {
			seen[strings.TrimSpace(e.Kind+" "+map[bool]string{true: e.Type, false: e.State}[e.Kind == "WEBHOOK"])] = true
		}
	}
	for _, want := range []string{"ACCEPTED QUEUED", "SENT", "CHANGED READ", "WEBHOOK DELIVERED", "WEBHOOK READ", "CALL"} {
		if !seen[want] {
			t.Errorf("%s was not told; %v was", want, seen)
		}
	}
	again := follow(t, s, first)
	again.next()
	if _, id, _ := again.next(); id == first || id == "" {
		t.Errorf("after %s comes %s", first, id)
	}
	other := follow(t, s, "0-7")
	if kind, _, _ := other.next(); kind != "reset" {
		t.Errorf("a reader of another run is told %s", kind)
	}

	// The same, as a list: one message's, the newest first, and one with its bodies.
	list := admin[struct{ Events []happening }](t, s, "GET", "events?messageId=m1&agentId="+s.Agent(), "", 200)
	var call happening
	for _, e := range list.Events {
		if e.Kind == "CALL" {
			call = e
		}
	}
	whole := admin[happening](t, s, "GET", "events/"+call.EventID, "", 200)
	if whole.HTTP == nil || whole.HTTP.Status != 200 || !strings.Contains(whole.HTTP.Request, `"hello"`) || !strings.Contains(whole.HTTP.Answer, "sendTime") {
		t.Errorf("the call is %+v", whole.HTTP)
	}
	admin[any](t, s, "GET", "events/none", "", 404)
	if _, err := s.Client().CreateAgentMessage(s.Context(), "+15550109999", "m2", text("nobody")); err == nil {
		t.Error("nobody got a message")
	}
	refused := admin[struct{ Events []happening }](t, s, "GET", "events?kind=CALL&kind=WEBHOOK&failed=true", "", 200).Events
	if len(refused) != 1 || refused[0].MessageID != "m2" || refused[0].HTTP.Status != 404 {
		t.Errorf("what failed is %+v", refused)
	}
}

// wait waits until the phone has the message.
func wait(t *testing.T, s *servertest.Server, p *phone.Phone, id string) *phone.Message {
	t.Helper()
	m, err := p.WaitMessage(s.Context(), func(m *phone.Message) bool { return m.MessageID == id })
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// The server stops although somebody watches.
func TestStopEndsStreams(t *testing.T) {
	s := servertest.New(t)
	live := follow(t, s, "")
	live.next()
	s.Stop()
	for live.r.Scan() {
	}
}

type foundMessages struct {
	Messages []struct {
		MessageID, PhoneNumber, State string
		Message                       json.RawMessage
	}
	NextPageToken string
}

func TestSearchOfMessages(t *testing.T) {
	s := servertest.New(t)
	s.NewPhone("+15550101000")
	c := s.Client()
	for i, words := range []string{"A green Tree", "a blue Fish", "ein grüner Baum", "one more tree"} {
		number := []string{s.Number(), "+15550101000"}[i%2]
		if _, err := c.CreateAgentMessage(s.Context(), number, fmt.Sprintf("id-%d", i), text(words)); err != nil {
			t.Fatal(err)
		}
	}
	if err := c.DeleteAgentMessage(s.Context(), s.Number(), "id-2"); err != nil {
		t.Fatal(err)
	}
	for query, want := range map[string]string{
		"":                                   "id-3 id-2 id-1 id-0",
		"q=tree":                             "id-3 id-0",
		"text=TREE":                          "id-3 id-0",
		"text=id-1":                          "", // it is in the name only
		"text=contentMessage":                "",
		"q=GR%C3%9CN":                        "id-2",
		"q=%2B15550101000":                   "id-3 id-1",
		"messageId=id-1":                     "id-1",
		"phoneNumber=%2B12223334444&q=a":     "id-2 id-0",
		"state=REVOKED":                      "id-2",
		"state=REVOKED&state=QUEUED":         "id-3 id-2 id-1 id-0",
		"agentId=demo_agent%40rbm.goog&q=fi": "id-1",
		"agentId=another":                    "",
		"until=2020-01-01T00:00:00Z":         "",
		"since=2020-01-01T00:00:00Z&q=one":   "id-3",
	} {
		var got []string
		for _, m := range admin[foundMessages](t, s, "GET", "messages?"+query, "", 200).Messages {
			got = append(got, m.MessageID)
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%s: %v, want %s", query, got, want)
		}
	}
	var pages []string
	token := ""
	for {
		page := admin[foundMessages](t, s, "GET", "messages?pageSize=3&pageToken="+token, "", 200)
		for _, m := range page.Messages {
			pages = append(pages, m.MessageID)
		}
		if token = page.NextPageToken; token == "" {
			break
		}
	}
	if strings.Join(pages, " ") != "id-3 id-2 id-1 id-0" {
		t.Errorf("the pages have %v", pages)
	}
	for _, wrong := range []string{"pageToken=x", "since=yesterday", "pageSize=many", "bogus=1"} {
		admin[any](t, s, "GET", "messages?"+wrong, "", 400)
	}
}

// The administrator's tokens: for the API as an agent, and for a phone beside its own.
func TestTokensOfTheAdministrator(t *testing.T) {
	s := servertest.New(t)
	access := admin[struct {
		AccessToken string `json:"access_token"`
	}](t, s, "POST", "agents/"+s.Agent()+":issueAccessToken", "", 200)
	for path, want := range map[string]int{
		"/v1/phones/" + s.Number() + "/capabilities?requestId=r&agentId=" + s.Agent(): 200,
		"/v1/phones/" + s.Number() + "/capabilities?requestId=r&agentId=another":      403,
	} {
		req, err := http.NewRequestWithContext(s.Context(), "GET", s.Ready.APIURL+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Authorization", "Bearer "+access.AccessToken)
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if resp.StatusCode != want {
			t.Errorf("%s: %d, want %d", path, resp.StatusCode, want)
		}
	}
	admin[any](t, s, "POST", "agents/nobody:issueAccessToken", "", 404)

	lend := func() string {
		return admin[struct{ DeviceToken string }](t, s, "POST", "phones/"+s.Number()+":lendToken", "", 200).DeviceToken
	}
	dial := func(token string) error {
		p, err := phone.Dial(s.Context(), phone.Options{URL: s.Ready.DeviceURL, Number: s.Number(), Token: token})
		if err == nil {
			err = p.Close()
		}
		return err
	}
	token := lend()
	if err := dial(token); err != nil {
		t.Errorf("with a lent token: %v", err)
	}
	if err := dial(s.Ready.Phones[0].DeviceToken); err != nil {
		t.Errorf("with its own token, after one was lent: %v", err)
	}
	for _, wrong := range []string{token + "x", strings.Replace(token, "lent_", "lent_z", 1), "lent_", "lent_." + token} {
		if dial(wrong) == nil {
			t.Errorf("the token %q is good", wrong)
		}
	}
	if _, err := s.Admin.AdvanceClock(s.Context(), 13*time.Hour); err != nil {
		t.Fatal(err)
	}
	if dial(token) == nil {
		t.Error("a lent token is good after its time")
	}
	token = lend()
	if _, err := s.Admin.IssueToken(s.Context(), s.Number()); err != nil {
		t.Fatal(err)
	}
	if dial(token) == nil {
		t.Error("a lent token is good after the phone got a new one")
	}
}

// A message is checked as a send would be, and nothing is sent.
func TestCheckOfMessages(t *testing.T) {
	s := servertest.New(t)
	type checked struct {
		Error *struct {
			Error struct {
				Code    int
				Details []struct{ FieldViolations []struct{ Field string } }
			}
		}
		Characters     int
		Classification struct {
			ClassificationType string
			SegmentCount       int
		}
		Features []string
	}
	check := func(query, body string) checked {
		t.Helper()
		return admin[checked](t, s, "POST", "agentMessages:check"+query, body, 200)
	}
	good := check("", `{"contentMessage":{"text":"`+strings.Repeat("a", 161)+`"}}`)
	if good.Error != nil || good.Characters != 161 || good.Classification.ClassificationType != "RICH_MESSAGE" || good.Classification.SegmentCount != 2 {
		t.Errorf("%+v", good)
	}
	bad := check("", `{"contentMessage":{"text":"hi","suggestions":[{"reply":{"text":"`+strings.Repeat("a", 26)+`","postbackData":"x"}}]}}`)
	if bad.Error == nil || bad.Error.Error.Code != 400 || bad.Error.Error.Details[0].FieldViolations[0].Field != "agent_message.content_message.suggestions[0].reply.text" {
		t.Errorf("%+v", bad.Error)
	}
	if wrong := check("", `{"contentMessage":`); wrong.Error == nil {
		t.Error("half a message is good")
	}
	if gone := check("?agentId="+s.Agent()+"&phoneNumber=%2B15550009999", `{"contentMessage":{"text":"hi"}}`); gone.Error == nil || gone.Error.Error.Code != 404 {
		t.Errorf("a phone that is not there: %+v", gone.Error)
	}
	if n := len(admin[foundMessages](t, s, "GET", "messages", "", 200).Messages); n != 0 {
		t.Errorf("%d messages were sent", n)
	}
}

// What is given up is kept, and can be delivered again; so can what was delivered.
// A pause keeps everything.
func TestReplay(t *testing.T) {
	s := servertest.New(t)
	hook := s.Webhook(s.Agent())
	p := s.Dial()
	agent := "agents/" + s.Agent()
	send := func(id string) {
		t.Helper()
		if _, err := s.Client().CreateAgentMessage(s.Context(), s.Number(), id, text(id)); err != nil {
			t.Fatal(err)
		}
		wait(t, s, p, id)
	}
	calls := func(id string) (n int) {
		for _, e := range hook.Events() {
			if e.UserEvent != nil && e.UserEvent.MessageID == id {
				n++
			}
		}
		return n
	}
	send("first")
	hook.Wait(servertest.Delivered("first"))
	var call happening
	for call.EventID == "" {
		for _, e := range admin[struct{ Events []happening }](t, s, "GET", "events?kind=WEBHOOK&messageId=first", "", 200).Events {
			call = e
		}
	}
	admin[any](t, s, "POST", agent+"/webhook:replay", `{"events":["`+call.EventID+`"]}`, 200)
	hook.Wait(func(client.Event) bool { return calls("first") >= 2 })

	right := admin[struct {
		Verifies bool
		Text     string
	}](t, s, "POST", "events/"+call.EventID+":checkSignature", `{"signature":"`+call.Webhook.Signature+`"}`, 200)
	if !right.Verifies {
		t.Errorf("the signature of the call itself: %+v", right)
	}

	admin[any](t, s, "POST", agent+"/webhook:pause", "", 200)
	send("held")
	type notices struct {
		Notices []struct{ NoticeID, Type string }
	}
	for len(admin[notices](t, s, "GET", agent+"/pendingNotices", "", 200).Notices) == 0 {
	}
	if n := calls("held"); n != 0 {
		t.Errorf("%d calls in a pause", n)
	}
	if _, err := s.Admin.AdvanceClock(s.Context(), 8*24*time.Hour); err != nil {
		t.Fatal(err)
	}
	var dead notices
	for len(dead.Notices) == 0 { // the sweep finds what is too old, also in a pause
		if s.Context().Err() != nil {
			t.Fatal(errors.New("nothing was given up"))
		}
		dead = admin[notices](t, s, "GET", agent+"/deadNotices", "", 200)
	}
	admin[any](t, s, "POST", agent+"/webhook:resume", "", 200)
	admin[any](t, s, "POST", agent+"/webhook:replay", `{"deadNotices":["`+dead.Notices[0].NoticeID+`"]}`, 200)
	hook.Wait(servertest.Delivered("held"))
	if n := len(admin[notices](t, s, "GET", agent+"/deadNotices", "", 200).Notices); n != 0 {
		t.Errorf("%d dead notices after the replay", n)
	}
	for body, status := range map[string]int{`{}`: 400, `{"events":["x"]}`: 404, `{"deadNotices":["x"]}`: 404} {
		admin[any](t, s, "POST", agent+"/webhook:replay", body, status)
	}
}

func TestStatistics(t *testing.T) {
	s := servertest.New(t)
	p := s.Dial()
	for _, id := range []string{"a", "b"} {
		if _, err := s.Client().CreateAgentMessage(s.Context(), s.Number(), id, text(id)); err != nil {
			t.Fatal(err)
		}
	}
	hook := s.Webhook(s.Agent())
	if err := p.Read(s.Context(), wait(t, s, p, "a").AgentID, "a"); err != nil {
		t.Fatal(err)
	}
	hook.Wait(servertest.Read("a"))
	hook.Wait(servertest.Delivered("b"))
	s.NewPhone("+12125550001")
	if _, err := s.Client().CreateAgentMessage(s.Context(), "+12125550001", "waits", text("waits")); err != nil {
		t.Fatal(err)
	}
	type class struct {
		Class    string
		Messages int
	}
	got := admin[struct {
		Online, Looked  int
		OldestQueueTime time.Time
		Buckets         []struct {
			Accepted, Delivered, Read int
			Classes                   []class
			Trend                     struct {
				Queued, Online, WebhooksDelivered int
				OldestSeconds                     float64
			}
		}
		Classes []class
	}](t, s, "GET", "statistics?hours=1", "", 200)
	last := got.Buckets[len(got.Buckets)-1]
	if got.Online != 1 || got.Looked != 3 || last.Accepted != 3 || last.Delivered != 2 || last.Read != 1 || len(got.Classes) != 1 || got.Classes[0].Class != string(rbm.ClassificationRichMessage) {
		t.Errorf("%+v", got)
	}
	if len(last.Classes) != 1 || last.Classes[0].Messages != 3 || got.OldestQueueTime.IsZero() {
		t.Errorf("%+v", got)
	}
	if v := last.Trend; v.Queued != 1 || v.Online != 1 || v.OldestSeconds <= 0 || v.WebhooksDelivered < 3 {
		t.Errorf("the trend is %+v", v)
	}
	admin[any](t, s, "GET", "statistics?hours=0", "", 400)
}
