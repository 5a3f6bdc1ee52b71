package main_test

import (
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/pquerna/otp/totp"
	"github.com/stretchr/testify/require"

	"ithildin/storage/storagetest/requirement"
)

// addApp adds an authenticator app on the account page, by the secret that the page shows, and examines what is on the
// way. It returns a recovery code.
func (w *walk) addApp() (recovery string) {
	w.do("authenticator-new", chromedp.Navigate(w.server.issuer+"/login/account/authenticator"),
		chromedp.WaitVisible("#authenticator-submit"))
	w.do("authenticator-new-wrong", chromedp.SendKeys("#code", "000000\r"), chromedp.WaitVisible("[role=alert]"))
	secret := strings.ReplaceAll(look(w.t, w.browser, chromedp.Text("#authenticator-secret")), " ", "")
	code, err := totp.GenerateCode(secret, time.Now())
	require.NoError(w.t, err)
	w.do("recovery-codes", chromedp.SendKeys("#name", "Робочий телефон"), chromedp.SendKeys("#code", code+"\r"),
		chromedp.WaitVisible("#recovery-codes"))
	return look(w.t, w.browser, chromedp.Text("#recovery-codes li"))
}

// TestPagesOfSecondFactorsBreakNoRuleOfAccessibility adds an app, signs in by a recovery code in its place, and removes
// it, at the size of a phone and of a desk and in both languages. The pages have no script.
func TestPagesOfSecondFactorsBreakNoRuleOfAccessibility(t *testing.T) {
	axe, err := os.ReadFile(filepath.Join(requirement.AxeCore.Get(t), "node_modules", "axe-core", "axe.min.js"))
	require.NoError(t, err)
	p := start(t, t.TempDir(), []string{
		"ITHILDIN_ONE_TIME_CODES_SENT=30", "ITHILDIN_ONE_TIME_CODE_FAILURES=100", "ITHILDIN_SIGN_IN_FAILURES=100",
	}, "serve", "--dev")
	for size, pixels := range map[string][2]int{"phone": {390, 844}, "desk": {1280, 800}} {
		for _, language := range []string{"uk", "en"} {
			t.Run(size+" "+language, func(t *testing.T) {
				w := &walk{
					t: t, server: p, axe: string(axe), name: strings.Join([]string{"factor", size, language}, "-"),
					browser: newBrowser(t, pixels[0], pixels[1], language),
				}
				account := w.server.issuer + "/login/account"
				require.NoError(t, chromedp.Do(w.browser, chromedp.Navigate(account), chromedp.WaitVisible("#login-submit"),
					w.password(demoPasswordTyped), chromedp.WaitVisible("#add-authenticator")))
				recovery := w.addApp()
				again := w.server.issuer + "/login/account/recovery-codes?" + url.Values{"lang": {language}}.Encode()
				w.do("authenticator", chromedp.Navigate(again), chromedp.WaitVisible("#login-submit"),
					chromedp.SendKeys("[name=password]", demoPasswordTyped+"\r"), chromedp.WaitVisible("#code-submit"))
				w.do("authenticator-wrong", chromedp.SendKeys("[name=code]", "000000\r"), chromedp.WaitVisible("[role=alert]"))
				w.do("factor-choice", chromedp.Click("#other-factor"), chromedp.WaitVisible("#factor-TOTP"))
				w.do("recovery-code", chromedp.Click("#factor-recovery_code"), chromedp.WaitVisible("#code-submit"))
				w.do("recovery-codes-new", chromedp.SendKeys("[name=code]", recovery+"\r"),
					chromedp.WaitVisible("#recovery-submit"))
				w.do("account-factors", chromedp.Navigate(account), chromedp.WaitVisible("#new-recovery-codes"))
				w.do("factor-remove", chromedp.Click(`a[href*="/account/factor?"]`), chromedp.WaitVisible("#remove-submit"))
				w.do("factor-removed", chromedp.Click("#remove-submit"), chromedp.WaitVisible("#account-notice"))
			})
		}
	}
}
