package httpapi

// messagingRoutes is the messaging API (facts/rbm-api.md §1).
var messagingRoutes = []route{
	{"POST", "/v1/phones/{phone}/agentMessages", messaging, "CreateAgentMessage", []string{"messageId", "agentId"}, (*API).createAgentMessage},
	{"DELETE", "/v1/phones/{phone}/agentMessages/{id}", messaging, "DeleteAgentMessage", []string{"agentId"}, (*API).deleteAgentMessage},
	{"POST", "/v1/phones/{phone}/agentEvents", messaging, "CreateAgentEvent", []string{"eventId", "agentId"}, (*API).createAgentEvent},
	{"GET", "/v1/phones/{phone}/capabilities", messaging, "GetCapabilities", []string{"requestId", "agentId"}, (*API).getCapabilities},
}

// managementRoutes is the Business Communications API (facts/rbm-api.md §8).
var managementRoutes = []route{}

// tokenRoutes are the token endpoints that the official clients use
// (facts/rbm-api.md §5.2).
var tokenRoutes = []route{
	{"POST", "/token", open, "", nil, (*API).token},
	{"POST", "/oauth2/v4/token", open, "", nil, (*API).token},
}

// adminRoutes is the admin API. The CLI and the console use nothing else.
var adminRoutes = []route{
	{"GET", "/admin/v1/status", admin, "", nil, (*API).status},
	{"GET", "/admin/v1/clock", admin, "", nil, (*API).getClock},
	{"POST", "/admin/v1/clock:advance", admin, "", nil, (*API).advanceClock},

	{"GET", "/admin/v1/agents", admin, "", nil, (*API).listAgents},
	{"POST", "/admin/v1/agents", admin, "", nil, (*API).createAgent},
	{"GET", "/admin/v1/agents/{agent}", admin, "", nil, (*API).getAgent},
	{"PATCH", "/admin/v1/agents/{agent}", admin, "", nil, (*API).patchAgent},
	{"DELETE", "/admin/v1/agents/{agent}", admin, "", nil, (*API).deleteAgent},
	{"POST", "/admin/v1/agents/{agent}:launch", admin, "", nil, (*API).launchAgent},
	{"POST", "/admin/v1/agents/{agent}:unlaunch", admin, "", nil, (*API).unlaunchAgent},

	{"GET", "/admin/v1/agents/{agent}/webhook", admin, "", nil, (*API).getWebhook},
	{"PUT", "/admin/v1/agents/{agent}/webhook", admin, "", nil, (*API).putWebhook},
	{"DELETE", "/admin/v1/agents/{agent}/webhook", admin, "", nil, (*API).deleteWebhook},
	{"POST", "/admin/v1/agents/{agent}/webhook:retry", admin, "", nil, (*API).retryWebhook},

	{"GET", "/admin/v1/agents/{agent}/keys", admin, "", nil, (*API).listKeys},
	{"POST", "/admin/v1/agents/{agent}/keys", admin, "", nil, (*API).createKey},
	{"DELETE", "/admin/v1/agents/{agent}/keys/{key}", admin, "", nil, (*API).deleteKey},

	{"GET", "/admin/v1/agents/{agent}/testers", admin, "", nil, (*API).listTesters},
	{"POST", "/admin/v1/agents/{agent}/testers", admin, "", nil, (*API).createTester},
	{"DELETE", "/admin/v1/agents/{agent}/testers/{phone}", admin, "", nil, (*API).deleteTester},

	{"GET", "/admin/v1/agents/{agent}/messages/{id}", admin, "", nil, (*API).getMessage},

	{"GET", "/admin/v1/phones", admin, "", []string{"pageSize", "pageToken"}, (*API).listPhones},
	{"POST", "/admin/v1/phones", admin, "", nil, (*API).createPhone},
	{"GET", "/admin/v1/phones/{phone}", admin, "", nil, (*API).getPhone},
	{"PATCH", "/admin/v1/phones/{phone}", admin, "", nil, (*API).patchPhone},
	{"DELETE", "/admin/v1/phones/{phone}", admin, "", nil, (*API).deletePhone},
	{"POST", "/admin/v1/phones/{phone}:issueToken", admin, "", nil, (*API).issueToken},
}
