package main_test

import (
	"context"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/coreos/go-oidc/v3/oidc"
	"github.com/stretchr/testify/require"
	"golang.org/x/oauth2"

	"ithildin/storage/storagetest/requirement"
)

// newBrowser starts chromium with a profile of its own, of that size and language.
func newBrowser(
	t *testing.T, width, height int, language string, more ...chromedp.ExecAllocatorOption,
) context.Context {
	path := requirement.Chromium.Get(t)
	options := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(path), chromedp.NoSandbox, chromedp.DisableGPU, chromedp.WindowSize(width, height),
		chromedp.Flag("lang", language), chromedp.Flag("accept-lang", language), chromedp.Flag("disable-quic", true),
		chromedp.Flag("disable-background-networking", true), chromedp.Flag("disable-component-update", true),
		chromedp.UserDataDir(t.TempDir()))
	allocator, cancelAllocator := chromedp.NewExecAllocator(context.Background(), append(options, more...)...)
	t.Cleanup(cancelAllocator)
	ctx, cancel := chromedp.NewContext(allocator)
	t.Cleanup(cancel)
	ctx, cancelTimeout := context.WithTimeout(ctx, 3*time.Minute)
	t.Cleanup(cancelTimeout)
	require.NoError(t, chromedp.Do(ctx, chromedp.EmulateViewport(int64(width), int64(height))))
	return ctx
}

// screenshot keeps what the browser shows, where ITHILDIN_TEST_SCREENSHOTS names a directory to look at afterwards.
func screenshot(t *testing.T, ctx context.Context, name string) {
	directory := os.Getenv("ITHILDIN_TEST_SCREENSHOTS")
	if directory == "" {
		return
	}
	image := look(t, ctx, chromedp.FullScreenshot(100))
	require.NoError(t, os.WriteFile(filepath.Join(directory, name+".png"), image, 0o600))
}

// look reads something off the page.
func look[T any](t *testing.T, ctx context.Context, what chromedp.Action[T]) T {
	seen, err := chromedp.Run(ctx, what)
	require.NoError(t, err)
	return seen
}

// relyingParty is an application with nothing but the issuer URL and its credentials.
type relyingParty struct {
	context  context.Context // holds the HTTP client
	provider *oidc.Provider
	config   oauth2.Config
}

func newRelyingParty(t *testing.T, issuer string, client *http.Client) *relyingParty {
	ctx := oidc.ClientContext(context.Background(), client)
	provider, err := oidc.NewProvider(ctx, issuer)
	require.NoError(t, err)
	return &relyingParty{context: ctx, provider: provider, config: oauth2.Config{
		ClientID: "demo", ClientSecret: "demo-secret", Endpoint: provider.Endpoint(), RedirectURL: issuer + "/dev/callback",
		Scopes: []string{oidc.ScopeOpenID, "profile", "email", oidc.ScopeOfflineAccess, "patients:view"},
	}}
}

const sticksOut = "document.documentElement.scrollWidth > document.documentElement.clientWidth"

// TestAPersonSignsInWithABrowserAndACertifiedClientGetsTokens goes through the pages with chromium, at the size of a
// phone and of a desk, in both languages, and through the protocol with the libraries that applications use.
func TestAPersonSignsInWithABrowserAndACertifiedClientGetsTokens(t *testing.T) {
	p := start(t, t.TempDir(), nil, "serve", "--dev")
	for name, c := range map[string]struct {
		width, height  int
		language, want string
	}{
		"phone in Ukrainian": {390, 844, "uk", "Увійти"},
		"desk in English":    {1280, 800, "en", "Sign in"},
		"phone in English":   {390, 844, "en", "Sign in"},
		"desk in Ukrainian":  {1280, 800, "uk", "Увійти"},
	} {
		t.Run(name, func(t *testing.T) {
			shot := strings.ReplaceAll(name, " ", "-")
			rp := newRelyingParty(t, p.issuer, http.DefaultClient)
			ctx := newBrowser(t, c.width, c.height, c.language)
			verifier := oauth2.GenerateVerifier()
			begin := rp.config.AuthCodeURL("state-"+shot, oauth2.S256ChallengeOption(verifier), oidc.Nonce("nonce-"+shot),
				oauth2.SetAuthURLParam("prompt", "consent"))
			do := func(steps ...chromedp.Action[chromedp.Void]) { require.NoError(t, chromedp.Do(ctx, steps...)) }
			do(chromedp.Navigate(begin), chromedp.WaitVisible("#login-submit"))
			require.Contains(t, look(t, ctx, chromedp.Text("#login-submit")), c.want)
			require.Contains(t, look(t, ctx, chromedp.OuterHTML("html")), `lang="`+c.language+`"`)
			require.False(t, look(t, ctx, chromedp.Evaluate[bool](sticksOut)), "nothing sticks out at the side")
			screenshot(t, ctx, shot+"-sign-in")

			do(chromedp.SendKeys(`[name=username]`, "doctor@example.com"), chromedp.SendKeys(`[name=password]`, "wrong"),
				chromedp.Click("#login-submit"), chromedp.WaitVisible(`[role=alert]`))
			screenshot(t, ctx, shot+"-sign-in-failed")
			do(chromedp.SendKeys(`[name=password]`, "demo-password-1"), chromedp.Click("#login-submit"),
				chromedp.WaitVisible("#consent-accept"))
			require.False(t, look(t, ctx, chromedp.Evaluate[bool](sticksOut)), "nothing sticks out at the side")
			screenshot(t, ctx, shot+"-consent")

			do(chromedp.Click("#consent-accept"), chromedp.WaitVisible("#code"))
			screenshot(t, ctx, shot+"-callback")
			rp.redeem(t, look(t, ctx, chromedp.Location()), "state-"+shot, "nonce-"+shot, verifier)
		})
	}
}

// redeem is what an application does with the answer.
func (rp *relyingParty) redeem(t *testing.T, landed, state, nonce, verifier string) {
	ctx := rp.context
	response, err := url.Parse(landed)
	require.NoError(t, err)
	require.Equal(t, state, response.Query().Get("state"))
	tokens, err := rp.config.Exchange(ctx, response.Query().Get("code"), oauth2.VerifierOption(verifier))
	require.NoError(t, err)
	raw, known := tokens.Extra("id_token").(string)
	require.True(t, known)
	idToken, err := rp.provider.Verifier(&oidc.Config{ClientID: rp.config.ClientID}).Verify(ctx, raw)
	require.NoError(t, err)
	require.Equal(t, nonce, idToken.Nonce)
	require.NoError(t, idToken.VerifyAccessToken(tokens.AccessToken))
	info, err := rp.provider.UserInfo(ctx, oauth2.StaticTokenSource(tokens))
	require.NoError(t, err)
	require.Equal(t, idToken.Subject, info.Subject)
	require.Equal(t, "doctor@example.com", info.Email)
	tokens.Expiry = time.Now().Add(-time.Minute)
	refreshed, err := rp.config.TokenSource(ctx, tokens).Token()
	require.NoError(t, err)
	require.NotEqual(t, tokens.AccessToken, refreshed.AccessToken)
}

// TestDemoCodeIsExchangedByAClickOnEitherInterface is the first five minutes: the URL that the server prints, and the
// buttons of the page where the sign-in ends.
func TestDemoCodeIsExchangedByAClickOnEitherInterface(t *testing.T) {
	p := start(t, t.TempDir(), nil, "serve", "--dev")
	ctx := newBrowser(t, 1280, 800, "uk")
	do := func(steps ...chromedp.Action[chromedp.Void]) { require.NoError(t, chromedp.Do(ctx, steps...)) }
	do(chromedp.Navigate(p.issuer+"/sign-in?"+url.Values{
		"client_id": {"6498d88e-97fb-47e2-85a5-99e884f888aa"}, "redirect_uri": {p.issuer + "/dev/callback"},
		"scope": {"patients:view"}, "state": {"first"},
	}.Encode()), chromedp.WaitVisible("#login-submit"),
		chromedp.SendKeys(`[name=username]`, "doctor@example.com"), chromedp.SendKeys(`[name=password]`, "demo-password-1"),
		chromedp.Click("#login-submit"), chromedp.WaitVisible("#consent-accept"), chromedp.Click("#consent-accept"),
		chromedp.WaitVisible("#code"), chromedp.Click("#exchange-legacy"), chromedp.WaitVisible("#answer"))
	require.Contains(t, look(t, ctx, chromedp.Text("#answer")), `"grant_type": "authorization_code"`)
	screenshot(t, ctx, "dev-exchange-legacy")
	for client, frontend := range map[string]string{
		"6498d88e-97fb-47e2-85a5-99e884f888aa": "standard", "demo": "standard",
	} {
		do(chromedp.Navigate(p.issuer+"/oauth2/authorize?"+url.Values{
			"client_id": {client}, "redirect_uri": {p.issuer + "/dev/callback"}, "scope": {"patients:view"},
			"response_type": {"code"}, "state": {"second"}, "prompt": {"consent"},
		}.Encode()), chromedp.WaitVisible("#consent-accept"),
			chromedp.Click("#consent-accept"), chromedp.WaitVisible("#code"),
			chromedp.Click("#exchange-"+frontend), chromedp.WaitVisible("#answer"))
		require.Contains(t, look(t, ctx, chromedp.Text("#answer")), `"access_token":`)
	}
}
