package server

import (
	"strings"
	"testing"
)

// What is wrong with the tables of regions and carriers is said all at once.
func TestGeography(t *testing.T) {
	c := Default()
	if g := c.geography(); len(g.Regions) != 2 || c.checkGeography() != nil {
		t.Errorf("without tables: %+v", g)
	}
	err := c.Apply("f.toml", []byte("[[regions]]\nid='north'\ncarriers=['N']\n[[regions]]\nid='rest'\n[[carriers]]\nname='N'\nprefixes=['+49']\n"))
	if err != nil || c.checkGeography() != nil {
		t.Fatal(err, c.checkGeography())
	}
	if g := c.geography(); len(g.Regions) != 2 || g.Regions[0].DisplayName != "north" || g.Regions[0].ManagementType == "" || g.Carriers[0].Prefixes[0] != "+49" {
		t.Errorf("%+v", g)
	}
	c.Regions = []RegionConfig{{ID: "a"}, {ID: "a"}, {ID: "no space"}, {ID: "b", Carriers: []string{"N"}}, {ID: "c", Carriers: []string{"N"}}}
	c.Carriers = []CarrierConfig{{Prefixes: []string{"49"}}, {Name: "N"}, {Name: "M", Prefixes: []string{"+49"}}, {Name: "O", Prefixes: []string{"+49"}}}
	var all []string
	for _, err := range c.checkGeography() {
		place, _, _ := strings.Cut(err.Error(), ":")
		all = append(all, place)
	}
	want := "regions[1].id regions[1].carriers regions[2].id regions[2].carriers regions[4].carriers carriers[0] carriers[0].prefixes carriers[1] carriers[3].prefixes"
	if got := strings.Join(all, " "); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}
