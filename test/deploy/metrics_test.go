package deploy_test

import (
	"encoding/json"
	"io"
	"net/http"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/openrbm/openrbm/rbm"
	"github.com/openrbm/openrbm/servertest"
)

// alerts is a file of Prometheus' rules.
type alerts struct {
	Groups []struct {
		Rules []struct {
			Alert, Expr, For    string
			Labels, Annotations map[string]string
		}
	}
}

// dashboard is what the test reads of a dashboard of Grafana.
type dashboard struct {
	Title, UID  string
	Panels      []panel
	Annotations struct {
		List []struct{ Expr string }
	}
	Templating struct {
		List []struct{ Name, Type, Definition string }
	}
}

type panel struct {
	ID          int
	Type, Title string
	Datasource  struct{ UID string }
	GridPos     struct{ X, Y, W, H int }
	Targets     []struct {
		Expr         string
		LegendFormat string
	}
	FieldConfig struct {
		Defaults struct{ Unit string }
	}
}

func read[T any](t *testing.T, name string) (v T) {
	t.Helper()
	if err := json.Unmarshal([]byte(deployed(t, name)), &v); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return v
}

// queries are all expressions of the dashboard and the alerts, by where they are.
func queries(t *testing.T) map[string]string {
	t.Helper()
	all := map[string]string{}
	for _, g := range read[alerts](t, "prometheus/alerts.json").Groups {
		for _, r := range g.Rules {
			all["alert "+r.Alert] = r.Expr
		}
	}
	d := read[dashboard](t, "grafana/openrbm.json")
	for _, p := range d.Panels {
		for _, q := range p.Targets {
			all["panel "+p.Title+", "+q.LegendFormat] = q.Expr
		}
	}
	for _, a := range d.Annotations.List {
		all["annotation"] = a.Expr
	}
	for _, v := range d.Templating.List {
		if v.Type == "query" {
			all["variable "+v.Name] = v.Definition
		}
	}
	return all
}

// exported scrapes a server that has done some work: its metrics with their labels.
func exported(t *testing.T) map[string]string {
	t.Helper()
	s := servertest.New(t)
	if _, err := s.Client().CreateAgentMessage(s.Context(), s.Number(), "m1", &rbm.AgentMessage{ContentMessage: &rbm.AgentContentMessage{Text: "hello"}}); err != nil {
		t.Fatal(err)
	}
	r, err := http.NewRequestWithContext(s.Context(), http.MethodGet, s.Ready.APIURL+"/metrics", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+s.Ready.AdminToken)
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusOK {
		t.Fatalf("%s, %v", resp.Status, err)
	}
	names := map[string]string{"up": ""} // Prometheus' own
	for _, line := range regexp.MustCompile(`(?m)^([a-z_]+)(\{.*\})? (\S+)$`).FindAllStringSubmatch(string(b), -1) {
		names[line[1]] += line[2]
	}
	for _, name := range []string{"openrbm_ready", "openrbm_cluster_nodes"} {
		if !strings.Contains(string(b), "\n"+name+" 1\n") {
			t.Errorf("%s is not 1", name)
		}
	}
	return names
}

var (
	metricName = regexp.MustCompile(`\b((openrbm|process|go)_[a-z_]+|up)\b`)
	grouped    = regexp.MustCompile(`by \(([^)]*)\)`)
	matched    = regexp.MustCompile(`\b(\w+)(=~|!~|!=|=)"`)
)

// Every metric that the dashboard and the alerts ask for, and every label, is
// exported by a server that runs.
func TestMetricsAreExported(t *testing.T) {
	names := exported(t)
	known := map[string]bool{"job": true, "instance": true} // Prometheus' own
	for _, labels := range names {
		for _, l := range matched.FindAllStringSubmatch(labels, -1) {
			known[l[1]] = true
		}
	}
	for where, q := range queries(t) {
		found := metricName.FindAllString(q, -1)
		if len(found) == 0 {
			t.Errorf("%s asks for no metric: %s", where, q)
		}
		for _, name := range found {
			if _, ok := names[name]; !ok {
				t.Errorf("%s: no server exports %s", where, name)
			}
		}
		var labels []string
		for _, m := range grouped.FindAllStringSubmatch(q, -1) {
			labels = append(labels, strings.Split(m[1], ", ")...)
		}
		for _, m := range matched.FindAllStringSubmatch(q, -1) {
			labels = append(labels, m[1])
		}
		for _, l := range labels {
			if !known[l] {
				t.Errorf("%s: no metric has the label %s", where, l)
			}
		}
	}
}

// Each alert says how grave it is and has its paragraph in docs/operations.md.
func TestAlertsAreExplained(t *testing.T) {
	b, err := os.ReadFile("../../docs/operations.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, g := range read[alerts](t, "prometheus/alerts.json").Groups {
		for _, r := range g.Rules {
			if s := r.Labels["severity"]; s != "warning" && s != "critical" {
				t.Errorf("%s: severity %q", r.Alert, s)
			}
			if r.Annotations["summary"] == "" || r.Annotations["description"] == "" || r.For == "" {
				t.Errorf("%s: no summary, description or time", r.Alert)
			}
			if !strings.Contains(string(b), "\n#### "+r.Alert+"\n") || !strings.HasSuffix(r.Annotations["runbook_url"], "/docs/operations.md#"+strings.ToLower(r.Alert)) {
				t.Errorf("%s: docs/operations.md does not say what to do, or runbook_url does not lead there", r.Alert)
			}
		}
	}
}

// The dashboard's panels have titles, units, ids of their own, the data source that is
// chosen, and do not lie over each other.
func TestDashboard(t *testing.T) {
	d := read[dashboard](t, "grafana/openrbm.json")
	ids, cells := map[int]bool{}, map[[2]int]string{}
	for _, p := range d.Panels {
		if p.Title == "" || ids[p.ID] {
			t.Errorf("panel %d %q: no title, or its id is used twice", p.ID, p.Title)
		}
		ids[p.ID] = true
		for x := p.GridPos.X; x < p.GridPos.X+p.GridPos.W; x++ {
			for y := p.GridPos.Y; y < p.GridPos.Y+p.GridPos.H; y++ {
				if under := cells[[2]int{x, y}]; under != "" || x >= 24 {
					t.Fatalf("%q lies over %q, or outside", p.Title, under)
				}
				cells[[2]int{x, y}] = p.Title
			}
		}
		if p.Type == "row" {
			continue
		}
		if p.Datasource.UID != "${datasource}" || len(p.Targets) == 0 || p.FieldConfig.Defaults.Unit == "" {
			t.Errorf("%q: another data source, no query or no unit", p.Title)
		}
		for _, q := range p.Targets {
			if !strings.Contains(q.Expr, `job="$job",instance=~"$instance"`) || q.LegendFormat == "" {
				t.Errorf("%q: %s is of all jobs or nodes, or has no legend", p.Title, q.Expr)
			}
		}
	}
}
