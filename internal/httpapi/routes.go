package httpapi

// Route is a row of the tables, for tests that must know them all.
type Route struct {
	Method, Path string
	Access       string // open, messaging, management or admin
}

// Routes are all rows of all tables, in their order.
func Routes() []Route {
	var all []Route
	for _, table := range [...][]route{messagingRoutes, fileRoutes, managementRoutes, tokenRoutes, adminRoutes, docRoutes} {
		for _, r := range table {
			all = append(all, Route{r.method, r.path, [...]string{open: "open", messaging: "messaging", management: "management", admin: "admin"}[r.access]})
		}
	}
	return all
}

// messagingRoutes is the messaging API (facts/rbm-api.md §1).
var messagingRoutes = []route{
	{"POST", "/v1/phones/{phone}/agentMessages", messaging, "CreateAgentMessage", []string{"messageId", "agentId"}, (*API).createAgentMessage},
	{"DELETE", "/v1/phones/{phone}/agentMessages/{id}", messaging, "DeleteAgentMessage", []string{"agentId"}, (*API).deleteAgentMessage},
	{"POST", "/v1/phones/{phone}/agentEvents", messaging, "CreateAgentEvent", []string{"eventId", "agentId"}, (*API).createAgentEvent},
	{"GET", "/v1/phones/{phone}/capabilities", messaging, "GetCapabilities", []string{"requestId", "agentId"}, (*API).getCapabilities},
	{"POST", "/v1/phones/{phone}/capability:requestCapabilityCallback", messaging, "RequestCapabilityCallback", []string{"agentId"}, (*API).requestCapabilityCallback},
	{"POST", "/v1/phones/{phone}/dialogflowMessages", messaging, "CreateDialogflowMessage", []string{"messageIdPrefix", "agentId"}, (*API).createDialogflowMessage},
	{"POST", "/v1/phones/{phone}/testers", messaging, "CreateTester", []string{"agentId"}, (*API).inviteTester},
	{"POST", "/v1/files", messaging, "CreateFile", []string{"agentId"}, (*API).createFile},
	{"POST", uploadPath, messaging, "CreateFile", []string{"agentId"}, (*API).uploadFile},
	{"POST", "/v1/users:batchGet", messaging, "BatchGetUsers", []string{"agentId"}, (*API).batchGetUsers},
}

// fileRoutes are the rest of uploads: an upload's address is its own credential
// (facts/rbm-api.md §7.4), a phone shows its device token.
var fileRoutes = []route{
	{"PUT", uploadPath, open, "", nil, (*API).continueUpload},
	{"DELETE", uploadPath, open, "", nil, (*API).cancelUpload},
	{"POST", uploadPath + "/{upload}", open, "", nil, (*API).commandUpload},
	{"PUT", uploadPath + "/{upload}", open, "", nil, (*API).commandUpload},
	{"POST", "/device/v1/files", open, "", nil, (*API).uploadUserFile},
}

// managementRoutes is the Business Communications API (facts/rbm-api.md §8).
var managementRoutes = []route{
	{"GET", "/v1/analytics/agentPerformances", management, "ListAgentPerformances", []string{"pageSize", "pageToken"}, (*API).listAgentPerformances},

	{"POST", "/v1/brands", management, "CreateBrand", nil, (*API).createBrand},
	{"GET", "/v1/brands", management, "ListBrands", []string{"pageSize", "pageToken"}, (*API).listBrands},
	{"GET", "/v1/brands/{brand}", management, "GetBrand", nil, (*API).getBrand},
	{"PATCH", "/v1/brands/{brand}", management, "UpdateBrand", []string{"updateMask"}, (*API).patchBrand},
	{"DELETE", "/v1/brands/{brand}", management, "DeleteBrand", []string{"force"}, (*API).deleteBrand},

	{"POST", "/v1/brands/{brand}/agents", management, "CreateAgent", nil, (*API).createManagedAgent},
	{"GET", "/v1/brands/{brand}/agents", management, "ListAgents", []string{"pageSize", "pageToken", "launchStateFilter", "includeLaunchData"}, (*API).listManagedAgents},
	{"GET", "/v1/brands/{brand}/agents/{agent}", management, "GetAgent", nil, (*API).getManagedAgent},
	{"PATCH", "/v1/brands/{brand}/agents/{agent}", management, "UpdateAgent", []string{"updateMask"}, (*API).patchManagedAgent},
	{"DELETE", "/v1/brands/{brand}/agents/{agent}", management, "DeleteAgent", nil, (*API).deleteManagedAgent},

	{"GET", "/v1/brands/{brand}/agents/{agent}/launch", management, "GetAgentLaunch", nil, (*API).getLaunch},
	{"PATCH", "/v1/brands/{brand}/agents/{agent}/launch", management, "UpdateAgentLaunch", []string{"updateMask", "actingParty"}, (*API).updateLaunch},
	{"POST", "/v1/brands/{brand}/agents/{agent}:requestLaunch", management, "RequestAgentLaunch", nil, (*API).requestLaunch},
	{"GET", "/v1/brands/{brand}/agents/{agent}/verification", management, "GetAgentVerification", nil, (*API).getVerification},
	{"PATCH", "/v1/brands/{brand}/agents/{agent}/verification", management, "UpdateAgentVerification", []string{"updateMask"}, (*API).updateVerification},
	{"POST", "/v1/brands/{brand}/agents/{agent}:requestVerification", management, "RequestAgentVerification", nil, (*API).requestVerification},

	{"POST", "/v1/brands/{brand}/agents/{agent}/integrations", management, "CreateIntegration", nil, (*API).createIntegration},
	{"GET", "/v1/brands/{brand}/agents/{agent}/integrations", management, "ListIntegrations", []string{"pageSize", "pageToken"}, (*API).listIntegrations},
	{"GET", "/v1/brands/{brand}/agents/{agent}/integrations/{integration}", management, "GetIntegration", nil, (*API).getIntegration},
	{"PATCH", "/v1/brands/{brand}/agents/{agent}/integrations/{integration}", management, "UpdateIntegration", []string{"updateMask"}, (*API).patchIntegration},
	{"DELETE", "/v1/brands/{brand}/agents/{agent}/integrations/{integration}", management, "DeleteIntegration", nil, (*API).deleteIntegration},

	{"GET", "/v1/partners/{partner}", management, "GetPartner", nil, (*API).getPartner},
	{"PATCH", "/v1/partners/{partner}", management, "UpdatePartner", []string{"updateMask"}, (*API).patchPartner},
	{"GET", "/v1/regions", management, "ListRegions", nil, (*API).listRegions},

	{"POST", "/v1/testers", management, "CreateTester", nil, (*API).createManagedTester},
	{"GET", "/v1/testers", management, "ListTesters", []string{"agentId"}, (*API).listManagedTesters},
	{"GET", "/v1/testers/{phone}", management, "GetTester", []string{"agentId"}, (*API).getManagedTester},
	{"DELETE", "/v1/testers/{phone}", management, "DeleteTester", []string{"agentId"}, (*API).deleteManagedTester},
}

// tokenRoutes are the token endpoints that the official clients use
// (facts/rbm-api.md §5.2).
var tokenRoutes = []route{
	{"POST", "/token", open, "", nil, (*API).token},
	{"POST", "/oauth2/v4/token", open, "", nil, (*API).token},
}

// adminRoutes is the admin API. The CLI and the console use nothing else.
var adminRoutes = []route{
	{"GET", "/admin/v1/status", admin, "", nil, (*API).status},
	{"GET", "/admin/v1/statistics", admin, "", []string{"hours"}, (*API).statistics},
	{"GET", "/admin/v1/clock", admin, "", nil, (*API).getClock},
	{"POST", "/admin/v1/clock:advance", admin, "", nil, (*API).advanceClock},
	{"POST", "/admin/v1/backup", admin, "", nil, (*API).backup},
	{"GET", "/admin/v1/auditLog", admin, "", []string{"pageSize", "pageToken", "who", "outcome", "resource", "phoneNumber", "startTime", "endTime"}, (*API).listAuditLog},
	{"GET", "/admin/v1/damagedRecords", admin, "", nil, (*API).listDamagedRecords},

	{"POST", "/admin/v1/tokenSecret:rotate", admin, "", nil, (*API).rotateTokenSecret},
	{"POST", "/admin/v1/adminToken:rotate", admin, "", nil, (*API).rotateAdminToken},

	{"GET", "/admin/v1/agents", admin, "", nil, (*API).listAgents},
	{"POST", "/admin/v1/agents", admin, "", nil, (*API).createAgent},
	{"GET", "/admin/v1/agents/{agent}", admin, "", nil, (*API).getAgent},
	{"PATCH", "/admin/v1/agents/{agent}", admin, "", nil, (*API).patchAgent},
	{"DELETE", "/admin/v1/agents/{agent}", admin, "", nil, (*API).deleteAgent},
	{"POST", "/admin/v1/agents/{agent}:launch", admin, "", nil, (*API).launchAgent},
	{"POST", "/admin/v1/agents/{agent}:unlaunch", admin, "", nil, (*API).unlaunchAgent},

	{"GET", "/admin/v1/agents/{agent}/quotas", admin, "", nil, (*API).getQuotas},
	{"PATCH", "/admin/v1/agents/{agent}/quotas", admin, "", nil, (*API).patchQuotas},

	{"GET", "/admin/v1/agents/{agent}/webhook", admin, "", nil, (*API).getWebhook},
	{"PUT", "/admin/v1/agents/{agent}/webhook", admin, "", nil, (*API).putWebhook},
	{"DELETE", "/admin/v1/agents/{agent}/webhook", admin, "", nil, (*API).deleteWebhook},
	{"POST", "/admin/v1/agents/{agent}/webhook:retry", admin, "", nil, (*API).retryWebhook},
	{"POST", "/admin/v1/agents/{agent}/webhook:pause", admin, "", nil, (*API).pauseWebhook},
	{"POST", "/admin/v1/agents/{agent}/webhook:resume", admin, "", nil, (*API).resumeWebhook},
	{"POST", "/admin/v1/agents/{agent}/webhook:replay", admin, "", nil, (*API).replayWebhook},
	{"GET", "/admin/v1/agents/{agent}/pendingNotices", admin, "", []string{"pageSize"}, (*API).listPendingNotices},
	{"GET", "/admin/v1/agents/{agent}/deadNotices", admin, "", []string{"pageSize"}, (*API).listDeadNotices},

	{"GET", "/admin/v1/agents/{agent}/keys", admin, "", nil, (*API).listKeys},
	{"POST", "/admin/v1/agents/{agent}/keys", admin, "", nil, (*API).createKey},
	{"DELETE", "/admin/v1/agents/{agent}/keys/{key}", admin, "", nil, (*API).deleteKey},

	{"POST", "/admin/v1/agents/{agent}:issueAccessToken", admin, "", nil, (*API).issueAccessToken},
	{"POST", "/admin/v1/partner:issueAccessToken", admin, "", nil, (*API).issuePartnerAccessToken},
	{"POST", "/admin/v1/agentMessages:check", admin, "", []string{"agentId", "phoneNumber"}, (*API).checkAgentMessage},
	{"POST", "/admin/v1/media:resolve", admin, "", nil, (*API).resolveMedia},

	{"GET", "/admin/v1/partnerKeys", admin, "", nil, (*API).listPartnerKeys},
	{"POST", "/admin/v1/partnerKeys", admin, "", nil, (*API).createPartnerKey},
	{"DELETE", "/admin/v1/partnerKeys/{key}", admin, "", nil, (*API).deletePartnerKey},
	{"GET", "/admin/v1/partner/webhook", admin, "", nil, (*API).getPartnerWebhook},
	{"PUT", "/admin/v1/partner/webhook", admin, "", nil, (*API).putPartnerWebhook},
	{"DELETE", "/admin/v1/partner/webhook", admin, "", nil, (*API).deletePartnerWebhook},

	{"GET", "/admin/v1/agents/{agent}/testers", admin, "", nil, (*API).listTesters},
	{"POST", "/admin/v1/agents/{agent}/testers", admin, "", nil, (*API).createTester},
	{"DELETE", "/admin/v1/agents/{agent}/testers/{phone}", admin, "", nil, (*API).deleteTester},

	{"GET", "/admin/v1/events", admin, "", []string{"agentId", "phoneNumber", "messageId", "kind", "failed", "pageSize", "pageToken"}, (*API).listEvents},
	{"GET", "/admin/v1/events/{event}", admin, "", nil, (*API).getEvent},
	{"POST", "/admin/v1/events/{event}:checkSignature", admin, "", nil, (*API).checkSignature},
	{"GET", "/admin/v1/messages", admin, "", []string{"q", "text", "agentId", "phoneNumber", "messageId", "state", "since", "until", "pageSize", "pageToken"}, (*API).listMessages},
	{"GET", "/admin/v1/agents/{agent}/messages/{id}", admin, "", nil, (*API).getMessage},

	{"GET", "/admin/v1/phones", admin, "", []string{"pageSize", "pageToken"}, (*API).listPhones},
	{"POST", "/admin/v1/phones", admin, "", nil, (*API).createPhone},
	{"GET", "/admin/v1/phones/{phone}", admin, "", nil, (*API).getPhone},
	{"PATCH", "/admin/v1/phones/{phone}", admin, "", nil, (*API).patchPhone},
	{"DELETE", "/admin/v1/phones/{phone}", admin, "", nil, (*API).deletePhone},
	{"GET", "/admin/v1/phones/{phone}/quotas", admin, "", nil, (*API).getPhoneQuotas},
	{"POST", "/admin/v1/phones/{phone}:erase", admin, "", nil, (*API).erasePhone},
	{"POST", "/admin/v1/phones/{phone}:lendToken", admin, "", nil, (*API).lendToken},
	{"POST", "/admin/v1/phones/{phone}:issueToken", admin, "", nil, (*API).issueToken},
}
