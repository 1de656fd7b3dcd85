package client_test

import (
	"context"
	"fmt"
	"log"

	bc "github.com/openrbm/openrbm/businesscommunications"
	"github.com/openrbm/openrbm/client"
)

// Make a brand with an agent, and have the agent verified. Only the partner's key may
// do all of that.
func ExampleManagement() {
	ready, err := client.ReadReadyFile(readyFile)
	if err != nil {
		log.Fatal(err)
	}
	admin, err := client.NewAdmin(client.AdminOptions{BaseURL: ready.APIURL, Token: ready.AdminToken})
	if err != nil {
		log.Fatal(err)
	}
	ctx := context.Background()
	key, err := admin.CreatePartnerKey(ctx)
	if err != nil {
		log.Fatal(err)
	}
	m, err := client.NewManagement(client.ManagementOptions{Key: key})
	if err != nil {
		log.Fatal(err)
	}

	brand, err := m.CreateBrand(ctx, "Growing Tree")
	if err != nil {
		log.Fatal(err)
	}
	agent, err := m.CreateAgent(ctx, brand.Name, &bc.Agent{
		DisplayName: "Parcels",
		RcsBusinessMessagingAgent: &bc.RcsBusinessMessagingAgent{
			Description:     "Where your parcels are",
			LogoURI:         "https://shop.example/logo.png",
			HeroURI:         "https://shop.example/hero.png",
			Color:           "#1A6B3C",
			Emails:          []bc.EmailEntry{{Address: "help@shop.example", Label: "Help"}},
			Privacy:         &bc.WebEntry{URI: "https://shop.example/privacy"},
			TermsConditions: &bc.WebEntry{URI: "https://shop.example/terms"},
			HostingRegion:   bc.HostingEurope,
		},
	})
	if err != nil {
		log.Fatal(err)
	}
	v, err := m.RequestVerification(ctx, agent.Name, &bc.AgentVerificationContact{PartnerName: "Growing Tree"})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(v.VerificationState)
	// On a server of one's own, the partner decides too.
	v, err = m.UpdateVerification(ctx, agent.Name, &bc.AgentVerification{VerificationState: bc.Verified}, "verificationState")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(v.VerificationState)
	// Output:
	// VERIFICATION_STATE_PENDING
	// VERIFICATION_STATE_VERIFIED
}
