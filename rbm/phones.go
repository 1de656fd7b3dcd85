package rbm

import (
	"slices"
	"strings"
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
// territories: +1 and ten digits, in no area code of another country of the
// North American plan. US numbers get a classification and a carrier in answers
// (facts/rbm-api.md §2.12).
func IsUSPhone(s string) bool {
	number, ok := strings.CutPrefix(s, "+1")
	if !ok || len(number) != 10 || !digits(number) || number[0] < '2' {
		return false
	}
	_, foreign := slices.BinarySearch(foreignAreaCodes, number[:3])
	return !foreign
}

// foreignAreaCodes are those of Canada and of the island states, sorted.
var foreignAreaCodes = strings.Fields(`
	204 226 236 242 246 249 250 257 263 264 268 284 289 306 343 345 354 365 367 368 382 387 403 416 418
	428 431 437 438 441 450 460 468 473 474 506 514 519 548 579 581 584 587 600 604 613 622 633 639 644
	647 649 655 658 664 672 677 683 688 705 709 721 742 753 758 767 778 780 782 784 807 809 819 825 829
	849 851 867 868 869 873 876 879 902 905 942`)
