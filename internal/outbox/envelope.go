package outbox

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"strconv"
	"strings"
	"time"

	"github.com/openrbm/openrbm/internal/ledger"
	"github.com/openrbm/openrbm/rbm"
)

// The headers of a call, and the values of the second (facts/rbm-api.md §3.3).
const (
	headerSignature   = "X-Goog-Signature"
	headerWebhookType = "X-Goog-Webhook-Type"
	typeVerification  = "verification"
	typeMessage       = "message_callback"
	typeAgent         = "agent_callback" // what happens to the agent itself: its launches
)

// Where the events of Google's platform come from, agents learn from the
// envelope; here it is always the same place.
const (
	projectNumber = "100000000001"
	subscription  = "projects/openrbm/subscriptions/rbm-agent-subscription"
)

// envelope is the body of a call, in the shape of a Pub/Sub push; every id and
// time is written under both of its names (facts/rbm-api.md §3.3).
type envelope struct {
	Message      pushed `json:"message"`
	Subscription string `json:"subscription"`
}

type pushed struct {
	Data         []byte     `json:"data"` // standard base64, padded
	Attributes   attributes `json:"attributes"`
	MessageID    string     `json:"messageId"`
	MessageID2   string     `json:"message_id"`
	PublishTime  string     `json:"publishTime"`
	PublishTime2 string     `json:"publish_time"`
}

type attributes struct {
	ProjectNumber string `json:"project_number"`
	Product       string `json:"product"`
	MessageType   string `json:"message_type,omitempty"`
	EventType     string `json:"event_type,omitempty"` // of launch events: the new state
	BusinessID    string `json:"business_id"`
	Type          string `json:"type"`
}

// envelop is the body that brings n. It is the same at every attempt.
func envelop(n *ledger.Notice) ([]byte, error) {
	id, published := publishID(n), n.Created.UTC().Format("2006-01-02T15:04:05.000Z")
	return json.Marshal(envelope{
		Message: pushed{
			Data: n.Data, Attributes: attributesOf(n),
			MessageID: id, MessageID2: id, PublishTime: published, PublishTime2: published,
		},
		Subscription: subscription,
	})
}

func attributesOf(n *ledger.Notice) attributes {
	a := attributes{ProjectNumber: projectNumber, Product: "RBM", BusinessID: ledger.FullAgentID(n.Agent)}
	if state, ok := strings.CutPrefix(n.Type, ledger.LaunchEvent); ok {
		a.EventType, a.Type = state, "agent_launch_event"
		return a
	}
	a.MessageType, a.Type = n.Type, contentType(n.Type)
	return a
}

// webhookType is the header that says what n is about (facts/rbm-api.md §3.3).
func webhookType(n *ledger.Notice) string {
	if strings.HasPrefix(n.Type, ledger.LaunchEvent) {
		return typeAgent
	}
	return typeMessage
}

// publishID names n as Pub/Sub does, by sixteen decimal digits.
func publishID(n *ledger.Notice) string {
	h := sha256.New()
	h.Write([]byte(n.Agent + "\x00" + n.EventID + "\x00" + n.Created.UTC().Format(time.RFC3339Nano)))
	return strconv.FormatUint(1e15+binary.BigEndian.Uint64(h.Sum(nil))%9e15, 10)
}

// events are the message types of what is not a message (facts/rbm-api.md §3.6 and §3.7).
var events = map[string]bool{
	string(rbm.UserEventDelivered):                   true,
	string(rbm.UserEventRead):                        true,
	string(rbm.UserEventIsTyping):                    true,
	string(rbm.UserEventSubscribe):                   true,
	string(rbm.UserEventUnsubscribe):                 true,
	string(rbm.ServerEventTTLExpirationRevoked):      true,
	string(rbm.ServerEventTTLExpirationRevokeFailed): true,
}

// contentType is the attribute type of a message type. For events it was never
// observed (facts/rbm-api.md §10, "Envelope attributes for events").
func contentType(messageType string) string {
	if events[messageType] {
		return "event"
	}
	return "message"
}

// sign is the signature of data under the agent's token, over the bytes
// themselves and not their base64 (facts/rbm-api.md §3.3).
func sign(token string, data []byte) string {
	mac := hmac.New(sha512.New, []byte(token))
	mac.Write(data)
	return base64.StdEncoding.EncodeToString(mac.Sum(nil))
}
