package rbm

import (
	"slices"
	"strings"

	"github.com/nyaruka/phonenumbers"
)

// ValidPhone reports whether s is a phone number in E.164: "+", then
// MinPhoneDigits to MaxPhoneDigits digits of which the first is not 0.
func ValidPhone(s string) bool {
	number, ok := strings.CutPrefix(s, "+")
	return ok && len(number) >= MinPhoneDigits && len(number) <= MaxPhoneDigits && digits(number) && number[0] != '0'
}

// ValidMessageID reports whether s can be the id of a message, an event or a
// request: 1 to MaxMessageIDChars visible ASCII characters without "/". The
// API's "must be a UUID" is not enforced, as its own clients break it (facts/rbm-api.md §1.0).
func ValidMessageID(s string) bool {
	for i := range len(s) {
		if s[i] <= ' ' || s[i] > '~' || s[i] == '/' {
			return false
		}
	}
	return s != "" && len(s) <= MaxMessageIDChars
}

// IsUSPhone reports whether an E.164 number is of the United States or its
// territories, by the numbering plan of libphonenumber. US numbers get a
// classification and a carrier in answers (facts §2.12). A number of the North
// American plan that no country has, such as the documentation's +12223334444,
// counts as one.
func IsUSPhone(s string) bool {
	if !strings.HasPrefix(s, "+1") || len(s) != len("+12223334444") || s[2] < '2' || !ValidPhone(s) {
		return false
	}
	n, err := phonenumbers.Parse(s, "")
	return err == nil && slices.Contains(usRegions, phonenumbers.GetRegionCodeForNumber(n))
}

// usRegions are the United States, their territories, and no country.
var usRegions = []string{"US", "AS", "GU", "MP", "PR", "VI", ""}
