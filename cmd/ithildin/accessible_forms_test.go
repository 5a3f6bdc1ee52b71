package main_test

import (
	"html"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"

	"ithildin/storage/storagetest/requirement"
)

var linkOfReset = regexp.MustCompile(`/login/reset\?link=[A-Za-z0-9_-]+`)

// forgotPassword goes from the sign-in form to the link, which is sent once, and looks at the page of the new password.
func (w *walk) forgotPassword() {
	w.do("forgot", chromedp.Navigate(w.server.issuer+"/login/forgot"), chromedp.WaitVisible("#forgot-submit"))
	w.do("forgot-refused", chromedp.KeyEvent("doctor\r"), chromedp.WaitVisible("[role=alert]"))
	w.do("forgot-sent", chromedp.Clear(`[name=email]`), chromedp.SendKeys(`[name=email]`, "doctor@example.com\r"),
		chromedp.WaitVisible("#notice"))
	var link string
	require.Eventually(w.t, func() bool {
		link = linkOfReset.FindString(html.UnescapeString(w.server.output.String()))
		return link != ""
	}, patience, 50*time.Millisecond)
	w.do("reset", chromedp.Navigate(w.server.issuer+link), chromedp.WaitVisible("#reset-submit"))
	w.do("reset-refused", chromedp.KeyEvent("short\tshort\r"), chromedp.WaitVisible("[role=alert]"))
	w.do("reset-over", chromedp.Navigate(w.server.issuer+"/login/reset"), chromedp.WaitVisible("#forgot-again"))
}

// sign looks at the page of a digital signature, with the part for a file that was signed elsewhere.
func (w *walk) sign() {
	begin := w.server.issuer + "/sign-in?" + url.Values{
		"client_id": {demoClientID}, "redirect_uri": {w.server.issuer + "/dev/callback"}, "scope": {"employee:read"},
	}.Encode()
	w.do("signature", chromedp.Navigate(begin), chromedp.WaitVisible("#signing-submit"))
	w.do("signature-elsewhere", chromedp.Click("#signature-elsewhere"), chromedp.WaitVisible("#signature-submit"))
	w.do("signature-refused", chromedp.Click("#signing-submit"), chromedp.WaitVisible("#signing-problem"))
}

func TestPagesOfForgottenPasswordsAndSignaturesBreakNoRuleOfAccessibility(t *testing.T) {
	axe, err := os.ReadFile(filepath.Join(requirement.AxeCore.Get(t), "node_modules", "axe-core", "axe.min.js"))
	require.NoError(t, err)
	p := start(t, t.TempDir(), []string{
		"ITHILDIN_SIGNATURE_URL=" + signatureService(t).URL, "ITHILDIN_SIGNATURE_TOKEN=token of the service",
	}, "serve", "--dev")
	p.verb("scope", "put", "employee:read", "--title-uk", "Переглядати дані працівників", "--title-en", "View employees",
		"--login-form", "signature")
	for size, pixels := range map[string][2]int{"phone": {390, 844}, "desk": {1280, 800}} {
		for _, language := range []string{"uk", "en"} {
			t.Run(size+" "+language, func(t *testing.T) {
				w := &walk{
					t: t, server: p, axe: string(axe), name: strings.Join([]string{"form", size, language}, "-"),
					browser: newBrowser(t, pixels[0], pixels[1], language),
				}
				w.forgotPassword()
				w.sign()
			})
		}
	}
}
