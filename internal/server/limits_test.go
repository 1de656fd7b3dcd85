package server

import (
	"strings"
	"testing"
)

// Settings are laid over the defaults, and what is wrong with them is said.
func TestLimits(t *testing.T) {
	c := Default()
	if err := c.Apply("f", []byte("[limits]\ntesters = 0\n[limits.per_minute]\nCreateAgentMessage = 6000\n")); err != nil {
		t.Fatal(err)
	}
	if l := c.Limits; l.PerMinute["BatchGetUsers"] != 600 || l.PerMinute["CreateAgentMessage"] != 6000 || l.Testers != 0 || l.TestersPerDay != 20 || !l.UnsubscribeBlocksPromotions {
		t.Errorf("%+v", l)
	}
	if err := c.Check(); err != nil {
		t.Error(err)
	}
	if Default().Limits.PerMinute["CreateAgentMessage"] != 0 {
		t.Error("the defaults have changed")
	}
	for settings, want := range map[string]string{
		"[limits.per_minute]\nSendMessage = 1":                                      "limits.per_minute: SendMessage is none of the methods BatchGetUsers,",
		"[limits.per_minute]\nCreateAgentEvent = -1":                                "limits.per_minute.CreateAgentEvent: must not be less than 0",
		"[limits]\npromotions_per_28_days = -1":                                     "limits.promotions_per_28_days: must be 0 to 1000",
		"[cluster]\nlisten = \"127.0.0.1:0\"\n[tls.acme]\ndomains = [\"rcs.test\"]": "are in tls.acme.dir, which all servers must see: say so with tls.acme.shared_dir",
		"[tls.acme]\ndomains = [\"rcs.test\"]\nshared_dir = true":                   "tls.acme.shared_dir: say which with tls.acme.dir",
		"[tls.acme]\ndir = \"/x\"":                                                  "tls.acme: dir and shared_dir go with domains",
		"[limits]\ntesters_per_day = 2000":                                          "limits.testers_per_day: must be 0 to 1000",
	} {
		c := Default()
		if err := c.Apply("f", []byte(settings)); err != nil {
			t.Fatal(err)
		}
		if err := c.Check(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %s", settings, err, want)
		}
	}
	if err := c.Apply("f", []byte("[limits]\nno = 1")); err == nil || !strings.Contains(err.Error(), "f:2: limits.no is not a setting") {
		t.Errorf("an unknown setting: %v", err)
	}
}
