package main_test

import (
	"context"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"

	"ithildin/storage/storagetest/requirement"
)

// The pages that need no more than their address: for anybody, and for somebody who is signed in. Those that need what
// was typed before are steps of the walk.
var (
	pagesForAnybody = map[string]string{
		"front":      "/",
		"conditions": "/login/conditions", "unknown-page": "/login/nothing", "sign-out-nobody": "/login/sign-out",
		"damaged-request": "/login/sign-in", "invitation-off": "/login/invite?invite=nothing",
		"unknown-client": "/sign-in?client_id=nobody",
	}
	pagesOfTheAccount = map[string]string{
		"account": "/login/account", "access": "/login/account/access", "export": "/login/account/data",
		"account-changed": "/login/account?changed=password",
		"password":        "/login/account/password", "phone": "/login/account/phone", "sign-out": "/login/sign-out",
	}
)

// walk goes through the pages of a server with one browser and examines each.
type walk struct {
	t       *testing.T
	server  *process
	browser context.Context
	axe     string // the script
	name    string // of the browser's size and language, for screenshots
}

const (
	// foundByAxe is what axe-core finds on the page: the rules that it breaks, each with the elements, as JSON.
	foundByAxe = `axe.run().then(({violations}) => JSON.stringify(violations.map(
	({id, help, nodes}) => ({id, help, nodes: nodes.map(({html, failureSummary}) => [html, failureSummary])}))))`
	demoPasswordTyped = "demo-password-1"
)

// do takes steps to a page and examines it: nothing sticks out at the side, and axe-core finds nothing.
func (w *walk) do(page string, steps ...chromedp.Action[chromedp.Void]) {
	w.t.Helper()
	require.NoError(w.t, chromedp.Do(w.browser, steps...), page)
	require.False(w.t, look(w.t, w.browser, chromedp.Evaluate[bool](sticksOut)), "%s: sticks out at the side", page)
	screenshot(w.t, w.browser, w.name+"-"+page)
	look(w.t, w.browser, chromedp.Evaluate[bool](w.axe+"; true"))
	found := look(w.t, w.browser, chromedp.Evaluate[string](foundByAxe, chromedp.EvalAwaitPromise))
	require.JSONEq(w.t, `[]`, found, page)
}

// open examines pages by their address.
func (w *walk) open(pages map[string]string) {
	w.t.Helper()
	for page, path := range pages {
		w.do(page, chromedp.Navigate(w.server.issuer+path), chromedp.WaitVisible("main h1"))
	}
}

// password fills in the sign-in form. Every field is reached with the keyboard alone.
func (w *walk) password(typed string) chromedp.Action[chromedp.Void] {
	return chromedp.KeyEvent("doctor@example.com\t" + typed + "\r")
}

func (w *walk) code() chromedp.Action[chromedp.Void] {
	return chromedp.SendKeys(`[name=code]`, w.server.lastCode(w.t))
}

// signIn goes to the consent page, and examines what is on the way.
func (w *walk) signIn() {
	begin := w.server.issuer + "/sign-in?" + url.Values{
		"client_id": {demoClientID}, "redirect_uri": {w.server.issuer + "/dev/callback"}, "scope": {"patients:view"},
	}.Encode()
	w.do("sign-in", chromedp.Navigate(begin), chromedp.WaitVisible("#login-submit"))
	w.do("sign-in-wrong", w.password("wrong"), chromedp.WaitVisible("[role=alert]"))
	w.do("code", chromedp.KeyEvent(demoPasswordTyped+"\r"), chromedp.WaitVisible("#code-submit"))
	w.do("code-wrong", chromedp.SendKeys(`[name=code]`, "000000\r"), chromedp.WaitVisible("[role=alert]"))
	w.do("code-resent", chromedp.Click("#code-resend"), chromedp.WaitVisible("#step-notice"))
	w.do("consent", w.code(), chromedp.Click("#code-submit"), chromedp.WaitVisible("#consent-accept"))
}

// changePhone goes as far as to the code to the new number.
func (w *walk) changePhone() {
	w.do("phone-wrong", chromedp.Navigate(w.server.issuer+"/login/account/phone"),
		chromedp.WaitVisible("#phone-password-submit"), chromedp.KeyEvent("wrong\r"), chromedp.WaitVisible("[role=alert]"))
	w.do("phone-code", chromedp.SendKeys(`[name=password]`, demoPasswordTyped+"\r"), chromedp.WaitVisible("#code-submit"))
	w.do("phone-new", w.code(), chromedp.Click("#code-submit"), chromedp.WaitVisible("#phone-submit"))
	w.do("phone-new-wrong", chromedp.KeyEvent("12\r"), chromedp.WaitVisible("[role=alert]"))
	w.do("phone-confirm", chromedp.Clear(`[name=phone]`), chromedp.SendKeys(`[name=phone]`, "067 111 22 44\r"),
		chromedp.WaitVisible("#code-submit"))
}

// changePassword is refused for what the new password is, so that the next walk finds the same.
func (w *walk) changePassword() {
	w.do("password-refused", chromedp.Navigate(w.server.issuer+"/login/account/password"),
		chromedp.WaitVisible("#password-submit"), chromedp.KeyEvent(demoPasswordTyped+"\tshort\tshort\r"),
		chromedp.WaitVisible("[role=alert]"))
}

// TestPagesBreakNoRuleOfAccessibility walks with chromium through the pages, at the size of a phone and of a desk and
// in both languages, and has axe-core (WCAG 2.2 A and AA, and its best practices) look at each.
func TestPagesBreakNoRuleOfAccessibility(t *testing.T) {
	axe, err := os.ReadFile(filepath.Join(requirement.AxeCore.Get(t), "node_modules", "axe-core", "axe.min.js"))
	require.NoError(t, err)
	p := start(t, t.TempDir(), []string{
		"ITHILDIN_HELP_TEXT=Служба підтримки допоможе з входом.", "ITHILDIN_HELP_MAIL=help@example.org",
		"ITHILDIN_HELP_PHONE=+380 44 123 45 67", "ITHILDIN_HELP_HOURS=Пн–Пт 9:00–18:00",
		"ITHILDIN_PRIVACY_URL=https://example.org/privacy", "ITHILDIN_ONE_TIME_CODES_SENT=30",
		"ITHILDIN_ONE_TIME_CODE_FAILURES=100", "ITHILDIN_SIGN_IN_FAILURES=100",
	}, "serve", "--dev")
	user := "/admin/users/" + demoUser(t, p)
	p.adminAPI(t, http.MethodPost, user+"/authentication_factors", `{"type":"SMS","factor":"+380501234567"}`)
	for size, pixels := range map[string][2]int{"phone": {390, 844}, "desk": {1280, 800}} {
		for _, language := range []string{"uk", "en"} {
			newWalk := func(t *testing.T) *walk {
				return &walk{
					t: t, server: p, axe: string(axe), name: strings.Join([]string{"page", size, language}, "-"),
					browser: newBrowser(t, pixels[0], pixels[1], language),
				}
			}
			t.Run(size+" "+language+" without a session", func(t *testing.T) { newWalk(t).open(pagesForAnybody) })
			t.Run(size+" "+language, func(t *testing.T) {
				p.adminAPI(t, http.MethodDelete, user+"/apps", "") // so that consent is asked for again
				w := newWalk(t)
				w.signIn()
				w.open(pagesOfTheAccount)
				w.changePassword()
				w.changePhone()
			})
		}
	}
}

// TestPersonChangesPasswordAndPhoneWithABrowser goes from the old addresses of mithril's front end to the end.
func TestPersonChangesPasswordAndPhoneWithABrowser(t *testing.T) {
	p := start(t, t.TempDir(), []string{"ITHILDIN_ONE_TIME_CODES_SENT=30"}, "serve", "--dev")
	p.adminAPI(t, http.MethodPost, "/admin/users/"+demoUser(t, p)+"/authentication_factors",
		`{"type":"SMS","factor":"+380501234567"}`)
	w := &walk{t: t, server: p, browser: newBrowser(t, 390, 844, "uk")}
	do := func(steps ...chromedp.Action[chromedp.Void]) { require.NoError(t, chromedp.Do(w.browser, steps...)) }
	const password = "seven quiet herons over a lake"

	do(chromedp.Navigate(p.issuer+"/update-password"), chromedp.WaitVisible("#login-submit"),
		w.password(demoPasswordTyped), chromedp.WaitVisible("#code-submit"))
	do(w.code(), chromedp.Click("#code-submit"),
		chromedp.WaitVisible("#password-submit"),
		chromedp.KeyEvent(demoPasswordTyped+"\t"+password+"\t"+password+"\r"), chromedp.WaitVisible("#account-notice"))
	require.Contains(t, look(t, w.browser, chromedp.Text("#account-notice")), "Пароль змінено")
	p.awaitLetter("doctor@example.com", "Пароль змінено", 0)

	do(chromedp.Navigate(p.issuer+"/update-factor"), chromedp.WaitVisible("#phone-password-submit"),
		chromedp.KeyEvent(password+"\r"), chromedp.WaitVisible("#code-submit"))
	do(w.code(), chromedp.Click("#code-submit"), chromedp.WaitVisible("#phone-submit"),
		chromedp.KeyEvent("067 111 22 44\r"), chromedp.WaitVisible("#code-other-number"))
	do(w.code(), chromedp.Click("#code-submit"), chromedp.WaitVisible("#account-notice"))
	require.Contains(t, look(t, w.browser, chromedp.Text("#account-notice")), "Номер телефону змінено")
	p.awaitLetter("doctor@example.com", "Номер телефону змінено", 0)
	do(chromedp.Click("#change-phone"), chromedp.WaitVisible("#account"))
	require.Contains(t, look(t, w.browser, chromedp.Text("main")), "зовсім недавно")
}
