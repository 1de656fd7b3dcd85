package e2e

import (
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/openrbm/openrbm/client"
	"github.com/openrbm/openrbm/phone"
	"github.com/openrbm/openrbm/rbm"
	"github.com/openrbm/openrbm/servertest"
)

// raw posts a body as a program without our client does, and returns the status
// and the answer.
func raw(t *testing.T, s *servertest.Server, path, body string, change ...func(*http.Request)) (int, string) {
	t.Helper()
	token, err := s.Client().AccessToken(s.Context())
	if err != nil {
		t.Fatal(err)
	}
	req, err := http.NewRequestWithContext(s.Context(), http.MethodPost, s.Ready.APIURL+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+token)
	for _, c := range change {
		c(req)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(answer)
}

// manyPhones makes n phones with US numbers, the first half of them with RCS.
func manyPhones(t *testing.T, s *servertest.Server, n int) []string {
	t.Helper()
	numbers := make([]string, n)
	var wg sync.WaitGroup
	room := make(chan struct{}, 64)
	for i := range numbers {
		numbers[i] = fmt.Sprintf("+1212%07d", i)
		wg.Go(func() {
			room <- struct{}{}
			defer func() { <-room }()
			if _, err := s.Admin.CreatePhone(t.Context(), client.Phone{
				PhoneNumber: numbers[i], RCSEnabled: i < n/2, Features: phone.DefaultFeatures(), Carrier: fmt.Sprint("carrier", i%2),
			}); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	return numbers
}

// Who can be reached, the sample, and the carriers of US numbers
// (facts/rbm-api.md §1.8).
func TestBatchGetUsers(t *testing.T) {
	s := servertest.New(t)
	c, unlaunched := s.Client(), s.NewAgent("unlaunched", false)
	const french, unknown = "+33612345678", "+12229990000"
	s.NewPhone(french)
	few, err := c.BatchGetUsers(s.Context(), []string{french, unknown, s.Number(), french})
	if err != nil || !slices.Equal(few.ReachableUsers, []string{french, s.Number()}) || few.TotalRandomSampleUserCount != 0 || few.ReachableRandomSampleUserCount != 0 {
		t.Fatalf("%+v, %v", few, err)
	}
	if m := few.ReachableUsersMap; len(m) != 1 || !slices.Equal(m["Demo Mobile"].ReachableUsers, []string{s.Number()}) {
		t.Errorf("map %v", m)
	}
	numbers := manyPhones(t, s, 600)
	all, err := c.BatchGetUsers(s.Context(), append(numbers, numbers...)) // repeats count once
	if err != nil || len(all.ReachableUsers) != 300 || all.TotalRandomSampleUserCount != 450 {
		t.Fatalf("%+v, %v", all, err)
	}
	if n := all.ReachableRandomSampleUserCount; n < 150 || n > 300 { // at least 450 of 600 less the 300 without RCS
		t.Errorf("%d of the sample have RCS", n)
	}
	if m := all.ReachableUsersMap; len(m["carrier0"].ReachableUsers) != 150 || len(m["carrier1"].ReachableUsers) != 150 {
		t.Errorf("%d carriers", len(m))
	}
	// An agent that is not launched reaches its testers; the sample does not care.
	if _, err := s.Admin.CreateTester(s.Context(), "unlaunched", numbers[1]); err != nil {
		t.Fatal(err)
	}
	own, err := unlaunched.BatchGetUsers(s.Context(), numbers)
	if err != nil || !slices.Equal(own.ReachableUsers, numbers[1:2]) || own.ReachableRandomSampleUserCount < 150 {
		t.Errorf("unlaunched: %+v, %v", own, err)
	}
	// After 31 days without a connection nobody is reachable.
	if _, err := s.Admin.AdvanceClock(s.Context(), 31*24*time.Hour+time.Hour); err != nil {
		t.Fatal(err)
	}
	late, err := s.Client().BatchGetUsers(s.Context(), numbers)
	if err != nil || len(late.ReachableUsers) != 0 || late.TotalRandomSampleUserCount != 450 || late.ReachableRandomSampleUserCount != 0 {
		t.Errorf("late: %+v, %v", late, err)
	}
}

// The bounds of a batch, and that a full one is quick.
func TestBatchGetUsersBounds(t *testing.T) {
	s := servertest.New(t)
	numbers := make([]string, rbm.MaxBatchUsers+1)
	for i := range numbers {
		numbers[i] = fmt.Sprintf("+4479%07d", i)
	}
	_, err := s.Client().BatchGetUsers(s.Context(), numbers)
	wantCode(t, err, rbm.CodeInvalidArgument)
	begin := time.Now()
	full, err := s.Client().BatchGetUsers(s.Context(), numbers[1:])
	if took := time.Since(begin); err != nil || full.TotalRandomSampleUserCount != 7500 || took > 5*time.Second {
		t.Errorf("%+v, %v after %v", full, err, took)
	} else {
		t.Logf("10,000 numbers took %v", took)
	}
	_, err = s.Client().BatchGetUsers(s.Context(), nil)
	wantCode(t, err, rbm.CodeInvalidArgument)
	_, err = s.Client().BatchGetUsers(s.Context(), []string{s.Number(), "12223334444", "+1222"})
	wantCode(t, err, rbm.CodeInvalidArgument)
	if v := rbm.AsError(err).Violations; len(v) != 2 || v[0].Field != "users[1]" || v[1].Field != "users[2]" {
		t.Errorf("violations %+v", v)
	}
}

// The agent is named in the body or in the query, in either spelling; both must
// agree (facts/rbm-api.md §1.8).
func TestBatchGetUsersAgent(t *testing.T) {
	s := servertest.New(t)
	for path, want := range map[string]int{
		"/v1/users:batchGet": 200, "/v1/users:batchGet?agentId=demo_agent@rbm.goog": 200, "/v1/users:batchGet?agentId=other": 400,
	} {
		if status, answer := raw(t, s, path, `{'users': ['+12223334444'], 'agentId': 'demo_agent',}`); status != want || want == 200 && !strings.Contains(answer, s.Number()) {
			t.Errorf("%s: %d %s", path, status, answer)
		}
	}
	if status, answer := raw(t, s, "/v1/users:batchGet", `{"users":["+12223334444"],"agentId":"other"}`); status != 403 {
		t.Errorf("somebody else's agent: %d %s", status, answer)
	}
}

// A regional endpoint takes the numbers of its region only, the global one all
// (facts/rbm-api.md §1.8, §5.4).
func TestBatchGetUsersRegions(t *testing.T) {
	s := servertest.New(t, servertest.Options{Settings: `region_header = "X-Region"`})
	host := func(prefix string) func(*http.Request) {
		return func(r *http.Request) { r.Host = prefix + r.URL.Host }
	}
	header := func(region string) func(*http.Request) {
		return func(r *http.Request) { r.Header.Set("X-Region", region) }
	}
	const us, european, asian = "+12223334444", "+33612345678", "+919812345678"
	for _, tc := range []struct {
		at     func(*http.Request)
		number string
		want   int
	}{
		{host("us-"), us, 200}, {host("us-"), european, 400}, {host("europe-"), european, 200}, {host("europe-"), asian, 400},
		{host("asia-"), asian, 200}, {host("asia-"), us, 400}, {host("mars-"), asian, 200}, {host(""), asian, 200},
		{header("us"), us, 200}, {header("EUROPE"), us, 400}, {header("asia"), "+971501234567", 400}, {header(""), asian, 200},
	} {
		if status, answer := raw(t, s, "/v1/users:batchGet", `{"users":["`+tc.number+`"]}`, tc.at); status != tc.want {
			t.Errorf("%s: %d, want %d: %s", tc.number, status, tc.want, answer)
		}
	}
	status, answer := raw(t, s, "/v1/users:batchGet", `{"users":["`+us+`","`+european+`"]}`, host("us-"))
	if status != 400 || !strings.Contains(answer, "users[1]") || strings.Contains(answer, "users[0]") {
		t.Errorf("mixed: %d %s", status, answer)
	}
}

// The withdrawn asynchronous question is answered on the webhook, once a
// requestId, also for phones that cannot be reached (facts/rbm-api.md §1.5).
func TestCapabilityCallback(t *testing.T) {
	s := servertest.New(t)
	c, hook := s.Client(), s.Webhook(s.Agent())
	const nobody = "+12229990000"
	for id, number := range map[string]string{"r1": s.Number(), "r2": nobody} {
		for range 2 {
			if err := c.RequestCapabilityCallback(s.Context(), number, id); err != nil {
				t.Fatal(err)
			}
		}
	}
	answer := func(id string) *rbm.CapabilityCallbackResponse {
		return hook.Wait(func(e client.Event) bool { return e.Capabilities != nil && e.ID == id }).Capabilities
	}
	if r := answer("r1"); !r.RbmEnabled || r.PhoneNumber != s.Number() || len(r.Features) == 0 || r.Status != nil {
		t.Errorf("a phone: %+v", r)
	}
	if r := answer("r2"); r.RbmEnabled || r.PhoneNumber != nobody || r.Status == nil || r.Status.Code != int32(rbm.CodeNotFound) {
		t.Errorf("no phone: %+v", r)
	}
	if err := c.RequestCapabilityCallback(s.Context(), s.Number(), "r3"); err != nil {
		t.Fatal(err)
	}
	answer("r3")
	if n := len(hook.Events()); n != 3 {
		t.Errorf("%d events, want 3", n)
	}
	path := "/v1/phones/" + s.Number() + "/capability:requestCapabilityCallback"
	for body, want := range map[string]int{`{"requestId":"r1","agentId":"demo_agent"}`: 200, `{}`: 400, `{"requestId":"a b"}`: 400, `{"requestId":"r","agentId":"x"}`: 403} {
		if status, answer := raw(t, s, path, body); status != want {
			t.Errorf("%s: %d %s", body, status, answer)
		}
	}
}

// getCapabilities answers also without a requestId, and with one again
// (facts/rbm-api.md §1.4).
func TestCapabilitiesRequestID(t *testing.T) {
	s := servertest.New(t)
	get := func(r *http.Request) { r.Method = http.MethodGet }
	for _, query := range []string{"", "?requestId=1234", "?requestId=1234"} {
		if status, answer := raw(t, s, "/v1/phones/"+s.Number()+"/capabilities"+query, "", get); status != 200 || !strings.Contains(answer, "RICHCARD_STANDALONE") {
			t.Errorf("%q: %d %s", query, status, answer)
		}
	}
}

// Without a Dialogflow integration there is nothing to start (facts/rbm-api.md §1.6).
func TestDialogflowMessages(t *testing.T) {
	s := servertest.New(t)
	_, err := s.Client().CreateDialogflowMessage(s.Context(), s.Number(), "prefix", &rbm.DialogflowEvent{EventName: "RBM_WELCOME_EVENT", Parameters: map[string]any{"a": 1.0}})
	wantCode(t, err, rbm.CodePermissionDenied)
	path := "/v1/phones/" + s.Number() + "/dialogflowMessages"
	if status, answer := raw(t, s, path, `{"event":"x"}`); status != 400 || !strings.Contains(answer, "Unknown name") {
		t.Errorf("%d %s", status, answer)
	}
	if status, answer := raw(t, s, path+"?messageIdPrefix=a/b", `{"eventName":"x"}`); status != 400 {
		t.Errorf("%d %s", status, answer)
	}
}
