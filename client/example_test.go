package client_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"net/http/httptest"
	"slices"
	"time"

	"github.com/openrbm/openrbm/client"
	"github.com/openrbm/openrbm/phone"
	"github.com/openrbm/openrbm/rbm"
)

// Send a text with two suggested replies.
func ExampleClient_CreateAgentMessage() {
	c, err := client.New(client.Options{KeyFile: keyFile, AgentID: "demo_agent"})
	if err != nil {
		log.Fatal(err)
	}
	sent, err := c.CreateAgentMessage(context.Background(), "+12223334444", "parcel-4711", &rbm.AgentMessage{
		ContentMessage: &rbm.AgentContentMessage{
			Text: "Your parcel is ready. Shall we deliver it today?",
			Suggestions: []rbm.Suggestion{
				{Reply: &rbm.SuggestedReply{Text: "Today", PostbackData: "today"}},
				{Reply: &rbm.SuggestedReply{Text: "Tomorrow", PostbackData: "tomorrow"}},
			},
		},
		MessageTrafficType: rbm.TrafficTransaction,
	})
	if refusal, ok := errors.AsType[*rbm.Error](err); ok {
		for _, v := range refusal.Violations {
			fmt.Println(v.Field, v.Description)
		}
	}
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("accepted", sent.Name)
	// Output: accepted phones/+12223334444/agentMessages/parcel-4711
}

// Answer every text with the same words. The webhook is set, and a phone writes, so that
// there is something to answer.
func ExampleWebhook() {
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	c, err := client.New(client.Options{KeyFile: keyFile, AgentID: "demo_agent"})
	if err != nil {
		log.Fatal(err)
	}
	endpoint := httptest.NewServer(&client.Webhook{
		ClientToken: "the client token of this webhook",
		Handle: func(ctx context.Context, e client.Event) error {
			if e.UserMessage == nil || e.UserMessage.Text == "" {
				return nil
			}
			// The event's id makes the answer's: an event that comes twice is answered once.
			_, err := c.CreateAgentMessage(ctx, e.UserMessage.SenderPhoneNumber, "answer-"+e.ID, &rbm.AgentMessage{
				ContentMessage: &rbm.AgentContentMessage{Text: "You said: " + e.UserMessage.Text},
			})
			return err
		},
	})
	defer endpoint.Close()

	ready, err := client.ReadReadyFile(readyFile)
	if err != nil {
		log.Fatal(err)
	}
	admin, err := client.NewAdmin(client.AdminOptions{BaseURL: ready.APIURL, Token: ready.AdminToken})
	if err != nil {
		log.Fatal(err)
	}
	hook := client.WebhookConfig{URI: endpoint.URL, ClientToken: "the client token of this webhook"}
	if _, err := admin.SetWebhook(ctx, "demo_agent", hook); err != nil {
		log.Fatal(err)
	}
	defer admin.DeleteWebhook(ctx, "demo_agent")
	user, err := phone.Dial(ctx, phone.Options{URL: ready.DeviceURL, Number: "+12223334444", Token: ready.Phones[0].DeviceToken})
	if err != nil {
		log.Fatal(err)
	}
	defer user.Close()
	id, err := user.Text(ctx, "demo_agent", "Hi")
	if err != nil {
		log.Fatal(err)
	}
	answer, err := user.WaitMessage(ctx, func(m *phone.Message) bool { return m.MessageID == "answer-"+id })
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(answer.Content.ContentMessage.Text)
	// Output: You said: Hi
}

// Make an agent with a key, on a server that was started with --ready-file.
func ExampleAdmin() {
	ready, err := client.ReadReadyFile(readyFile)
	if err != nil {
		log.Fatal(err)
	}
	admin, err := client.NewAdmin(client.AdminOptions{BaseURL: ready.APIURL, Token: ready.AdminToken})
	if err != nil {
		log.Fatal(err)
	}
	ctx := context.Background()
	if _, err := admin.CreateAgent(ctx, client.Agent{AgentID: "shop", DisplayName: "Shop", Launched: true}); err != nil {
		log.Fatal(err)
	}
	key, err := admin.CreateKey(ctx, "shop")
	if err != nil {
		log.Fatal(err)
	}
	c, err := client.New(client.Options{BaseURL: ready.APIURL, Key: key, AgentID: "shop"})
	if err != nil {
		log.Fatal(err)
	}
	can, err := c.Capabilities(ctx, "+12223334444")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(slices.Contains(can.Features, rbm.FeatureRichCardCarousel))
	// Output: true
}

// Tell the kinds of events apart.
func ExampleParseEvent() {
	for _, data := range []string{
		`{"senderPhoneNumber":"+12223334444","messageId":"m1","text":"Hi","agentId":"demo_agent@rbm.goog"}`,
		`{"senderPhoneNumber":"+12223334444","eventId":"e1","eventType":"DELIVERED","messageId":"a1","agentId":"demo_agent@rbm.goog"}`,
		`{"phoneNumber":"+12223334444","eventId":"e2","eventType":"TTL_EXPIRATION_REVOKED","messageId":"a2","agentId":"demo_agent@rbm.goog"}`,
	} {
		e, err := client.ParseEvent([]byte(data))
		switch {
		case err != nil:
			fmt.Println(err)
		case e.UserMessage != nil:
			fmt.Println(e.ID, "text", e.UserMessage.Text)
		case e.UserEvent != nil:
			fmt.Println(e.ID, e.UserEvent.EventType, e.UserEvent.MessageID)
		case e.ServerEvent != nil:
			fmt.Println(e.ID, e.ServerEvent.EventType, e.ServerEvent.MessageID)
		}
	}
	// Output:
	// m1 text Hi
	// e1 DELIVERED a1
	// e2 TTL_EXPIRATION_REVOKED a2
}

// Sign what a webhook's data holds, and check it.
func ExampleVerifyWebhook() {
	data := []byte(`{"text":"Hi"}`)
	signature := client.SignWebhook("secret", data)
	fmt.Println(len(signature), client.VerifyWebhook("secret", data, signature), client.VerifyWebhook("other", data, signature))
	// Output: 88 true false
}
