package main_test

import (
	"context"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/webauthn"
	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"

	"ithildin/storage/storagetest/requirement"
)

// startWithPasskeys starts a development server whose issuer is a host name, since no passkey belongs to an address.
func startWithPasskeys(t *testing.T, environment ...string) *process {
	address := freeAddress(t)
	_, port, err := net.SplitHostPort(address)
	require.NoError(t, err)
	issuer := "http://localhost:" + port
	p := startAt(t, address, freeAddress(t), t.TempDir(), append(environment, "ITHILDIN_ISSUER="+issuer), "serve", "--dev")
	p.issuer = issuer
	return p
}

// call sends a command of the DevTools protocol to the page.
func call[P, R any](t *testing.T, ctx context.Context, command cdp.Command[P, R], params P) R {
	t.Helper()
	result, err := chromedp.Run(ctx, func(ctx context.Context, target *chromedp.Target) (R, error) {
		return cdp.Call(ctx, target, command, params)
	})
	require.NoError(t, err)
	return result
}

// addAuthenticator gives the browser an authenticator with which its owner is always there.
func addAuthenticator(t *testing.T, ctx context.Context) webauthn.AuthenticatorID {
	t.Helper()
	call(t, ctx, webauthn.Enable, webauthn.EnableParams{})
	return call(t, ctx, webauthn.AddVirtualAuthenticator, webauthn.AddVirtualAuthenticatorParams{
		Options: &webauthn.VirtualAuthenticatorOptions{
			Protocol: webauthn.AuthenticatorProtocolCtap2, Transport: webauthn.AuthenticatorTransportInternal,
			HasResidentKey: true, HasUserVerification: true, IsUserVerified: true, AutomaticPresenceSimulation: true,
		},
	}).AuthenticatorID
}

// TestAPersonSignsInWithAPasskeyOfABrowser adds a passkey to an authenticator of chromium and signs in with it, at the
// size of a phone and of a desk, in both languages, and has axe-core look at the pages.
func TestAPersonSignsInWithAPasskeyOfABrowser(t *testing.T) {
	axe, err := os.ReadFile(filepath.Join(requirement.AxeCore.Get(t), "node_modules", "axe-core", "axe.min.js"))
	require.NoError(t, err)
	p := startWithPasskeys(t)
	for name, c := range map[string]struct {
		width, height         int
		language, add, signIn string
	}{
		"phone-uk": {390, 844, "uk", "Додати ключ доступу", "Увійти з ключем доступу"},
		"phone-en": {390, 844, "en", "Add a passkey", "Sign in with a passkey"},
		"desk-uk":  {1280, 800, "uk", "Додати ключ доступу", "Увійти з ключем доступу"},
		"desk-en":  {1280, 800, "en", "Add a passkey", "Sign in with a passkey"},
	} {
		t.Run(name, func(t *testing.T) {
			ctx := newBrowser(t, c.width, c.height, c.language)
			authenticator := addAuthenticator(t, ctx)
			w := &walk{t: t, server: p, axe: string(axe), name: "passkey-" + name, browser: ctx}
			w.do("confirm", chromedp.Navigate(p.issuer+"/login/account/passkeys"), chromedp.WaitVisible("#passkey-submit"))
			require.Equal(t, c.signIn, look(t, ctx, chromedp.Text("#passkey-submit")))
			w.do("none", chromedp.SendKeys(`[name=username]`, "doctor@example.com"),
				chromedp.SendKeys(`[name=password]`, demoPasswordTyped), chromedp.Click("#login-submit"),
				chromedp.WaitVisible("#passkey-name"))
			require.Equal(t, c.add, look(t, ctx, chromedp.Text("#passkey-submit")))
			w.do("added", chromedp.SendKeys("#passkey-name", name), chromedp.Click("#passkey-submit"),
				chromedp.WaitVisible("#recovery-codes"))
			t.Cleanup(func() {
				p.verb("user", "factor", "remove", "doctor@example.com", "--type", "passkey", "--yes")
			})
			// A touch is the choice among saved passwords and passkeys, which the browser offers.
			w.do("passkeys", chromedp.Navigate(p.issuer+"/login/account/passkeys"), chromedp.WaitVisible("#passkey-name"))
			require.Contains(t, look(t, ctx, chromedp.Text(".entries")), name)
			w.do("again", chromedp.Click("#passkey-submit"), chromedp.WaitVisible("#passkey-problem"))

			created := call(t, ctx, webauthn.GetCredentials, webauthn.GetCredentialsParams{AuthenticatorID: authenticator})
			require.Len(t, created.Credentials, 1)
			require.True(t, created.Credentials[0].IsResidentCredential)

			begin := p.issuer + "/oauth2/authorize?" + url.Values{
				"client_id": {"demo"}, "redirect_uri": {p.issuer + "/dev/callback"}, "response_type": {"code"},
				"scope": {"openid"}, "prompt": {"login consent"}, "acr_values": {"phrh phr"}, "state": {"s"},
			}.Encode()
			// While nobody touches the authenticator, the browser waits for a choice among saved passwords and passkeys.
			present := func(there bool) {
				call(t, ctx, webauthn.SetAutomaticPresenceSimulation, webauthn.SetAutomaticPresenceSimulationParams{
					AuthenticatorID: authenticator, Enabled: there,
				})
			}
			present(false)
			w.do("sign-in", chromedp.Navigate(begin), chromedp.WaitVisible("#passkey-submit"))
			present(true)
			w.do("consent", chromedp.Click("#passkey-submit"), chromedp.WaitVisible("#consent-accept"))
			present(false)
			w.do("factor", chromedp.Navigate(begin), chromedp.WaitVisible("#passkey-submit"),
				chromedp.SendKeys(`[name=username]`, "doctor@example.com"),
				chromedp.SendKeys(`[name=password]`, demoPasswordTyped), chromedp.Click("#login-submit"),
				chromedp.WaitVisible(`form[action$="/login/passkey/factor"]`))
			present(true)
			w.do("consent-again", chromedp.Click("#passkey-submit"), chromedp.WaitVisible("#consent-accept"))
			require.NoError(t, chromedp.Do(ctx, chromedp.Click("#consent-accept"), chromedp.WaitVisible("#code")))
			require.True(t, strings.HasPrefix(look(t, ctx, chromedp.Location()), p.issuer+"/dev/callback"))
		})
	}
}

// TestAttackAuthenticatorOfABrowserIsCopied signs in with a copy of an authenticator, and with a passkey that was
// removed.
func TestAttackAuthenticatorOfABrowserIsCopied(t *testing.T) {
	p := startWithPasskeys(t)
	ctx := newBrowser(t, 390, 844, "uk")
	authenticator := addAuthenticator(t, ctx)
	do := func(steps ...chromedp.Action[chromedp.Void]) {
		t.Helper()
		require.NoError(t, chromedp.Do(ctx, steps...))
	}
	signOut := chromedp.Steps(chromedp.Navigate(p.issuer+"/login/sign-out"), chromedp.Click("#logout-confirm"),
		chromedp.WaitNotPresent("#logout-confirm"))
	passkeys := chromedp.Navigate(p.issuer + "/login/account/passkeys")
	do(passkeys, chromedp.SendKeys(`[name=username]`, "doctor@example.com"),
		chromedp.SendKeys(`[name=password]`, demoPasswordTyped), chromedp.Click("#login-submit"),
		chromedp.WaitVisible("#passkey-name"), chromedp.Click("#passkey-submit"), chromedp.WaitVisible("#recovery-codes"),
		passkeys, chromedp.WaitVisible("#passkey-name"), signOut)
	list := call(t, ctx, webauthn.GetCredentials, webauthn.GetCredentialsParams{AuthenticatorID: authenticator})
	require.Len(t, list.Credentials, 1)
	counted := func(signCount float64) {
		call(t, ctx, webauthn.SetCredentialProperties, webauthn.SetCredentialPropertiesParams{
			AuthenticatorID: authenticator, CredentialID: list.Credentials[0].CredentialID, SignCount: &signCount,
		})
	}
	counted(0) // as a copy from before
	do(passkeys, chromedp.WaitVisible("#sign-in-error"))
	require.Contains(t, look(t, ctx, chromedp.Text("#sign-in-error")), "існує копія цього ключа доступу")
	screenshot(t, ctx, "passkey-copied")

	counted(list.Credentials[0].SignCount)
	do(chromedp.Click("#passkey-submit"), chromedp.WaitVisible("#passkey-name"), chromedp.Click("[name=remove]"),
		chromedp.WaitVisible("#passkeys-notice"), signOut, passkeys, chromedp.WaitVisible("#sign-in-error"))
	require.Contains(t, look(t, ctx, chromedp.Text("#sign-in-error")), "тут не зареєстровано")
}
