package httpapi

import (
	"github.com/openrbm/openrbm/internal/apidoc"
	"github.com/openrbm/openrbm/internal/media"
	"github.com/openrbm/openrbm/rbm"
)

// adminMethods describes the admin API.
var adminMethods = []apidoc.Method{
	{ID: "status", HTTP: "GET", Path: "/admin/v1/status", About: "Says what runs here.",
		Response: apidoc.Of[struct {
			Version   string        `json:"version"`
			StartTime rbm.Timestamp `json:"startTime"`
			Agents    int           `json:"agents"`
			Phones    int           `json:"phones"`
			Online    int           `json:"online"`
			Store     string        `json:"store"`
		}]()},
	{ID: "statistics", HTTP: "GET", Path: "/admin/v1/statistics", Response: apidoc.Of[statisticsJSON](),
		About: "Counts the messages of the last hours (24, at most 744) by state and class, at most 20,000 of them, and says how the webhooks do."},
	{ID: "clock.get", HTTP: "GET", Path: "/admin/v1/clock", Response: apidoc.Of[clockJSON](), About: "Says the platform's time."},
	{ID: "clock.advance", HTTP: "POST", Path: "/admin/v1/clock:advance", Response: apidoc.Of[clockJSON](),
		Request: apidoc.Of[struct {
			By rbm.Duration `json:"by"`
		}](),
		About: "Turns the platform's clock ahead, where the configuration allows it."},

	{ID: "tokenSecret.rotate", HTTP: "POST", Path: "/admin/v1/tokenSecret:rotate", Request: apidoc.Of[rotation](),
		About: "Replaces the secret that seals access tokens. Those sealed with the old one are good for the gracePeriod yet, at most 3600s."},
	{ID: "adminToken.rotate", HTTP: "POST", Path: "/admin/v1/adminToken:rotate", Request: apidoc.Of[rotation](), Response: apidoc.Of[adminTokenJSON](),
		About: "Makes a new admin token. The old one is good for the gracePeriod yet, at most 604800s."},
	{ID: "backup", HTTP: "POST", Path: "/admin/v1/backup",
		About: "Answers with a backup of all that is kept, secrets included, as one stream of bytes (docs/backup.md). It is whole only if its end says so."},

	{ID: "auditLog.list", HTTP: "GET", Path: "/admin/v1/auditLog", Response: apidoc.Of[auditLogJSON](),
		About: "Lists what administrators and partners did, the newest first (docs/audit.md)."},
	{ID: "damagedRecords.list", HTTP: "GET", Path: "/admin/v1/damagedRecords", Response: apidoc.Of[damagedRecordsJSON](),
		About: "Lists records of the store that could not be read and were set aside."},

	{ID: "agents.list", HTTP: "GET", Path: "/admin/v1/agents", About: "Lists the agents.",
		Response: apidoc.Of[struct {
			Agents []agentJSON `json:"agents"`
		}]()},
	{ID: "agents.create", HTTP: "POST", Path: "/admin/v1/agents", Request: apidoc.Of[agentPatch](), Response: apidoc.Of[agentJSON](), About: "Makes an agent."},
	{ID: "agents.get", HTTP: "GET", Path: "/admin/v1/agents/{agent}", Response: apidoc.Of[agentJSON](), About: "Shows an agent."},
	{ID: "agents.patch", HTTP: "PATCH", Path: "/admin/v1/agents/{agent}", Request: apidoc.Of[agentPatch](), Response: apidoc.Of[agentJSON](),
		About: "Changes the fields of an agent that are given."},
	{ID: "agents.delete", HTTP: "DELETE", Path: "/admin/v1/agents/{agent}", About: "Removes an agent with its keys and testers."},
	{ID: "agents.launch", HTTP: "POST", Path: "/admin/v1/agents/{agent}:launch", Response: apidoc.Of[agentJSON](), About: "Lets an agent reach every phone."},
	{ID: "agents.unlaunch", HTTP: "POST", Path: "/admin/v1/agents/{agent}:unlaunch", Response: apidoc.Of[agentJSON](), About: "Lets an agent reach its testers only."},

	{ID: "agents.quotas.get", HTTP: "GET", Path: "/admin/v1/agents/{agent}/quotas", Response: apidoc.Of[agentQuotasJSON](),
		About: "Shows an agent's limits and what is used of them. Calls a minute are counted at all servers, within a quarter of a second."},
	{ID: "agents.quotas.patch", HTTP: "PATCH", Path: "/admin/v1/agents/{agent}/quotas", Request: apidoc.Of[quotasPatch](), Response: apidoc.Of[agentQuotasJSON](),
		About: "Gives an agent limits of its own, by name: 0 is no limit, null that of the configuration."},

	{ID: "agents.webhook.get", HTTP: "GET", Path: "/admin/v1/agents/{agent}/webhook", Response: apidoc.Of[webhookJSON](), About: "Shows an agent's webhook and how it does."},
	{ID: "agents.webhook.put", HTTP: "PUT", Path: "/admin/v1/agents/{agent}/webhook", Response: apidoc.Of[webhookJSON](),
		Request: webhookRequest,
		About:   "Sets an agent's webhook after verifying that it is the agent's."},
	{ID: "agents.webhook.delete", HTTP: "DELETE", Path: "/admin/v1/agents/{agent}/webhook", About: "Removes an agent's webhook."},
	{ID: "agents.webhook.retry", HTTP: "POST", Path: "/admin/v1/agents/{agent}/webhook:retry", About: "Delivers what waits for an agent's webhook now."},

	{ID: "agents.webhook.pause", HTTP: "POST", Path: "/admin/v1/agents/{agent}/webhook:pause", Response: apidoc.Of[webhookJSON](), About: "Keeps an agent's events until the webhook is resumed."},
	{ID: "agents.webhook.resume", HTTP: "POST", Path: "/admin/v1/agents/{agent}/webhook:resume", Response: apidoc.Of[webhookJSON](), About: "Ends the pause of a webhook and delivers what waits."},
	{ID: "agents.webhook.replay", HTTP: "POST", Path: "/admin/v1/agents/{agent}/webhook:replay", Request: apidoc.Of[replayRequest](),
		Response: apidoc.Of[replayAnswer](), About: "Delivers once more what events of the journal were about, or what was given up."},
	{ID: "agents.pendingNotices.list", HTTP: "GET", Path: "/admin/v1/agents/{agent}/pendingNotices", Response: apidoc.Of[noticeList](), About: "Lists what waits for an agent's webhook, the next first."},
	{ID: "agents.deadNotices.list", HTTP: "GET", Path: "/admin/v1/agents/{agent}/deadNotices", Response: apidoc.Of[noticeList](), About: "Lists what was given up after the retention, the last first."},

	{ID: "agents.keys.list", HTTP: "GET", Path: "/admin/v1/agents/{agent}/keys", About: "Lists an agent's keys.",
		Response: keyList},
	{ID: "agents.keys.create", HTTP: "POST", Path: "/admin/v1/agents/{agent}/keys", About: "Makes a key and answers with its key file, the only copy of the private half.",
		Response: keyFile},
	{ID: "agents.keys.delete", HTTP: "DELETE", Path: "/admin/v1/agents/{agent}/keys/{key}", About: "Makes a key worthless, and the access tokens that it got."},

	{ID: "partnerKeys.list", HTTP: "GET", Path: "/admin/v1/partnerKeys", About: "Lists the partner's keys.",
		Response: keyList},
	{ID: "partnerKeys.create", HTTP: "POST", Path: "/admin/v1/partnerKeys", About: "Makes a key of the partner, who manages everything, and answers with its key file.",
		Response: keyFile},
	{ID: "partnerKeys.delete", HTTP: "DELETE", Path: "/admin/v1/partnerKeys/{key}", About: "Makes a key of the partner worthless."},
	{ID: "partner.webhook.get", HTTP: "GET", Path: "/admin/v1/partner/webhook", Response: apidoc.Of[partnerWebhookJSON](), About: "Shows the webhook of agents that have none of their own."},
	{ID: "partner.webhook.put", HTTP: "PUT", Path: "/admin/v1/partner/webhook", Response: apidoc.Of[partnerWebhookJSON](),
		Request: webhookRequest,
		About:   "Sets that webhook after verifying it."},
	{ID: "partner.webhook.delete", HTTP: "DELETE", Path: "/admin/v1/partner/webhook", About: "Removes that webhook."},

	{ID: "agents.testers.list", HTTP: "GET", Path: "/admin/v1/agents/{agent}/testers", About: "Lists an agent's testers.",
		Response: apidoc.Of[struct {
			Testers []testerJSON `json:"testers"`
		}]()},
	{ID: "agents.testers.create", HTTP: "POST", Path: "/admin/v1/agents/{agent}/testers", Request: apidoc.Of[testerJSON](), Response: apidoc.Of[testerJSON](),
		About: "Makes a phone a tester without asking its user."},
	{ID: "agents.testers.delete", HTTP: "DELETE", Path: "/admin/v1/agents/{agent}/testers/{phone}", About: "Removes a tester."},

	{ID: "agents.issueAccessToken", HTTP: "POST", Path: "/admin/v1/agents/{agent}:issueAccessToken", Response: accessToken,
		About: "Gives an access token of an hour with which to call the messaging API as the agent."},
	{ID: "partner.issueAccessToken", HTTP: "POST", Path: "/admin/v1/partner:issueAccessToken", Response: accessToken,
		About: "Gives an access token of an hour with which to manage everything."},

	{ID: "agentMessages.check", HTTP: "POST", Path: "/admin/v1/agentMessages:check", Request: apidoc.Of[rbm.AgentMessage](),
		About: "Says whether a message could be sent, its size, class and files; nothing is sent."},
	{ID: "media.resolve", HTTP: "POST", Path: "/admin/v1/media:resolve", Response: apidoc.Of[media.Attachment](),
		Request: apidoc.Of[struct {
			URL string `json:"url"`
		}](),
		About: "Fetches the file at a URL, as those of messages are, and says where it is kept."},

	{ID: "events.list", HTTP: "GET", Path: "/admin/v1/events",
		Response: apidoc.Of[struct {
			Events        []eventJSON `json:"events"`
			NextPageToken string      `json:"nextPageToken"`
		}](),
		About: "Lists what has happened lately, the newest first; with failed=true calls that succeeded are left out, with Accept: text/event-stream it is told as it happens, from Last-Event-ID on."},
	{ID: "events.get", HTTP: "GET", Path: "/admin/v1/events/{event}", Response: apidoc.Of[eventJSON](), About: "Shows an event with the bodies of its request and answer."},
	{ID: "events.checkSignature", HTTP: "POST", Path: "/admin/v1/events/{event}:checkSignature", Response: apidoc.Of[signatureJSON](),
		Request: apidoc.Of[struct {
			Signature string `json:"signature"`
		}](),
		About: "Says why a signature that an agent's code has computed for the call of a webhook does not verify."},
	{ID: "messages.list", HTTP: "GET", Path: "/admin/v1/messages",
		Response: apidoc.Of[struct {
			Messages      []messageJSON `json:"messages"`
			NextPageToken string        `json:"nextPageToken"`
		}](),
		About: "Searches what agents have sent, the newest first: q stands anywhere, text in the message, the others are met exactly."},
	{ID: "agents.messages.get", HTTP: "GET", Path: "/admin/v1/agents/{agent}/messages/{id}", Response: apidoc.Of[messageJSON](), About: "Says where a message or event stands."},

	{ID: "phones.list", HTTP: "GET", Path: "/admin/v1/phones", About: "Lists the phones, 100 to a page or as many as pageSize says, at most 1000.",
		Response: apidoc.Of[struct {
			Phones        []phoneJSON `json:"phones"`
			NextPageToken string      `json:"nextPageToken"`
		}]()},
	{ID: "phones.create", HTTP: "POST", Path: "/admin/v1/phones", Request: apidoc.Of[phonePatch](), Response: apidoc.Of[phoneJSON](),
		About: "Makes a phone; the answer is the only one with its device token."},
	{ID: "phones.get", HTTP: "GET", Path: "/admin/v1/phones/{phone}", Response: apidoc.Of[phoneJSON](), About: "Shows a phone."},
	{ID: "phones.patch", HTTP: "PATCH", Path: "/admin/v1/phones/{phone}", Request: apidoc.Of[phonePatch](), Response: apidoc.Of[phoneJSON](),
		About: "Changes the fields of a phone that are given."},
	{ID: "phones.delete", HTTP: "DELETE", Path: "/admin/v1/phones/{phone}", About: "Removes a phone and takes it offline."},
	{ID: "phones.quotas.get", HTTP: "GET", Path: "/admin/v1/phones/{phone}/quotas", Response: apidoc.Of[phoneQuotasJSON](),
		About: "Shows what agents have used of what they may send to one user."},
	{ID: "phones.erase", HTTP: "POST", Path: "/admin/v1/phones/{phone}:erase", Response: apidoc.Of[erasedJSON](),
		About: "Removes all that is kept of a person's number, and says how much it was (docs/privacy.md)."},
	{ID: "phones.lendToken", HTTP: "POST", Path: "/admin/v1/phones/{phone}:lendToken", Response: apidoc.Of[lentJSON](),
		About: "Gives a device token of a phone that is good for twelve hours, beside its own."},
	{ID: "phones.issueToken", HTTP: "POST", Path: "/admin/v1/phones/{phone}:issueToken", About: "Replaces a phone's device token.",
		Response: apidoc.Of[struct {
			PhoneNumber string `json:"phoneNumber"`
			DeviceToken string `json:"deviceToken"`
		}]()},
}

// The bodies that several methods have.
var (
	keyFile = apidoc.Of[struct {
		Type                    string `json:"type"`
		ProjectID               string `json:"project_id"`
		PrivateKeyID            string `json:"private_key_id"`
		PrivateKey              string `json:"private_key"`
		ClientEmail             string `json:"client_email"`
		ClientID                string `json:"client_id"`
		AuthURI                 string `json:"auth_uri"`
		TokenURI                string `json:"token_uri"`
		AuthProviderX509CertURL string `json:"auth_provider_x509_cert_url"`
		ClientX509CertURL       string `json:"client_x509_cert_url"`
		UniverseDomain          string `json:"universe_domain"`
	}]()
	accessToken = apidoc.Of[struct {
		AccessToken string `json:"access_token"`
		ExpiresIn   int    `json:"expires_in"`
		TokenType   string `json:"token_type"`
	}]()
	keyList = apidoc.Of[struct {
		Keys []keyJSON `json:"keys"`
	}]()
	webhookRequest = apidoc.Of[struct {
		URI              string `json:"uri"`
		ClientToken      string `json:"clientToken"`
		SkipVerification bool   `json:"skipVerification"`
	}]()
)
