package client

import (
	"encoding/json"
	"fmt"
	"os"
)

// Ready is what a server writes into its ready file once it serves: where it is,
// and the secrets to use it with. The file is readable by its owner only.
type Ready struct {
	APIURL     string       `json:"apiUrl"`
	ConsoleURL string       `json:"consoleUrl,omitempty"`
	DeviceURL  string       `json:"deviceUrl,omitempty"`
	AdminToken string       `json:"adminToken"`
	Agents     []ReadyAgent `json:"agents,omitempty"`
	Phones     []ReadyPhone `json:"phones,omitempty"`
}

// ReadyAgent is an agent that the server made at its start.
type ReadyAgent struct {
	AgentID string `json:"agentId"`
	KeyFile string `json:"keyFile"`
}

// ReadyPhone is a phone that the server made at its start.
type ReadyPhone struct {
	PhoneNumber string `json:"phoneNumber"`
	DeviceToken string `json:"deviceToken"`
}

// ReadReadyFile reads a ready file.
func ReadReadyFile(name string) (*Ready, error) {
	b, err := os.ReadFile(name)
	if err != nil {
		return nil, fmt.Errorf("client: ready file: %w", err)
	}
	var r Ready
	if err := json.Unmarshal(b, &r); err != nil {
		return nil, fmt.Errorf("client: ready file %s: %w", name, err)
	}
	return &r, nil
}
