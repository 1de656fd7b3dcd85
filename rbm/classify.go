package rbm

// RichMessageClassification is the US billing class of a message (facts/rbm-api.md §2.12).
type RichMessageClassification struct {
	ClassificationType ClassificationType `json:"classificationType,omitzero"`
	SegmentCount       int32              `json:"segmentCount,omitzero"` // RICH_MESSAGE only
}

// ClassificationType is RichMessageClassificationType of the API.
type ClassificationType string

// The classification types; SUGGESTED_ACTION_CLICK is for user messages only
// (facts/rbm-api.md §2.12).
const (
	ClassificationRichMessage          ClassificationType = "RICH_MESSAGE"
	ClassificationRichMediaMessage     ClassificationType = "RICH_MEDIA_MESSAGE"
	ClassificationSuggestedActionClick ClassificationType = "SUGGESTED_ACTION_CLICK"
)

// Classify is the billing class of an agent message: RICH_MESSAGE when it is a
// text whose actions only dial or open a browser, with one segment for each
// SegmentBytes begun; RICH_MEDIA_MESSAGE otherwise. Output it only for US
// numbers, see [IsUSPhone] (facts/rbm-api.md §2.12).
func Classify(m *AgentMessage) RichMessageClassification {
	c := m.ContentMessage
	if c == nil || c.Text == "" {
		return RichMessageClassification{ClassificationType: ClassificationRichMediaMessage}
	}
	for i := range c.Suggestions {
		if a := c.Suggestions[i].Action; a != nil && !a.plain() {
			return RichMessageClassification{ClassificationType: ClassificationRichMediaMessage}
		}
	}
	return RichMessageClassification{ClassificationRichMessage, segments(c.Text)}
}

// ClassifyUser is the billing class of what a user sends: SUGGESTED_ACTION_CLICK
// for a tap on an action, RICH_MESSAGE for a text or a tapped reply, whose text
// counts, and RICH_MEDIA_MESSAGE otherwise. Output it only for US numbers (facts
// §2.12).
func ClassifyUser(m *UserMessage) RichMessageClassification {
	text := m.Text
	if r := m.SuggestionResponse; r != nil {
		if r.Type == SuggestionTypeAction {
			return RichMessageClassification{ClassificationType: ClassificationSuggestedActionClick}
		}
		text = r.Text
	}
	if m.UserFile != nil || m.Location != nil {
		return RichMessageClassification{ClassificationType: ClassificationRichMediaMessage}
	}
	return RichMessageClassification{ClassificationRichMessage, segments(text)}
}

// segments is how many segments of SegmentBytes a text has.
func segments(text string) int32 { return int32((len(text) + SegmentBytes - 1) / SegmentBytes) }

func (a *SuggestedAction) plain() bool {
	return a.DialAction != nil ||
		a.OpenURLAction != nil && a.OpenURLAction.Application != OpenURLApplicationWebview
}
