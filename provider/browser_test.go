package provider_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"

	"ithildin/provider/oauth"
	"ithildin/storage"
	"ithildin/storage/storagetest"
	"ithildin/storage/storagetest/requirement"
)

// newChromium starts a browser with a profile of its own.
func newChromium(t *testing.T, more ...chromedp.ExecAllocatorOption) context.Context {
	path := requirement.Chromium.Get(t)
	options := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(path), chromedp.NoSandbox, chromedp.DisableGPU, chromedp.Flag("disable-quic", true),
		chromedp.Flag("disable-background-networking", true), chromedp.Flag("disable-component-update", true),
		chromedp.IgnoreCertErrors, chromedp.UserDataDir(t.TempDir()))
	allocator, cancelAllocator := chromedp.NewExecAllocator(context.Background(), append(options, more...)...)
	t.Cleanup(cancelAllocator)
	ctx, cancel := chromedp.NewContext(allocator)
	t.Cleanup(cancel)
	ctx, cancelTimeout := context.WithTimeout(ctx, 3*time.Minute)
	t.Cleanup(cancelTimeout)
	return ctx
}

// clientPage is the page of a client with the session iframe of the provider: what that answers is on its body.
const clientPage = `<!doctype html><title>Client</title><body><iframe id="op" src="CHECK_SESSION_IFRAME"></iframe>
<script>
const asked = decodeURIComponent(location.hash.slice(1));
const frame = document.getElementById("op");
addEventListener("message", (event) => {
  if (event.source === frame.contentWindow) document.body.dataset.answer = event.data;
});
frame.addEventListener("load", () => frame.contentWindow.postMessage(asked, new URL(frame.src).origin));
</script>`

// leavingPage is a page of another site than the provider's, with a form that signs the person out.
const leavingPage = `<!doctype html><title>Client</title><form method="post" action="END_SESSION_ENDPOINT">
<input name="id_token_hint"><input name="post_logout_redirect_uri"><input name="state" value="s">
<button id="leave">Leave</button>
</form><script>
const form = document.forms[0];
[form.id_token_hint.value, form.post_logout_redirect_uri.value] = decodeURIComponent(location.hash.slice(1)).split(" ");
</script>`

// TestConformanceSessionIframeReportsASessionChange goes with chromium through a sign-in, the session iframe on a
// client's page, and a logout that another page of the client hears of in a frame.
func TestConformanceSessionIframeReportsASessionChange(t *testing.T) {
	s := newStack(t, storagetest.Engines()[0])
	framed := make(chan url.Values, 2)
	client := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/session":
			_, _ = w.Write([]byte(strings.Replace(clientPage, "CHECK_SESSION_IFRAME", s.server.URL+oauth.PathSession, 1)))
		case "/leave":
			_, _ = w.Write([]byte(strings.Replace(leavingPage, "END_SESSION_ENDPOINT", s.server.URL+oauth.PathLogout, 1)))
		default:
			_, _ = w.Write([]byte(`<!doctype html><h1 id="client">` + r.URL.Path + `</h1>`))
		}
	}))
	t.Cleanup(client.Close)
	// Over https, or no browser would frame it; the others over http, as the provider, or they would be another site.
	frames := httptest.NewTLSServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/logout" {
			framed <- r.URL.Query()
		}
	}))
	t.Cleanup(frames.Close)
	s.client("clinic", func(c *storage.Client) {
		c.Connections[0].RedirectURIs = []string{client.URL + "/callback"}
		c.Metadata.PostLogoutRedirectURIs = []string{client.URL + "/signed-out"}
		c.Metadata.FrontchannelLogoutURI = frames.URL + "/logout"
	})
	ctx := newChromium(t)
	do := func(t *testing.T, steps ...chromedp.Action[chromedp.Void]) {
		require.NoError(t, chromedp.Do(ctx, steps...))
	}
	authorize := request("clinic", "openid")
	authorize.Set("redirect_uri", client.URL+"/callback")
	begin := chromedp.Navigate(s.server.URL + oauth.PathAuthorize + "?" + authorize.Encode())
	signIn := []chromedp.Action[chromedp.Void]{
		begin, chromedp.WaitVisible("#login-submit"), chromedp.SendKeys(`[name=username]`, "doctor@example.com"),
		chromedp.SendKeys(`[name=password]`, password), chromedp.Click("#login-submit"),
	}
	answered := func(t *testing.T) (idToken, sessionState string) {
		landed, err := url.Parse(look(t, ctx, "location.href"))
		require.NoError(t, err)
		tokens := s.redeemAt("clinic", landed.Query().Get("code"), client.URL+"/callback")
		return tokens.member("id_token"), landed.Query().Get("session_state")
	}
	check := func(t *testing.T, message string) string {
		// Another page between them, or the second would only be another place on the first.
		do(t, chromedp.Navigate("about:blank"), chromedp.Navigate(client.URL+"/session#"+url.PathEscape(message)),
			chromedp.WaitVisible("[data-answer]"))
		return look(t, ctx, "document.body.dataset.answer")
	}
	requireHeard := func(t *testing.T, idToken string) {
		require.Equal(t, client.URL+"/signed-out?state=s", look(t, ctx, "location.href"), "after the frame, without a click")
		require.NotEmpty(t, framed, "no frame was opened before")
		heard := <-framed
		require.Equal(t, s.server.URL, heard.Get("iss"))
		require.Equal(t, claimsOf(t, idToken)["sid"], heard.Get("sid"))
	}
	t.Run("session-management-discovery-endpoint-verification", func(t *testing.T) {
		require.Equal(t, s.server.URL+oauth.PathSession, s.discovered()["check_session_iframe"])
	})
	t.Run("session-management-rp-initiated-logout", func(t *testing.T) {
		do(t, append(signIn, chromedp.WaitVisible("#consent-accept"), chromedp.Click("#consent-accept"),
			chromedp.WaitVisible("#client"))...)
		hint, first := answered(t)
		require.Equal(t, "unchanged", check(t, "clinic "+first))
		require.Equal(t, "changed", check(t, "pharmacy "+first))
		require.Equal(t, "error", check(t, "clinic"))
		do(t, begin, chromedp.WaitVisible("#client"))
		_, second := answered(t)
		require.NotEqual(t, first, second, "salted")
		require.Equal(t, "unchanged", check(t, "clinic "+first))
		require.Equal(t, "unchanged", check(t, "clinic "+second))

		do(t,
			chromedp.Navigate(s.server.URL+oauth.PathLogout+"?"+hinted(hint, client.URL+"/signed-out", "state", "s").Encode()),
			chromedp.WaitVisible("#client"))
		requireHeard(t, hint)
		require.Equal(t, "changed", check(t, "clinic "+first))
		require.Equal(t, "changed", check(t, "clinic "+second))
	})
	t.Run("rp-initiated-logout by POST from another site", func(t *testing.T) {
		do(t, append(signIn, chromedp.WaitVisible("#client"))...)
		hint, state := answered(t)
		another := strings.Replace(client.URL, "127.0.0.1", "localhost", 1)
		do(t, chromedp.Navigate(another+"/leave#"+url.PathEscape(hint+" "+client.URL+"/signed-out")),
			chromedp.Click("#leave"), chromedp.WaitVisible("#client"))
		requireHeard(t, hint)
		require.Equal(t, "changed", check(t, "clinic "+state))
	})
}

// look evaluates an expression on the page that the browser shows.
func look(t *testing.T, ctx context.Context, expression string) string {
	seen, err := chromedp.Run(ctx, chromedp.Evaluate[string](expression))
	require.NoError(t, err)
	return seen
}

// redeemAt is redeem for another redirect URI.
func (s *stack) redeemAt(id, code, redirectURI string) reply {
	return s.post(oauth.PathToken, id, url.Values{
		"grant_type": {"authorization_code"}, "code": {code}, "redirect_uri": {redirectURI},
	})
}
