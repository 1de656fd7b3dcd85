package cluster_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/openrbm/openrbm/client"
	"github.com/openrbm/openrbm/phone"
	"github.com/openrbm/openrbm/rbm"
	"github.com/openrbm/openrbm/servertest"
)

func text(s string) *rbm.AgentMessage {
	return &rbm.AgentMessage{ContentMessage: &rbm.AgentContentMessage{Text: s}}
}

func (c *cluster) send(i int, id string) {
	c.t.Helper()
	if _, err := c.agent(i).CreateAgentMessage(c.Context(), c.Number(), id, text(id)); err != nil {
		c.t.Fatal(err)
	}
}

func (c *cluster) wants(p *phone.Phone, id string) {
	c.t.Helper()
	if _, err := p.WaitMessage(c.Context(), func(m *phone.Message) bool { return m.MessageID == id }); err != nil {
		c.t.Fatalf("%s does not arrive: %v", id, err)
	}
}

// A message that comes in at any node arrives at a phone on any other, in the
// order of the answers though a clock is five seconds ahead; the webhook hears of each once; and nobody waits for a sweep.
func TestAnyNodeToAnyNode(t *testing.T) {
	c := start(t, 3)
	if _, err := c.admin(1).AdvanceClock(c.Context(), 5*time.Second); err != nil {
		t.Fatal(err)
	}
	hook := c.Webhook(c.Agent())
	agents := []*client.Client{c.agent(0), c.agent(1), c.agent(2)}
	var sent []string
	for node := range 3 {
		p := c.connect(node)
		for i := range 9 {
			id := fmt.Sprintf("m%d-%d", node, i)
			if _, err := agents[i%3].CreateAgentMessage(c.Context(), c.Number(), id, text(id)); err != nil {
				t.Fatal(err)
			}
			sent = append(sent, id)
		}
		c.wants(p, sent[len(sent)-1])
		if n := len(p.Messages()); n != 9 {
			t.Fatalf("at node %d there are %d messages, want 9", node, n)
		}
		for i, m := range p.Messages() {
			if want := sent[len(sent)-9+i]; m.MessageID != want {
				t.Fatalf("at node %d message %d is %s, want %s", node, i, m.MessageID, want)
			}
		}
		for _, id := range sent {
			hook.Wait(servertest.Delivered(id))
		}
		p.Close()
	}
	heard := map[string]int{}
	for _, e := range hook.Events() {
		heard[e.UserEvent.MessageID]++
	}
	for _, id := range sent {
		if heard[id] != 1 {
			t.Errorf("of %s the webhook heard %d times", id, heard[id])
		}
	}
}

// A revocation through one node asks the phone at another.
func TestRevokeAcrossNodes(t *testing.T) {
	c := start(t, 2)
	p := c.connect(1, func(o *phone.Options) { o.NoAck = true })
	c.send(0, "shown")
	c.wants(p, "shown")
	c.online(1, 1)
	if err := c.agent(0).DeleteAgentMessage(c.Context(), c.Number(), "shown"); err != nil {
		t.Fatal(err)
	}
	if revoked := func(phone.Event) bool { return !shows(p, "shown") }; !revoked(nil) {
		if _, err := p.Wait(c.Context(), revoked); err != nil {
			t.Errorf("the phone shows what was revoked: %v", err)
		}
	}
	p.Close()
	q := c.connect(1)
	c.send(0, "delivered")
	c.wants(q, "delivered")
	c.Webhook(c.Agent()).Wait(servertest.Delivered("delivered"))
	if err := c.agent(0).DeleteAgentMessage(c.Context(), c.Number(), "delivered"); rbm.CodeOf(err) != rbm.CodeNotFound {
		t.Errorf("revoking what was delivered: %v", err)
	}
}

func shows(p *phone.Phone, id string) bool {
	return slices.ContainsFunc(p.Messages(), func(m *phone.Message) bool { return m.MessageID == id })
}

// online waits until node i says that n phones are connected to it.
func (c *cluster) online(i, n int) {
	c.t.Helper()
	for {
		s, err := c.admin(0).Status(c.Context())
		if err != nil {
			c.t.Fatal(err)
		}
		for _, node := range s.Nodes {
			if node.Node == fmt.Sprint("n", i) && node.Phones == n {
				return
			}
		}
	}
}

// A message expires at its time whichever node its phone is at, and also if it is at
// none.
func TestExpiryAcrossNodes(t *testing.T) {
	c := start(t, 2)
	hook := c.Webhook(c.Agent())
	for i := range 2 {
		id := fmt.Sprint("queued", i)
		m := text(id)
		ttl := rbm.Duration(time.Second)
		m.TTL = &ttl
		if _, err := c.agent(i).CreateAgentMessage(c.Context(), c.Number(), id, m); err != nil {
			t.Fatal(err)
		}
		hook.Wait(servertest.Expired(id))
	}
	for i := range 2 {
		p := c.connect(i, func(o *phone.Options) { o.NoAck = true })
		id := fmt.Sprint("sent", i)
		m := text(id)
		ttl := rbm.Duration(2 * time.Second)
		m.TTL = &ttl
		if _, err := c.agent(1-i).CreateAgentMessage(c.Context(), c.Number(), id, m); err != nil {
			t.Fatal(err)
		}
		c.wants(p, id)
		hook.Wait(servertest.Expired(id))
		p.Close()
	}
}

// A phone that connects to another node is let go by the first; a new device token
// ends its connection wherever it is.
func TestPhoneMoves(t *testing.T) {
	c := start(t, 2)
	p := c.connect(0)
	c.online(0, 1)
	q := c.connect(1)
	select {
	case <-p.Done():
	case <-c.Context().Done():
		t.Fatal("the first connection stays")
	}
	c.send(0, "m1")
	c.wants(q, "m1")
	if _, err := c.admin(0).IssueToken(c.Context(), c.Number()); err != nil {
		t.Fatal(err)
	}
	select {
	case <-q.Done():
	case <-c.Context().Done():
		t.Fatal("the connection outlives its token")
	}
}

// What one node was told, all know at once.
func TestChangesAreKnownEverywhere(t *testing.T) {
	c := start(t, 3)
	for i := range 12 {
		id := fmt.Sprint("agent", i)
		if _, err := c.admin(i%3).CreateAgent(c.Context(), client.Agent{AgentID: id, DisplayName: id}); err != nil {
			t.Fatal(err)
		}
		if a, err := c.admin((i+1)%3).Agent(c.Context(), id); err != nil || a.DisplayName != id {
			t.Fatalf("%s at the next node: %+v, %v", id, a, err)
		}
		if err := c.admin((i+2)%3).DeleteAgent(c.Context(), id); err != nil {
			t.Fatal(err)
		}
		if _, err := c.admin(i%3).Agent(c.Context(), id); err == nil {
			t.Fatalf("%s is still known", id)
		}
	}
}

// What an agent may call in a minute counts wherever it calls.
func TestLimitsCountEverywhere(t *testing.T) {
	c := start(t, 2)
	const most = 3
	if err := c.admin(0).SetAgentLimits(c.Context(), c.Agent(), map[string]*int{"GetCapabilities": new(most)}); err != nil {
		t.Fatal(err)
	}
	ask := func(node int) error {
		agent, err := client.New(client.Options{BaseURL: c.apiURL(node), KeyFile: c.Ready.Agents[0].KeyFile, AgentID: c.Agent(), MaxAttempts: 1})
		if err != nil {
			t.Fatal(err)
		}
		_, err = agent.Capabilities(c.Context(), c.Number())
		return err
	}
	for range most {
		if err := ask(0); err != nil {
			t.Fatal(err)
		}
	}
	for used := 0; used < most-1; { // one may have been forgotten
		quotas, err := c.admin(1).AgentQuotas(c.Context(), c.Agent())
		if err != nil {
			t.Fatal(err)
		}
		for _, q := range quotas {
			if q.Name == "GetCapabilities" {
				used = *q.Used
			}
		}
	}
	var err error
	for calls := 0; err == nil; calls++ {
		if err = ask(1); calls == most {
			t.Fatal("the second node has heard and does not count")
		}
	}
	if rbm.CodeOf(err) != rbm.CodeResourceExhausted {
		t.Error(err)
	}
}
