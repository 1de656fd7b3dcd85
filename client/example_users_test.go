package client_test

import (
	"context"
	"errors"
	"fmt"
	"log"

	"github.com/openrbm/openrbm/client"
	"github.com/openrbm/openrbm/rbm"
)

// Find out which of many users can be reached.
func ExampleClient_BatchGetUsers() {
	c, err := client.New(client.Options{KeyFile: keyFile, AgentID: "demo_agent"})
	if err != nil {
		log.Fatal(err)
	}
	users, err := c.BatchGetUsers(context.Background(), []string{"+12223334444", "+33612345678"})
	if err != nil {
		log.Fatal(err)
	}
	for _, number := range users.ReachableUsers {
		fmt.Println(number)
	}
	// Output: +12223334444
}

// Invite a tester. The status becomes ACCEPTED when the user agrees on the phone.
func ExampleClient_CreateTester() {
	c, err := client.New(client.Options{KeyFile: keyFile, AgentID: "demo_agent"})
	if err != nil {
		log.Fatal(err)
	}
	tester, err := c.CreateTester(context.Background(), "+12223334444")
	if rbm.CodeOf(err) == rbm.CodeResourceExhausted {
		fmt.Println("enough for today: try again in", rbm.AsError(err).RetryAfter)
	}
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(tester.InviteStatus)
	// Output: PENDING
}

// Revoke a message that has not been delivered: the phone is off.
func ExampleClient_DeleteAgentMessage() {
	c, err := client.New(client.Options{KeyFile: keyFile, AgentID: "demo_agent"})
	if err != nil {
		log.Fatal(err)
	}
	ctx := context.Background()
	offer := &rbm.AgentMessage{ContentMessage: &rbm.AgentContentMessage{Text: "Only today"}}
	if _, err := c.CreateAgentMessage(ctx, "+12223334444", "offer-1", offer); err != nil {
		log.Fatal(err)
	}
	fmt.Println(c.DeleteAgentMessage(ctx, "+12223334444", "offer-1"))
	// Output: <nil>
}

// See all that is wrong with a message.
func ExampleClient_CreateAgentMessage_refused() {
	c, err := client.New(client.Options{KeyFile: keyFile, AgentID: "demo_agent"})
	if err != nil {
		log.Fatal(err)
	}
	m := &rbm.AgentMessage{ContentMessage: &rbm.AgentContentMessage{Text: "Hi", Suggestions: []rbm.Suggestion{
		{Reply: &rbm.SuggestedReply{Text: "This text is too long for a suggestion", PostbackData: "x"}},
	}}}
	_, err = c.CreateAgentMessage(context.Background(), "+12223334444", "", m)
	if refusal, ok := errors.AsType[*rbm.Error](err); ok {
		fmt.Println(refusal.Code)
		for _, v := range refusal.Violations {
			fmt.Println(v.Field)
		}
	}
	// Output:
	// INVALID_ARGUMENT
	// agent_message.content_message.suggestions[0].reply.text
}
