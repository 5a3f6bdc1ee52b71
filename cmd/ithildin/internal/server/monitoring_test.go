package server

import (
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"ithildin/provider/oauth"
	"ithildin/storage/storagetest/requirement"
)

const (
	alertRules = "../../../../deploy/prometheus/ithildin.rules.yaml"
	ruleTests  = "../../../../deploy/prometheus/ithildin.rules.test.yaml"
	dashboard  = "../../../../deploy/grafana/ithildin.json"
)

// metricName finds the metrics of an expression.
var metricName = regexp.MustCompile(`\b(?:ithildin|go|process)_[a-z_]+`)

func TestAlertsAndDashboardAskForMetricsThatTheServerHas(t *testing.T) {
	s := newService(t, slog.New(slog.DiscardHandler))
	s.public.ServeHTTP(httptest.NewRecorder(), // the series of requests begin with the first one
		httptest.NewRequestWithContext(t.Context(), http.MethodGet, oauth.PathUserinfo, nil))
	w := httptest.NewRecorder()
	s.admin.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/metrics", nil))
	// Those of the certificate exist where the listener has one: TestMetricTellsWhenTheCertificateExpires.
	served := w.Body.String() + "\nithildin_tls_certificate_not_after_seconds 1\n"
	expressions := dashboardExpressions(t)
	rules, err := os.ReadFile(alertRules)
	require.NoError(t, err)
	names := 0
	for _, name := range metricName.FindAllString(string(rules)+"\n"+strings.Join(expressions, "\n"), -1) {
		require.True(t, strings.Contains(served, "\n"+name+"{") || strings.Contains(served, "\n"+name+" "),
			"%s is asked for and not served", name)
		names++
	}
	require.Greater(t, names, 60)
}

func TestEveryAlertIsExplained(t *testing.T) {
	rules, err := os.ReadFile(alertRules)
	require.NoError(t, err)
	explained, err := os.ReadFile("../../../../docs/alerts.md")
	require.NoError(t, err)
	alerts := regexp.MustCompile(`(?m)^ +- alert: (\w+)$`).FindAllStringSubmatch(string(rules), -1)
	require.Greater(t, len(alerts), 20)
	for _, alert := range alerts {
		require.Contains(t, string(explained), "\n## "+alert[1]+"\n")
	}
	require.Len(t, regexp.MustCompile(`(?m)^## `).FindAllString(string(explained), -1), len(alerts))
}

func dashboardExpressions(t *testing.T) []string {
	content, err := os.ReadFile(dashboard)
	require.NoError(t, err)
	var parsed struct {
		Panels []struct {
			Type    string
			Targets []struct{ Expr string }
		}
	}
	require.NoError(t, json.Unmarshal(content, &parsed))
	var expressions []string
	for _, panel := range parsed.Panels {
		require.True(t, panel.Type == "row" || len(panel.Targets) > 0)
		for _, target := range panel.Targets {
			expressions = append(expressions, target.Expr)
		}
	}
	require.NotEmpty(t, expressions)
	return expressions
}

func TestAlertsFireAndStaySilentAsTheirTestsSay(t *testing.T) {
	promtool := requirement.Promtool.Get(t)
	check := func(arguments ...string) {
		output, err := exec.CommandContext(t.Context(), promtool, arguments...).CombinedOutput()
		require.NoError(t, err, string(output))
	}
	check("check", "rules", alertRules)
	check("test", "rules", ruleTests)

	s := newService(t, slog.New(slog.DiscardHandler))
	w := httptest.NewRecorder()
	s.admin.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/metrics", nil))
	linter := exec.CommandContext(t.Context(), promtool, "check", "metrics")
	linter.Stdin = w.Body
	output, err := linter.CombinedOutput()
	require.NoError(t, err, string(output))
}

// TestDashboardQueriesAreEvaluated lets Prometheus's own parser read each query, with the values that Grafana puts in.
func TestDashboardQueriesAreEvaluated(t *testing.T) {
	promtool := requirement.Promtool.Get(t)
	var rules strings.Builder
	rules.WriteString("groups:\n  - name: dashboard\n    rules:\n")
	for _, expression := range dashboardExpressions(t) {
		filled := strings.NewReplacer("$__rate_interval", "5m", "$instance", ".*").Replace(expression)
		quoted, err := json.Marshal(filled)
		require.NoError(t, err)
		rules.WriteString("      - record: \"dashboard:query\"\n        expr: " + string(quoted) + "\n")
	}
	path := filepath.Join(t.TempDir(), "dashboard.yaml")
	require.NoError(t, os.WriteFile(path, []byte(rules.String()), 0o600))
	output, err := exec.CommandContext(t.Context(), promtool, "check", "rules", "--lint=none", path).CombinedOutput()
	require.NoError(t, err, string(output))
}
