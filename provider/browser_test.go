package provider_test

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"

	"ithildin/provider"
	"ithildin/storage"
	"ithildin/storage/storagetest"
)

// newChromium starts a browser with a profile of its own.
func newChromium(t *testing.T) context.Context {
	path := os.Getenv("ITHILDIN_TEST_CHROMIUM")
	if path == "" {
		t.Fatal("no browser is configured for tests: run `make test`, or set ITHILDIN_TEST_CHROMIUM")
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(path), chromedp.NoSandbox, chromedp.DisableGPU, chromedp.Flag("disable-quic", true),
		chromedp.Flag("disable-background-networking", true), chromedp.Flag("disable-component-update", true), chromedp.Flag("ignore-certificate-errors", true),
		chromedp.UserDataDir(t.TempDir()))
	allocator, cancelAllocator := chromedp.NewExecAllocator(context.Background(), options...)
	t.Cleanup(cancelAllocator)
	ctx, cancel := chromedp.NewContext(allocator)
	t.Cleanup(cancel)
	ctx, cancelTimeout := context.WithTimeout(ctx, time.Minute)
	t.Cleanup(cancelTimeout)
	return ctx
}

// clientPage is the page of a client with the session iframe of the provider: what that answers is on its body.
const clientPage = `<!doctype html><title>Client</title><body><iframe id="op" src="CHECK_SESSION_IFRAME"></iframe><script>
const asked = decodeURIComponent(location.hash.slice(1));
const frame = document.getElementById("op");
addEventListener("message", (event) => {
  if (event.source === frame.contentWindow) document.body.dataset.answer = event.data;
});
frame.addEventListener("load", () => frame.contentWindow.postMessage(asked, new URL(frame.src).origin));
</script>`

// TestABrowserKnowsWhenTheSessionChanges goes with chromium through a sign-in, the session iframe on a client's page, and a
// logout that another client hears of in a frame.
func TestABrowserKnowsWhenTheSessionChanges(t *testing.T) {
	s := newStack(t, storagetest.Engines()[0])
	framed := make(chan url.Values, 1)
	client := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/session":
			_, _ = w.Write([]byte(strings.Replace(clientPage, "CHECK_SESSION_IFRAME", s.server.URL+provider.PathSession, 1)))
		default:
			_, _ = w.Write([]byte(`<!doctype html><h1 id="client">` + r.URL.Path + `</h1>`))
		}
	}))
	t.Cleanup(client.Close)
	other := httptest.NewTLSServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { framed <- r.URL.Query() }))
	t.Cleanup(other.Close)
	s.client("clinic", func(c *storage.Client) {
		c.Connections[0].RedirectURIs = []string{client.URL + "/callback"}
		c.Metadata.PostLogoutRedirectURIs = []string{client.URL + "/signed-out"}
		c.Metadata.FrontchannelLogoutURI = other.URL + "/logout"
	})
	ctx := newChromium(t)
	do := func(steps ...chromedp.Action[chromedp.Void]) { require.NoError(t, chromedp.Do(ctx, steps...)) }
	parameters := request("clinic", "openid")
	parameters.Set("redirect_uri", client.URL+"/callback")
	do(chromedp.Navigate(s.server.URL+provider.PathAuthorize+"?"+parameters.Encode()), chromedp.WaitVisible("#login-submit"),
		chromedp.SendKeys(`[name=username]`, "doctor@example.com"), chromedp.SendKeys(`[name=password]`, password),
		chromedp.Click("#login-submit"), chromedp.WaitVisible("#consent-accept"), chromedp.Click("#consent-accept"),
		chromedp.WaitVisible("#client"))
	tokens := s.redeemAt("clinic", look(t, ctx, "new URL(location).searchParams.get('code')"), client.URL+"/callback")

	// Cookies know no ports, so the client's page shows what the iframe reads.
	_, state, found := strings.Cut(look(t, ctx, "document.cookie"), "ithildin-browser-state=")
	require.True(t, found)
	digest := sha256.Sum256([]byte("clinic " + client.URL + " " + state + " salt"))
	sessionState := base64.RawURLEncoding.EncodeToString(digest[:]) + ".salt"
	check := func(message string) string {
		// Another page between them, or the second would only be another place on the first.
		do(chromedp.Navigate("about:blank"), chromedp.Navigate(client.URL+"/session#"+url.PathEscape(message)),
			chromedp.WaitVisible("[data-answer]"))
		return look(t, ctx, "document.body.dataset.answer")
	}
	require.Equal(t, "unchanged", check("clinic "+sessionState))
	require.Equal(t, "changed", check("pharmacy "+sessionState))
	require.Equal(t, "error", check("clinic"))

	do(chromedp.Navigate(s.server.URL+provider.PathLogout+"?"+url.Values{
		"id_token_hint": {tokens.text("id_token")}, "post_logout_redirect_uri": {client.URL + "/signed-out"}, "state": {"s"},
	}.Encode()), chromedp.WaitVisible("#client"))
	require.Equal(t, client.URL+"/signed-out?state=s", look(t, ctx, "location.href"), "after the frame, without a click")
	heard := url.Values{}
	select {
	case heard = <-framed:
	case <-ctx.Done():
	}
	require.Equal(t, s.server.URL, heard.Get("iss"))
	require.Equal(t, claimsOf(t, tokens.text("id_token"))["sid"], heard.Get("sid"))
	require.Equal(t, "changed", check("clinic "+sessionState))
}

// look evaluates an expression on the page that the browser shows.
func look(t *testing.T, ctx context.Context, expression string) string {
	seen, err := chromedp.Run(ctx, chromedp.Evaluate[string](expression))
	require.NoError(t, err)
	return seen
}

// redeemAt is redeem for another redirect URI.
func (s *stack) redeemAt(id, code, redirectURI string) answer {
	return s.post(provider.PathToken, id, url.Values{
		"grant_type": {"authorization_code"}, "code": {code}, "redirect_uri": {redirectURI},
	})
}
