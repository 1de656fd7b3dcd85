package businesscommunications

import (
	"reflect"
	"testing"

	"github.com/openrbm/openrbm/rbm"
)

// decode reads a body as the API does.
func decode[T any](t *testing.T, body string) *T {
	t.Helper()
	v, err := rbm.Decode[T]([]byte(body), "")
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func TestMerge(t *testing.T) {
	const stored = `{"displayName":"Old","isArchived":true,"rcsBusinessMessagingAgent":{"description":"Old","color":"#000000",
		"emails":[{"address":"a@e.example"}],"privacy":{"uri":"https://old.example","label":"Old"}}}`
	const patch = `{"displayName":"New","rcsBusinessMessagingAgent":{"description":"New","privacy":{"uri":"https://new.example"}}}`
	for _, c := range []struct{ name, mask, want string }{
		{"what is set, without a mask", "", `{"displayName":"New","isArchived":true,"rcsBusinessMessagingAgent":{"description":"New","color":"#000000",
			"emails":[{"address":"a@e.example"}],"privacy":{"uri":"https://new.example","label":"Old"}}}`},
		{"one path", "displayName", `{"displayName":"New","isArchived":true,"rcsBusinessMessagingAgent":{"description":"Old","color":"#000000",
			"emails":[{"address":"a@e.example"}],"privacy":{"uri":"https://old.example","label":"Old"}}}`},
		{"paths in snake_case, with spaces", "display_name, rcs_business_messaging_agent.privacy", `{"displayName":"New","isArchived":true,
			"rcsBusinessMessagingAgent":{"description":"Old","color":"#000000","emails":[{"address":"a@e.example"}],"privacy":{"uri":"https://new.example"}}}`},
		{"a field of a field of a field", "rcsBusinessMessagingAgent.privacy.label", `{"displayName":"Old","isArchived":true,
			"rcsBusinessMessagingAgent":{"description":"Old","color":"#000000","emails":[{"address":"a@e.example"}],"privacy":{"uri":"https://old.example"}}}`},
		{"what the patch lacks is emptied", "isArchived,rcsBusinessMessagingAgent.emails,rcsBusinessMessagingAgent.termsConditions.uri", `{"displayName":"Old",
			"rcsBusinessMessagingAgent":{"description":"Old","color":"#000000","privacy":{"uri":"https://old.example","label":"Old"},"termsConditions":{}}}`},
		{"everything", "*", patch},
		{"what only the platform sets stays", "name,brandName", stored},
	} {
		t.Run(c.name, func(t *testing.T) {
			into, from := decode[Agent](t, stored), decode[Agent](t, patch)
			before, source := decode[Agent](t, stored), *into
			if err := Merge(into, from, c.mask); err != nil {
				t.Fatal(err)
			}
			if want := decode[Agent](t, c.want); !reflect.DeepEqual(into, want) {
				got, _ := rbm.MarshalPretty(into)
				t.Errorf("got %s", got)
			}
			if !reflect.DeepEqual(*before.RcsBusinessMessagingAgent, *source.RcsBusinessMessagingAgent) {
				t.Error("what others may hold was changed")
			}
		})
	}
}

func TestMergeRefusesPathsThatDoNotExist(t *testing.T) {
	into := &Agent{DisplayName: "Old"}
	for mask, wrong := range map[string]int{
		"bogus": 1, "displayName,displayName.x,rcsBusinessMessagingAgent.bogus": 2, "rcsBusinessMessagingAgent.emails.address": 1, ".": 1,
		"rcsBusinessMessagingAgent.launchDetails.x": 1, "DisplayName": 1,
	} {
		err := Merge(into, &Agent{DisplayName: "New"}, mask)
		if e := rbm.AsError(err); rbm.CodeOf(err) != rbm.CodeInvalidArgument || len(e.Violations) != wrong || into.DisplayName != "Old" {
			t.Errorf("%s: %v, %+v", mask, err, into)
		}
	}
}

func TestMergeChoosesOneOfAUnion(t *testing.T) {
	for _, mask := range []string{"", "dialogflowCxIntegration", "dialogflowCxIntegration.dialogflowProjectId"} {
		into := &Integration{DialogflowEsIntegration: &DialogflowEsIntegration{DialogflowProjectID: "p"}}
		from := &Integration{DialogflowCxIntegration: &DialogflowCxIntegration{DialogflowProjectID: "q"}}
		if err := Merge(into, from, mask); err != nil || into.DialogflowEsIntegration != nil || into.DialogflowCxIntegration == nil || into.DialogflowCxIntegration.DialogflowProjectID != "q" {
			t.Errorf("mask %q: %+v, %v", mask, into, err)
		}
	}
}

// The map of regions is read, and its errors are Google's.
func TestRegionsOfALaunch(t *testing.T) {
	l := decode[AgentLaunch](t, `{rcs_business_messaging:{launch_details:{'':{launch_state:3,comment:'ok',updateTime:'ignored'},"/v1/regions/x":null}}}`)
	d := l.RcsBusinessMessaging.LaunchDetails
	if len(d) != 2 || d[""].LaunchState != LaunchLaunched || d[""].Comment != "ok" || d[""].UpdateTime != nil || d["/v1/regions/x"] != (RegionLaunch{}) {
		t.Errorf("%+v", d)
	}
	const at = "agent_launch.rcs_business_messaging.launch_details"
	for body, want := range map[string]string{
		`{"x":{},"y":{"foo":1}}`: `Invalid JSON payload received. Unknown name "foo" at '` + at + `[1].value': Cannot find field.`,
		`{"x":{"launchState":"LAUNCHED"}}`: `Invalid value at '` + at + `[0].value.launch_state' ` +
			`(type.googleapis.com/google.communications.businesscommunications.v1.RegionLaunch.LaunchState), "LAUNCHED"`,
		`{"x":1}`:         `Invalid value at '` + at + `[0].value' (type.googleapis.com/google.communications.businesscommunications.v1.RegionLaunch), 1`,
		`{"x":{},"x":{}}`: `Invalid value at '` + at + `[1].value' (launch_details), field is already set.`,
	} {
		_, err := rbm.Decode[AgentLaunch]([]byte(`{"rcsBusinessMessaging":{"launchDetails":`+body+`}}`), "agent_launch")
		if e := rbm.AsError(err); e == nil || e.Message != want {
			t.Errorf("%s:\ngot  %v\nwant %s", body, err, want)
		}
	}
}

// FuzzMerge takes any two bodies and any mask: Merge never panics, what it does
// is the same done twice, and what it makes can be sent.
func FuzzMerge(f *testing.F) {
	f.Add(`{}`, `{"displayName":"x"}`, "displayName")
	f.Add(`{"rcsBusinessMessagingAgent":{"emails":[{}]}}`, `{"rcsBusinessMessagingAgent":{"privacy":{}}}`, "rcsBusinessMessagingAgent.privacy.uri,*")
	f.Add(`{"isArchived":true}`, `{}`, "is_archived,rcs_business_messaging_agent.emails")
	f.Fuzz(func(t *testing.T, a, b, mask string) {
		into, err := rbm.Decode[Agent]([]byte(a), "agent")
		from, err2 := rbm.Decode[Agent]([]byte(b), "agent")
		if err != nil || err2 != nil || Merge(into, from, mask) != nil {
			return
		}
		once, err := rbm.Marshal(into)
		if err != nil {
			t.Fatal(err)
		}
		if err := Merge(into, from, mask); err != nil {
			t.Fatal(err)
		}
		if twice, err := rbm.Marshal(into); err != nil || string(twice) != string(once) {
			t.Fatalf("once %s\ntwice %s, %v", once, twice, err)
		}
		_ = into.Violations()
	})
}

// FuzzDecodeLaunch reads any body; what it takes can be written and read again.
func FuzzDecodeLaunch(f *testing.F) {
	f.Add([]byte(`{"rcsBusinessMessaging":{"launchDetails":{"":{"launchState":"LAUNCH_STATE_LAUNCHED"}}}}`))
	f.Add([]byte(`{'rcs_business_messaging':{'questionnaire':{},'launch_details':{'x':null,},},}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		l, err := rbm.Decode[AgentLaunch](body, "agent_launch")
		if err != nil {
			if rbm.CodeOf(err) != rbm.CodeInvalidArgument {
				t.Fatal(err)
			}
			return
		}
		out, err := rbm.Marshal(l)
		if err != nil {
			t.Fatal(err)
		}
		again, err := rbm.Decode[AgentLaunch](out, "agent_launch")
		if err != nil {
			t.Fatalf("%s: %v", out, err)
		}
		if twice, err := rbm.Marshal(again); err != nil || string(twice) != string(out) {
			t.Fatalf("once %s\ntwice %s, %v", out, twice, err)
		}
	})
}
