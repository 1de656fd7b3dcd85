package server

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/openrbm/openrbm/internal/registry"
)

// RegionConfig is a region where agents are launched, one [[regions]] each.
// Without any there are two for tests, demo-carrier and demo-carrier-europe.
type RegionConfig struct {
	// ID is the last word of the region's name, /v1/regions/ID.
	ID string `toml:"id"`
	// DisplayName is what people call it. Default: the ID.
	DisplayName string `toml:"display_name"`
	// ManagementType is shown as it is. Default: CARRIER_MANAGED.
	ManagementType string `toml:"management_type"`
	// Carriers are the names of the carriers in it. A region without any takes the
	// phones that are in no other; there is at most one such.
	Carriers []string `toml:"carriers"`
}

// CarrierConfig is a carrier, one [[carriers]] each, for phones that do not say
// who their carrier is.
type CarrierConfig struct {
	// Name is what phones would announce.
	Name string `toml:"name"`
	// Prefixes are the beginnings of its numbers, such as "+4915". The longest
	// that fits counts.
	Prefixes []string `toml:"prefixes"`
}

var (
	regionID     = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$`)
	numberPrefix = regexp.MustCompile(`^\+[1-9][0-9]{0,14}$`)
)

// geography is what the registry needs of the two tables.
func (c *Config) geography() registry.Geography {
	g := registry.DefaultGeography()
	if len(c.Regions) > 0 {
		g.Regions = nil
	}
	for _, r := range c.Regions {
		one := registry.Region{ID: r.ID, DisplayName: r.DisplayName, ManagementType: r.ManagementType, Carriers: r.Carriers}
		if one.DisplayName == "" {
			one.DisplayName = r.ID
		}
		if one.ManagementType == "" {
			one.ManagementType = "CARRIER_MANAGED"
		}
		g.Regions = append(g.Regions, one)
	}
	for _, k := range c.Carriers {
		g.Carriers = append(g.Carriers, registry.Carrier{Name: k.Name, Prefixes: k.Prefixes})
	}
	return g
}

// checkGeography says what is wrong with the two tables.
func (c *Config) checkGeography() (errs []error) {
	fail := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	ids, carriers, prefixes, rest := map[string]bool{}, map[string]string{}, map[string]string{}, ""
	for i, r := range c.Regions {
		if !regionID.MatchString(r.ID) || ids[r.ID] {
			fail("regions[%d].id: %q must be 1 to 64 letters, digits, '_', '.' or '-', and the only one", i, r.ID)
		}
		ids[r.ID] = true
		if len(r.Carriers) == 0 && rest != "" {
			fail("regions[%d].carriers: only one region can take all other phones, and %q does", i, rest)
		}
		if len(r.Carriers) == 0 {
			rest = r.ID
		}
		for _, name := range r.Carriers {
			if of, taken := carriers[name]; taken {
				fail("regions[%d].carriers: %q is in the region %q already", i, name, of)
			}
			carriers[name] = r.ID
		}
	}
	for i, k := range c.Carriers {
		if strings.TrimSpace(k.Name) == "" || len(k.Prefixes) == 0 {
			fail("carriers[%d]: a name and prefixes are needed", i)
		}
		for _, p := range k.Prefixes {
			if of, taken := prefixes[p]; taken || !numberPrefix.MatchString(p) {
				fail("carriers[%d].prefixes: %q must be like \"+4915\", and of one carrier only (%s)", i, p, of)
			}
			prefixes[p] = k.Name
		}
	}
	return errs
}
