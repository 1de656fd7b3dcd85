// Package apidoc writes descriptions of an API from the table of its methods: a
// Google discovery document, from which Google's client libraries make a client
// (facts/rbm-api.md §1.0, §7.1), and OpenAPI 3.1.
package apidoc

import "github.com/openrbm/openrbm/rbm"

// object is a JSON object; its names are written in alphabetical order.
type object = map[string]any

// Method is one method of an API.
type Method struct {
	// ID is Google's name of the method, such as phones.agentMessages.create.
	ID string
	// HTTP is its verb.
	HTTP string
	// Path is its path in Google's notation, such as
	// /v1/{parent=phones/*}/agentMessages; {name} alone is one segment.
	Path string
	// Query are its query parameters, beside the system parameters.
	Query []string
	// Request and Response are the types of its bodies; nil is none, or {}.
	Request, Response *Type
	// Form says that the request is a form and not JSON.
	Form bool
	// Media says that the request is the bytes of a file.
	Media bool
	// MediaPath is where the same method takes the bytes of a file, or "".
	MediaPath string
	// Extra are answers without a body, by their status. With them, no Response
	// means that there is no other good answer.
	Extra map[string]string
	// About is what it does, in a sentence.
	About string
}

// queryTypes are the types of the query parameters that are not strings.
var queryTypes = map[string]*Type{
	"pageSize":          {Kind: Int32},
	"force":             {Kind: Bool},
	"allowMissing":      {Kind: Bool},
	"includeLaunchData": {Kind: Bool},
	"updateMask":        {Kind: FieldMask},
}

func queryType(name string) *Type {
	if t, ok := queryTypes[name]; ok {
		return t
	}
	return &Type{Kind: String}
}

// system are the parameters that every method has (facts/rbm-api.md §7.1).
var system = []struct {
	name, about, value string
	values             []string
	kind               Kind
}{
	{name: "$.xgafv", about: "Format of errors: with 1 they have the list of the old format too.", values: []string{"1", "2"}},
	{name: "access_token", about: "OAuth access token."},
	{name: "alt", about: "Format of the answer.", value: "json", values: []string{"json"}},
	{name: "callback", about: "JSONP, of GET only: the function that is to be called with the answer."},
	{name: "fields", about: "The fields of the answer that are wanted, such as name,contentMessage(text)."},
	{name: "key", about: "API key; not used."},
	{name: "oauth_token", about: "OAuth 2.0 token for the current user."},
	{name: "prettyPrint", about: "Whether the answer is indented.", value: "true", kind: Bool},
	{name: "quotaUser", about: "Not used."},
	{name: "uploadType", about: "Protocol of an upload: media, multipart or resumable."},
	{name: "upload_protocol", about: "Protocol of an upload: raw, multipart or resumable."},
}

// Write is a description as compact JSON.
func Write(description any) ([]byte, error) { return rbm.Marshal(description) }
