package httpapi

import (
	"github.com/openrbm/openrbm/internal/apidoc"
	"github.com/openrbm/openrbm/rbm"
)

// messagingMethods describes the methods of the messaging API with Google's
// names (facts/rbm-api.md §1.0). A row without a route is not shown.
var messagingMethods = []apidoc.Method{
	{ID: "phones.agentMessages.create", HTTP: "POST", Path: "/v1/{parent=phones/*}/agentMessages",
		Request: apidoc.Message[rbm.AgentMessage](), Response: apidoc.Message[rbm.AgentMessage](),
		About: "Sends a message to a user. With an id that was used before nothing is sent."},
	{ID: "phones.agentMessages.delete", HTTP: "DELETE", Path: "/v1/{name=phones/*/agentMessages/*}",
		About: "Revokes a message that has not been delivered."},
	{ID: "phones.agentEvents.create", HTTP: "POST", Path: "/v1/{parent=phones/*}/agentEvents",
		Request: apidoc.Message[rbm.AgentEvent](), Response: apidoc.Message[rbm.AgentEvent](),
		About: "Shows a user that the agent is typing or has read a message."},
	{ID: "phones.getCapabilities", HTTP: "GET", Path: "/v1/{name=phones/*}/capabilities",
		Response: apidoc.Message[rbm.Capabilities](),
		About:    "Says what a user's phone can do; NOT_FOUND if the agent cannot reach it."},
	{ID: "phones.capability.requestCapabilityCallback", HTTP: "POST", Path: "/v1/{name=phones/*}/capability:requestCapabilityCallback",
		Request: apidoc.Message[rbm.CapabilityCallbackRequest](),
		About:   "Asks for the capabilities of a phone on the webhook. Withdrawn: use getCapabilities."},
	{ID: "phones.dialogflowMessages.create", HTTP: "POST", Path: "/v1/{parent=phones/*}/dialogflowMessages",
		Request: apidoc.Message[rbm.DialogflowEvent](), Response: apidoc.Message[rbm.DialogflowEvent](),
		About: "Starts an intent of the agent's Dialogflow project."},
	{ID: "phones.testers.create", HTTP: "POST", Path: "/v1/{parent=phones/*}/testers",
		Request: apidoc.Message[rbm.Tester](), Response: apidoc.Message[rbm.Tester](),
		About: "Invites a user to test an agent that is not launched."},
	{ID: "users.batchGet", HTTP: "POST", Path: "/v1/users:batchGet",
		Request: apidoc.Message[rbm.BatchGetUsersRequest](), Response: apidoc.Message[rbm.BatchGetUsersResponse](),
		About: "Says which of many users the agent can reach."},
	{ID: "files.create", HTTP: "POST", Path: "/v1/files",
		Request: apidoc.Message[rbm.CreateFileRequest](), Response: apidoc.Message[rbm.File](),
		About: "Uploads a file for rich cards and file messages, by URL or, at the upload path, as bytes."},
	{ID: "media.upload", HTTP: "POST", Path: uploadPath, Media: true,
		Response: apidoc.Message[rbm.File](),
		About:    "Uploads the bytes of a file, at once or, with uploadType=resumable, in pieces."},
}

// tokenMethods describes the token endpoints.
var tokenMethods = []apidoc.Method{
	{ID: "exchange", HTTP: "POST", Path: "/token", Form: true, Request: tokenRequest, Response: tokenAnswer,
		About: "Gives an access token for an assertion signed with a service account's key."},
	{ID: "exchangeV4", HTTP: "POST", Path: "/oauth2/v4/token", Form: true, Request: tokenRequest, Response: tokenAnswer,
		About: "The same, at the address that some clients cannot change."},
}

var (
	tokenRequest = apidoc.Of[struct {
		GrantType string `json:"grant_type"`
		Assertion string `json:"assertion"`
	}]()
	tokenAnswer = apidoc.Of[struct {
		AccessToken string `json:"access_token"`
		ExpiresIn   int    `json:"expires_in"`
		TokenType   string `json:"token_type"`
	}]()
)

// fileMethods describes the rest of uploads.
var fileMethods = []apidoc.Method{
	{ID: "continue", HTTP: "PUT", Path: uploadPath, Query: []string{"upload_id"}, Media: true, Response: apidoc.Message[rbm.File](),
		Extra: map[string]string{"308": "The upload is not complete: the header Range says how far it is."},
		About: "Takes a piece of an upload, or says how far it is."},
	{ID: "cancel", HTTP: "DELETE", Path: uploadPath, Query: []string{"upload_id"}, Extra: map[string]string{"499": "The upload is cancelled."}, About: "Ends an upload."},
	{ID: "command", HTTP: "POST", Path: uploadPath + "/{upload}", Media: true, Response: apidoc.Message[rbm.File](),
		About: "Does what the header X-Goog-Upload-Command says; the answer has no body before the upload is complete."},
	{ID: "commandPut", HTTP: "PUT", Path: uploadPath + "/{upload}", Media: true, Response: apidoc.Message[rbm.File](), About: "The same."},
	{ID: "userFile", HTTP: "POST", Path: "/device/v1/files", Query: []string{"phoneNumber", "fileName"}, Media: true, Response: apidoc.Message[rbm.UserFile](),
		About: "Takes a file from a phone, whose device token is the bearer token."},
}
