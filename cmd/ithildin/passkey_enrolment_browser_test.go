package main_test

import (
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"

	"ithildin/storage/storagetest/requirement"
)

// TestAPersonAddsAPasskeyInASignInThatRequiresOne signs in with the password in chromium where an essential acr asks
// for a passkey: the person adds one to a virtual authenticator, keeps the recovery codes, and is at the consent page.
func TestAPersonAddsAPasskeyInASignInThatRequiresOne(t *testing.T) {
	axe, err := os.ReadFile(filepath.Join(requirement.AxeCore.Get(t), "node_modules", "axe-core", "axe.min.js"))
	require.NoError(t, err)
	p := startWithPasskeys(t)
	ctx := newBrowser(t, 390, 844, "uk")
	addAuthenticator(t, ctx)
	w := &walk{t: t, server: p, axe: string(axe), name: "passkey-enrolment", browser: ctx}
	begin := p.issuer + "/oauth2/authorize?" + url.Values{
		"client_id": {"demo"}, "redirect_uri": {p.issuer + "/dev/callback"}, "response_type": {"code"},
		"scope": {"openid"}, "prompt": {"consent"}, "state": {"s"},
		"claims": {`{"id_token": {"acr": {"essential": true, "values": ["phr"]}}}`},
	}.Encode()
	w.do("page", chromedp.Navigate(begin), chromedp.WaitVisible("#login-submit"),
		chromedp.SendKeys(`[name=username]`, "doctor@example.com"),
		chromedp.SendKeys(`[name=password]`, demoPasswordTyped), chromedp.Click("#login-submit"),
		chromedp.WaitVisible("#passkey-name"))
	require.Contains(t, look(t, ctx, chromedp.Text("main")), "потрібен ключ доступу")
	w.do("codes", chromedp.SendKeys("#passkey-name", "Телефон"), chromedp.Click("#passkey-submit"),
		chromedp.WaitVisible("#recovery-saved"))
	require.NoError(t, chromedp.Do(ctx, chromedp.Click("#recovery-saved"), chromedp.WaitVisible("#consent-accept"),
		chromedp.Click("#consent-accept"), chromedp.WaitVisible("#code")))
	require.True(t, strings.HasPrefix(look(t, ctx, chromedp.Location()), p.issuer+"/dev/callback"))
}
