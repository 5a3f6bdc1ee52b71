package main_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"
)

// sessionPage is the page of a client with the session iframe of the provider: what that answers is on its body.
const sessionPage = `<!doctype html><title>Client</title><body><iframe id="op" src="CHECK_SESSION_IFRAME"></iframe>
<script>
const asked = decodeURIComponent(location.hash.slice(1));
const frame = document.getElementById("op");
addEventListener("message", (event) => {
  if (event.source === frame.contentWindow) document.body.dataset.answer = event.data;
});
frame.addEventListener("load", () => frame.contentWindow.postMessage(asked, new URL(frame.src).origin));
</script>`

// The guide to certification says with which profile of chromium the modules of session management pass: the frame is
// of another site than the page of the client, so its cookie is a third-party one.
func TestSessionIframeAnswersChangedWhereThirdPartyCookiesAreBlocked(t *testing.T) {
	a := newAuthority(t)
	p := a.startTLS(nil, "serve", "--dev")
	client := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		page := `<!doctype html><h1 id="client">Client</h1>`
		if r.URL.Path == "/session" {
			page = strings.Replace(sessionPage, "CHECK_SESSION_IFRAME", p.issuer+"/oauth2/session", 1)
		}
		_, _ = w.Write([]byte(page))
	}))
	t.Cleanup(client.Close)
	site := strings.Replace(client.URL, "127.0.0.1", "localhost", 1)
	p.verb("client", "create", "--id", "session", "--name", "Session", "--scope", "openid",
		"--redirect-uri", site+"/callback")
	begin := p.issuer + "/oauth2/authorize?" + url.Values{
		"client_id": {"session"}, "redirect_uri": {site + "/callback"}, "response_type": {"code"}, "scope": {"openid"},
		"prompt": {"consent"},
	}.Encode()
	guide, err := os.ReadFile("../../docs/conformance.md")
	require.NoError(t, err)
	const allowed = `{"profile":{"block_third_party_cookies":false,"cookie_controls_mode":0}}`
	require.Contains(t, string(guide), "echo '"+allowed+"' >")
	for preferences, want := range map[string]string{
		allowed: "unchanged",
		`{"profile":{"block_third_party_cookies":true,"cookie_controls_mode":1}}`: "changed",
	} {
		t.Run(want, func(t *testing.T) {
			profile := t.TempDir()
			require.NoError(t, os.Mkdir(filepath.Join(profile, "Default"), 0o700))
			require.NoError(t, os.WriteFile(filepath.Join(profile, "Default", "Preferences"), []byte(preferences), 0o600))
			ctx := newBrowser(t, 1280, 800, "en", chromedp.UserDataDir(profile), chromedp.IgnoreCertErrors)
			require.NoError(t, chromedp.Do(ctx, chromedp.Navigate(begin), chromedp.WaitVisible("#login-submit"),
				chromedp.SendKeys(`[name=username]`, "doctor@example.com"),
				chromedp.SendKeys(`[name=password]`, "demo-password-1"), chromedp.Click("#login-submit"),
				chromedp.WaitVisible("#consent-accept"), chromedp.Click("#consent-accept"), chromedp.WaitVisible("#client")))
			landed, err := url.Parse(look(t, ctx, chromedp.Evaluate[string]("location.href")))
			require.NoError(t, err)
			asked := url.PathEscape("session " + landed.Query().Get("session_state"))
			require.NoError(t, chromedp.Do(ctx, chromedp.Navigate(site+"/session#"+asked),
				chromedp.WaitVisible("[data-answer]")))
			require.Equal(t, want, look(t, ctx, chromedp.Evaluate[string]("document.body.dataset.answer")))
		})
	}
}
