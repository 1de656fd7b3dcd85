package businesscommunications

import (
	"fmt"
	"net/url"
	"regexp"
	"strings"
	"unicode/utf8"

	"github.com/openrbm/openrbm/rbm"
)

// The limits of facts/rbm-api.md §8.2, in characters and elements; the length of
// a URL is ours.
const (
	MaxBrandName   = 100
	MaxAgentName   = 40
	MaxDescription = 100
	MaxWebsites    = 3
	MaxURLChars    = 2048
)

var color = regexp.MustCompile(`^#[0-9A-Fa-f]{6}$`)

// checks collects what is wrong below the field at.
type checks struct {
	at         string
	violations []rbm.Violation
}

func (c *checks) rule(holds bool, field, format string, args ...any) {
	if !holds {
		path := c.at + "." + field
		c.violations = append(c.violations, rbm.Violation{Field: path,
			Description: "Invalid value at '" + path + "': " + fmt.Sprintf(format, args...) + "."})
	}
}

func (c *checks) text(s, field string, required bool, most int) {
	c.rule(!required || strings.TrimSpace(s) != "", field, "required")
	n := utf8.RuneCountInString(s)
	c.rule(n <= most, field, "%d characters, at most %d are allowed", n, most)
}

func (c *checks) web(s, field string) {
	u, err := url.Parse(s)
	c.rule(s != "", field, "required")
	c.rule(s == "" || err == nil && len(s) <= MaxURLChars && (u.Scheme == "http" || u.Scheme == "https") && u.Hostname() != "" && u.User == nil,
		field, "not an http or https URL of at most %d characters", MaxURLChars)
}

func (c *checks) page(w *WebEntry, field string) {
	if w == nil {
		c.rule(false, field, "required")
		return
	}
	c.web(w.URI, field+".uri")
}

// Violations says all that is wrong with a brand.
func (b *Brand) Violations() []rbm.Violation {
	c := checks{at: "brand"}
	c.text(b.DisplayName, "display_name", true, MaxBrandName)
	return c.violations
}

// Violations says all that is wrong with an agent. The sizes of its images are
// not looked at: nothing is fetched.
func (a *Agent) Violations() []rbm.Violation {
	c := checks{at: "agent"}
	c.text(a.DisplayName, "display_name", true, MaxAgentName)
	r := a.RcsBusinessMessagingAgent
	if r == nil {
		c.rule(false, "rcs_business_messaging_agent", "required")
		return c.violations
	}
	c.at += ".rcs_business_messaging_agent"
	c.text(r.Description, "description", true, MaxDescription)
	c.web(r.LogoURI, "logo_uri")
	c.web(r.HeroURI, "hero_uri")
	c.rule(color.MatchString(r.Color), "color", "required, in the form #RRGGBB")
	c.page(r.Privacy, "privacy")
	c.page(r.TermsConditions, "terms_conditions")
	c.rule(r.HostingRegion != "", "hosting_region", "required")
	c.contacts(r)
	return c.violations
}

// contacts checks the ways to reach the business, of which one must be given.
func (c *checks) contacts(r *RcsBusinessMessagingAgent) {
	c.rule(len(r.PhoneNumbers)+len(r.Emails)+len(r.Websites) > 0, "phone_numbers", "at least one phone number, email or website is required")
	for i, p := range r.PhoneNumbers {
		c.rule(p.PhoneNumber != nil && rbm.ValidPhone(p.PhoneNumber.Number), fmt.Sprintf("phone_numbers[%d].phone_number", i), "not a phone number in E.164 form")
	}
	for i, e := range r.Emails {
		name, host, ok := strings.Cut(e.Address, "@")
		c.rule(ok && name != "" && host != "" && len(e.Address) <= 254 && !strings.ContainsAny(e.Address, " \t\r\n"), fmt.Sprintf("emails[%d].address", i), "not an email address")
	}
	for i, w := range r.Websites {
		c.web(w.URI, fmt.Sprintf("websites[%d].uri", i))
	}
	c.rule(len(r.Websites) <= MaxWebsites, "websites", "%d elements, at most %d are allowed", len(r.Websites), MaxWebsites)
}
