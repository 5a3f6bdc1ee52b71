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
	// Those of the replica, where there is one: TestReplicaThatIsAwayIsLoggedOnceAMinute.
	served := w.Body.String() + "\nithildin_tls_certificate_not_after_seconds{listener=\"public\"} 1\n" +
		"ithildin_replica_staleness_seconds 1\nithildin_replica_reads_total{source=\"replica\"} 1\n"
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

// What operators ask of a server can be read before anything has happened to it.
func TestMetricsAreServedFromTheStart(t *testing.T) {
	s := newService(t, slog.New(slog.DiscardHandler))
	w := httptest.NewRecorder()
	s.admin.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/metrics", nil))
	served := "\n" + w.Body.String()
	for question, series := range map[string]string{
		"requests by route":           `ithildin_http_request_seconds_sum{method="POST",route="/oauth2/par",status="200"} 0`,
		"requests by outcome":         `ithildin_http_request_seconds_sum{method="POST",route="/oauth2/par",status="500"} 0`,
		"grants issued":               `ithildin_tokens_issued_total{grant_type="refresh_token"} 0`,
		"grants refused by reason":    `ithildin_tokens_refused_total{error="invalid_grant",grant_type="refresh_token"} 0`,
		"sign-ins by method":          `ithildin_sign_ins_total{method="passkey",outcome="succeeded"} 0`,
		"sign-ins by outcome":         `ithildin_sign_ins_total{method="password",outcome="limited"} 0`,
		"codes sent":                  `ithildin_one_time_codes_total{outcome="sent"} 0`,
		"codes that failed":           `ithildin_one_time_codes_total{outcome="not_sent"} 0`,
		"mails sent":                  `ithildin_mails_total{purpose="password_reset",result="sent"} 0`,
		"mails that failed":           `ithildin_mails_total{purpose="password_reset",result="failed"} 0`,
		"reuse":                       `ithildin_refresh_reuse_total 0`,
		"hashing time":                `ithildin_password_hash_seconds_count 0`,
		"signing time":                `ithildin_signature_seconds_count{algorithm="ES256"} 0`,
		"waits for the pool":          `go_sql_wait_duration_seconds_total{db_name="ithildin"} `,
		"lag of the janitor":          `ithildin_janitor_last_success_seconds{task="sweep"} `,
		"age of keys":                 `ithildin_signing_key_activated_seconds{algorithm="ES256"} `,
		"age of the configuration":    `ithildin_configuration_age_seconds `,
		"clock skew":                  `ithildin_clock_skew_seconds `,
		"calls to other services":     `ithildin_outbound_calls_total{outcome="failed",purpose="sms"} 0`,
		"how long they take":          `ithildin_outbound_call_seconds_count{purpose="sms"} 0`,
		"build":                       `ithildin_build_info{`,
		"load that is shed":           `ithildin_requests_overloaded_total{limit="requests"} 0`,
		"requests beyond a rate":      `ithildin_rate_limited_total{limit="token"} 0`,
		"rates":                       `ithildin_rate_limit_requests{limit="introspection"} 0`,
		"what the collector received": `ithildin_otlp_exports_total{result="failed",signal="metrics"} 0`,
	} {
		require.Contains(t, served, "\n"+series, question)
	}
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
