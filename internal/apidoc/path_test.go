package apidoc

import "testing"

func TestPaths(t *testing.T) {
	for _, c := range []struct{ path, anonymous, pattern, flat string }{
		{"/v1/{parent=phones/*}/agentMessages", "/v1/phones/{}/agentMessages", "^phones/[^/]+$", "/v1/phones/{phonesId}/agentMessages"},
		{"/v1/{name=phones/*/agentMessages/*}", "/v1/phones/{}/agentMessages/{}", "^phones/[^/]+/agentMessages/[^/]+$", "/v1/phones/{phonesId}/agentMessages/{agentMessagesId}"},
		{"/v1/{name=brands/*/agents/*/launch}", "/v1/brands/{}/agents/{}/launch", "^brands/[^/]+/agents/[^/]+/launch$", "/v1/brands/{brandsId}/agents/{agentsId}/launch"},
		{"/v1/{name=brands/*}:do", "/v1/brands/{}:do", "^brands/[^/]+$", "/v1/brands/{brandsId}:do"},
		{"/admin/v1/phones/{phone}:issueToken", "/admin/v1/phones/{}:issueToken", "^[^/]+$", "/admin/v1/phones/{phone}:issueToken"},
	} {
		if got := Anonymous(c.path); got != c.anonymous {
			t.Errorf("%s: anonymous is %s, want %s", c.path, got, c.anonymous)
		}
		if got := variablesOf(c.path)[0].regexp(); got != c.pattern {
			t.Errorf("%s: the pattern is %s, want %s", c.path, got, c.pattern)
		}
		if got := openPath(c.path); got != c.flat {
			t.Errorf("%s: in OpenAPI it is %s, want %s", c.path, got, c.flat)
		}
	}
}

// A type whose JSON form is unknown stops the program when it starts, not a reader
// of the document.
func TestTypesWithoutJSONForm(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("a channel has no JSON form, and got one")
		}
	}()
	Of[struct {
		C chan int `json:"c"`
	}]()
}
