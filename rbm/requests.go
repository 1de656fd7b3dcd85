package rbm

// Tester is a user who may talk to an agent that is not launched. Name is set
// by the platform (facts/rbm-api.md §1.7).
type Tester struct {
	Name         string       `json:"name,omitzero" rbm:"out"` // phones/{E.164}/testers
	InviteStatus InviteStatus `json:"inviteStatus,omitzero"`
}

// InviteStatus is a tester's answer to the invitation; "" is unspecified.
type InviteStatus string

// The invite states (facts/rbm-api.md §1.7).
const (
	InviteStatusPending  InviteStatus = "PENDING"
	InviteStatusAccepted InviteStatus = "ACCEPTED"
	InviteStatusDeclined InviteStatus = "DECLINED"
)

// CreateFileRequest uploads a file, by URL or as the metadata of a media upload
// (facts/rbm-api.md §1.9). AgentID may be given here or as a query parameter.
type CreateFileRequest struct {
	FileURL            string `json:"fileUrl,omitzero"`
	ThumbnailURL       string `json:"thumbnailUrl,omitzero"`
	ContentDescription string `json:"contentDescription,omitzero"`
	AgentID            string `json:"agentId,omitzero"`
}

// File is an uploaded file, to be named in UploadedRbmFile.
type File struct {
	Name string `json:"name,omitzero" rbm:"out"` // files/{uid}
}

// BatchGetUsersRequest asks which of the users, in E.164, can be reached
// (facts/rbm-api.md §1.8). AgentID may be given here or as a query parameter.
type BatchGetUsersRequest struct {
	Users   []string `json:"users,omitempty"` // at most MaxBatchUsers
	AgentID string   `json:"agentId,omitzero"`
}

// BatchGetUsersResponse holds the users that can be reached, and how many of a
// random sample of the request have RCS on any carrier (facts/rbm-api.md §1.8).
type BatchGetUsersResponse struct {
	ReachableUsers                 []string                  `json:"reachableUsers,omitempty"`
	TotalRandomSampleUserCount     int32                     `json:"totalRandomSampleUserCount,omitzero"`
	ReachableRandomSampleUserCount int32                     `json:"reachableRandomSampleUserCount,omitzero"`
	ReachableUsersMap              map[string]ReachableUsers `json:"reachableUsersMap,omitempty"` // by carrier id; US numbers only
}

// ReachableUsers are the reachable users of one carrier.
type ReachableUsers struct {
	ReachableUsers []string `json:"reachableUsers,omitempty"`
}

// DialogflowEvent starts an intent of the agent's Dialogflow project; Name is
// set by the platform (facts/rbm-api.md §1.6).
type DialogflowEvent struct {
	Name         string         `json:"name,omitzero" rbm:"out"` // phones/{E.164}/dialogflowMessages/{messageId}
	EventName    string         `json:"eventName,omitzero"`
	Parameters   map[string]any `json:"parameters,omitempty"`
	LanguageCode string         `json:"languageCode,omitzero"`
}

// CapabilityCallbackRequest is the body of the withdrawn
// capability:requestCapabilityCallback (facts/rbm-api.md §1.5).
type CapabilityCallbackRequest struct {
	RequestID string `json:"requestId,omitzero"`
	AgentID   string `json:"agentId,omitzero"`
}

// CapabilityCallbackResponse is its answer on the webhook (facts/rbm-api.md §1.5).
type CapabilityCallbackResponse struct {
	RequestID   string    `json:"requestId,omitzero"`
	PhoneNumber string    `json:"phoneNumber,omitzero"`
	RbmEnabled  bool      `json:"rbmEnabled,omitzero"`
	Features    []Feature `json:"features,omitempty"`
	Status      *Status   `json:"status,omitzero"`
}

// Status is google.rpc.Status.
type Status struct {
	Code    int32            `json:"code,omitzero"`
	Message string           `json:"message,omitzero"`
	Details []map[string]any `json:"details,omitempty"`
}
