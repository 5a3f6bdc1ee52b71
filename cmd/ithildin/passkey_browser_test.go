package main_test

import (
	"context"
	"net"
	"net/url"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/webauthn"
	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"
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
// size of a phone and of a desk, in both languages.
func TestAPersonSignsInWithAPasskeyOfABrowser(t *testing.T) {
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
			step := func(shot string, steps ...chromedp.Action[chromedp.Void]) {
				t.Helper()
				require.NoError(t, chromedp.Do(ctx, steps...), shot)
				require.False(t, look(t, ctx, chromedp.Evaluate[bool](sticksOut)), "sticks out at the side: %s", shot)
				screenshot(t, ctx, "passkey-"+name+"-"+shot)
			}
			step("confirm", chromedp.Navigate(p.issuer+"/login/account/passkeys"), chromedp.WaitVisible("#passkey-submit"))
			require.Equal(t, c.signIn, look(t, ctx, chromedp.Text("#passkey-submit")))
			step("none", chromedp.SendKeys(`[name=username]`, "doctor@example.com"),
				chromedp.SendKeys(`[name=password]`, demoPasswordTyped), chromedp.Click("#login-submit"),
				chromedp.WaitVisible("#passkey-name"))
			require.Equal(t, c.add, look(t, ctx, chromedp.Text("#passkey-submit")))
			step("added", chromedp.SendKeys("#passkey-name", name), chromedp.Click("#passkey-submit"),
				chromedp.WaitVisible("#passkeys-notice"))
			require.Contains(t, look(t, ctx, chromedp.Text(".entries")), name)
			step("again", chromedp.Click("#passkey-submit"), chromedp.WaitVisible("#passkey-problem"))

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
			step("sign-in", chromedp.Navigate(begin), chromedp.WaitVisible("#passkey-submit"))
			present(true)
			step("consent", chromedp.Click("#passkey-submit"), chromedp.WaitVisible("#consent-accept"))
			// A touch is the choice.
			step("consent-offered", chromedp.Navigate(begin), chromedp.WaitVisible("#consent-accept"))
			require.NoError(t, chromedp.Do(ctx, chromedp.Click("#consent-accept"), chromedp.WaitVisible("#code")))
			require.True(t, strings.HasPrefix(look(t, ctx, chromedp.Location()), p.issuer+"/dev/callback"))
		})
	}
}
