package client_test

import (
	"context"
	"fmt"
	"log"

	"github.com/openrbm/openrbm/client"
	"github.com/openrbm/openrbm/rbm"
)

// Find out which of many users can be reached.
func ExampleClient_BatchGetUsers() {
	c, err := client.New(client.Options{KeyFile: "demo_agent-key.json", AgentID: "demo_agent"})
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
}

// Invite a tester of an agent that is not launched. The status becomes ACCEPTED
// when the user agrees on the phone.
func ExampleClient_CreateTester() {
	c, err := client.New(client.Options{KeyFile: "my_agent-key.json", AgentID: "my_agent"})
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
}
