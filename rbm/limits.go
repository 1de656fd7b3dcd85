package rbm

import "time"

// The limits of a message, one row for each rule. A character is a Unicode code
// point (facts/rbm-api.md §2). [AgentMessage.Validate] enforces them.
const (
	MaxTextChars             = 3072       // text of a message: facts/rbm-api.md §2.2
	MaxSuggestions           = 11         // chips of a message: facts/rbm-api.md §2.2
	MaxMessageBytes          = 250 * 1024 // the message as JSON, also as sent: facts/rbm-api.md §2.2, "250 KB"
	MinCarouselCards         = 2          // facts/rbm-api.md §2.4
	MaxCarouselCards         = 10         // facts/rbm-api.md §2.4
	MaxTitleChars            = 200        // facts/rbm-api.md §2.5
	MaxDescriptionChars      = 2000       // facts/rbm-api.md §2.5
	MaxCardSuggestions       = 4          // facts/rbm-api.md §2.5
	MaxSuggestionTextChars   = 25         // label of a reply or an action: facts/rbm-api.md §2.7
	MaxPostbackChars         = 2048       // facts/rbm-api.md §2.7; of a reply: facts/rbm-api.md §10
	MaxURLChars              = 2048       // any address: facts/rbm-api.md §2.7, §2.8
	MaxLatitude              = 90         // degrees, both ways: facts/rbm-api.md §2.8
	MaxLongitude             = 180        // degrees, both ways: facts/rbm-api.md §2.8
	MaxEventTitleChars       = 100        // calendar event: facts/rbm-api.md §2.8
	MaxEventDescriptionChars = 500        // calendar event: facts/rbm-api.md §2.8

	// MaxExpiry is how far ahead expireTime or ttl may be: facts/rbm-api.md §2.10.
	MaxExpiry = 15 * 24 * time.Hour
	// MaxQueueTime is how long a message without expiry waits: facts/rbm-api.md §2.10.
	MaxQueueTime = 30 * 24 * time.Hour

	MaxMessageIDChars = 200     // of messageId, eventId and requestId: our own, facts/rbm-api.md §1.0 names none
	MinPhoneDigits    = 7       // after the +: our own, E.164 names none
	MaxPhoneDigits    = 15      // after the +: E.164
	MaxBatchUsers     = 10_000  // numbers of users:batchGet: facts/rbm-api.md §1.8
	MaxRequestBytes   = 1 << 20 // of any other request body: our own
	SegmentBytes      = 160     // of text, in UTF-8, per billing segment: facts/rbm-api.md §2.12

	// MaxViolations is how many grammar violations one answer lists: our own,
	// so that a body cannot blow up the answer.
	MaxViolations = 100
)

// What known API texts say instead of the path (facts/rbm-api.md §4.2).
const (
	replyTextTooLong  = "Within suggested reply, the provided text exceeds the maximum allowed length."
	actionTextTooLong = "Within suggested action, the provided text exceeds the maximum allowed length."
)
