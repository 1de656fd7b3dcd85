package httpapi

import (
	"github.com/go-json-experiment/json/jsontext"

	"github.com/openrbm/openrbm/internal/auth"
	"github.com/openrbm/openrbm/rbm"
)

// keyJSON is a service-account key as the admin API shows it.
type keyJSON struct {
	KeyID       string        `json:"keyId"`
	ClientEmail string        `json:"clientEmail"`
	CreateTime  rbm.Timestamp `json:"createTime"`
}

func (a *API) listKeys(c *call) (any, error) {
	agent, err := a.Registry.Agent(c.params[0])
	if err != nil {
		return nil, err
	}
	return a.keysOf(c, auth.AgentEmail(agent.ID))
}

// keysOf lists the keys of an account, which need not exist.
func (a *API) keysOf(c *call, email string) (any, error) {
	keys, err := a.Auth.ListKeys(c.r.Context(), email)
	if err != nil && rbm.CodeOf(err) != rbm.CodeNotFound {
		return nil, err
	}
	list := struct {
		Keys []keyJSON `json:"keys"`
	}{Keys: []keyJSON{}}
	for _, k := range keys {
		list.Keys = append(list.Keys, keyJSON{k.ID, email, rbm.Timestamp(k.CreateTime)})
	}
	return list, nil
}

// createKey answers with the key file itself: the private key is stored nowhere.
func (a *API) createKey(c *call) (any, error) {
	agent, err := a.Registry.Agent(c.params[0])
	if err != nil {
		return nil, err
	}
	if _, err := decode[struct{}](c); err != nil {
		return nil, err
	}
	account, err := a.Auth.EnsureAccount(c.r.Context(), agent.ID)
	if err != nil {
		return nil, err
	}
	file, _, err := a.Auth.CreateKey(c.r.Context(), account.Email, a.BaseURL+"/token")
	return jsontext.Value(file), err
}

func (a *API) deleteKey(c *call) (any, error) {
	agent, err := a.Registry.Agent(c.params[0])
	if err != nil {
		return nil, err
	}
	return nil, a.Auth.DeleteKey(c.r.Context(), auth.AgentEmail(agent.ID), c.params[1])
}
