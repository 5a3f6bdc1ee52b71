package main_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ithildin/provider/oauth"
	"ithildin/storage"
	"ithildin/storage/storagetest"
	"ithildin/storage/storagetest/requirement"
)

// silentPanels are those that show nothing after the load of the test, with the reason.
var silentPanels = map[string]string{
	"Failed requests": "no request has failed, and a status has its series from the first one on",
	"Rows deleted":    "the janitor has found nothing that had expired",
	"Certificate":     "the listener of this server has none; TestMetricTellsWhenTheCertificateExpires has one",
}

// panelQuery is one query of the dashboard.
type panelQuery struct{ panel, expression string }

func dashboardQueries(t *testing.T) (queries []panelQuery) {
	content, err := os.ReadFile("../../deploy/grafana/ithildin.json")
	require.NoError(t, err)
	var dashboard struct {
		Panels []struct {
			Title   string
			Targets []struct{ Expr string }
		}
	}
	require.NoError(t, json.Unmarshal(content, &dashboard))
	for _, panel := range dashboard.Panels {
		for _, target := range panel.Targets {
			queries = append(queries, panelQuery{panel.Title, target.Expr})
		}
	}
	require.Greater(t, len(queries), 30)
	return queries
}

// prometheus scrapes a server twice a second until the test ends.
type prometheus struct {
	t       *testing.T
	address string
}

func startPrometheus(t *testing.T, target string) *prometheus {
	program := requirement.Prometheus.Get(t)
	directory := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(directory, "prometheus.yml"), []byte(fmt.Sprintf(
		"global: {scrape_interval: 500ms, scrape_timeout: 500ms}\nscrape_configs:\n"+
			"  - {job_name: ithildin, static_configs: [{targets: [%q]}]}\n", target)), 0o600))
	p := &prometheus{t: t, address: freeAddress(t)}
	runLogged(t, exec.Command(program, "--config.file="+filepath.Join(directory, "prometheus.yml"),
		"--storage.tsdb.path="+filepath.Join(directory, "data"), "--web.listen-address="+p.address, "--log.level=warn"))
	require.Eventually(t, func() bool {
		response, err := http.Get("http://" + p.address + "/-/ready")
		if err != nil {
			return false
		}
		response.Body.Close()
		return response.StatusCode == http.StatusOK
	}, patience, 50*time.Millisecond, "Prometheus is not ready")
	return p
}

// query evaluates an expression now, and returns how many values it has.
func (p *prometheus) query(expression string) int {
	_, body, _ := readAll(p.t, http.DefaultClient,
		"http://"+p.address+"/api/v1/query?"+url.Values{"query": {expression}}.Encode())
	var answer struct {
		Status string
		Data   struct{ Result []json.RawMessage }
	}
	require.NoError(p.t, json.Unmarshal([]byte(body), &answer), body)
	require.Equal(p.t, "success", answer.Status, body)
	return len(answer.Data.Result)
}

// loadForDashboard has one of each: a sign-in, an exchange, refreshes, refusals, questions, and a scrape between them.
func (p *process) loadForDashboard(store *storage.Store) {
	browser := newFormBrowser(p.t.(*testing.T), &http.Client{})
	browser.stop = p.issuer + "/dev/callback"
	browser.visit(p.issuer + oauth.PathAuthorize + "?" + url.Values{
		"client_id": {"demo"}, "response_type": {"code"}, "scope": {"openid"}, "redirect_uri": {browser.stop},
	}.Encode())
	p.accessTokenOf(store, "demo", "demo-secret")
	p.postAs(oauth.PathToken, "demo", "demo-secret", url.Values{"grant_type": {"refresh_token"}, "refresh_token": {"a"}})
	p.postAs(oauth.PathToken, "demo", "wrong", url.Values{"grant_type": {"client_credentials"}})
	p.postAs(oauth.PathIntrospect, "demo", "demo-secret", url.Values{"token": {"a"}})
}

// TestDashboardShowsALoad asks Prometheus what Grafana would, after some seconds of load.
func TestDashboardShowsALoad(t *testing.T) {
	p := start(t, t.TempDir(), nil, "serve", "--dev")
	scraped := startPrometheus(t, strings.TrimPrefix(p.admin, "http://"))
	store := storagetest.Open(t, "sqlite:"+filepath.Join(p.command.Dir, "ithildin-dev.db"),
		func(o *storage.Options) { o.Now = time.Now })
	require.NoError(t, store.CreateUser(t.Context(), storage.User{ID: crashUser, Email: "person@example.com"}))
	p.loadForDashboard(store)
	silent := func() (panels []string) {
		for _, q := range dashboardQueries(t) {
			filled := strings.NewReplacer("$__rate_interval", "1m", "$instance", ".*").Replace(q.expression)
			if scraped.query(filled) == 0 && silentPanels[q.panel] == "" {
				panels = append(panels, q.panel+": "+filled)
			}
		}
		return panels
	}
	for range 20 {
		p.loadForDashboard(store)
		if len(silent()) == 0 {
			break
		}
		time.Sleep(500 * time.Millisecond) // Prometheus scrapes meanwhile
	}
	require.Empty(t, silent())
	shown := map[string]bool{}
	for _, q := range dashboardQueries(t) {
		shown[q.panel] = true
	}
	for panel := range silentPanels {
		require.True(t, shown[panel], "the dashboard has no panel %q", panel)
	}
}
