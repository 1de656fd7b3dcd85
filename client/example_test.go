package client_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"net/http"

	"github.com/openrbm/openrbm/client"
	"github.com/openrbm/openrbm/rbm"
)

// Send a text with two suggested replies.
func ExampleClient_CreateAgentMessage() {
	c, err := client.New(client.Options{KeyFile: "demo_agent-key.json", AgentID: "demo_agent"})
	if err != nil {
		log.Fatal(err)
	}
	sent, err := c.CreateAgentMessage(context.Background(), "+12223334444", client.NewMessageID(), &rbm.AgentMessage{
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
}

// Answer every text with the same words.
func ExampleWebhook() {
	c, err := client.New(client.Options{KeyFile: "demo_agent-key.json", AgentID: "demo_agent"})
	if err != nil {
		log.Fatal(err)
	}
	http.Handle("/rbm", &client.Webhook{
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
	log.Fatal(http.ListenAndServe("127.0.0.1:8181", nil))
}

// Make an agent with a key, on a server that was started with --ready-file.
func ExampleAdmin() {
	ready, err := client.ReadReadyFile("ready.json")
	if err != nil {
		log.Fatal(err)
	}
	admin, err := client.NewAdmin(client.AdminOptions{BaseURL: ready.APIURL, Token: ready.AdminToken})
	if err != nil {
		log.Fatal(err)
	}
	ctx := context.Background()
	if _, err := admin.CreateAgent(ctx, client.Agent{AgentID: "shop", DisplayName: "Shop"}); err != nil {
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
	fmt.Println(c.Capabilities(ctx, "+12223334444"))
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
