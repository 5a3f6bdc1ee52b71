package main_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ithildin/storage/storagetest/requirement"
)

// captchaService has a script and a verifier as those of reCAPTCHA version 3: an answer is good for the action that it
// was made for.
func captchaService(t *testing.T) *httptest.Server {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /api.js", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/javascript")
		_, _ = fmt.Fprintf(w, `window.grecaptcha = {ready: (then) => then(), execute: async (key, {action}) =>
			key === %q ? "solved " + action : Promise.reject(new Error("another site"))};`, r.FormValue("render"))
	})
	mux.HandleFunc("POST /siteverify", func(w http.ResponseWriter, r *http.Request) {
		assert.Equal(t, "secret of the site", r.PostFormValue("secret"))
		action, solved := strings.CutPrefix(r.PostFormValue("response"), "solved ")
		_, _ = io.WriteString(w, fmt.Sprintf(`{"success":%t,"score":0.9,"action":%q}`, solved, action))
	})
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	return server
}

func TestPagesWithACaptchaAreSentByABrowserAndBreakNoRuleOfAccessibility(t *testing.T) {
	axe, err := os.ReadFile(filepath.Join(requirement.AxeCore.Get(t), "node_modules", "axe-core", "axe.min.js"))
	require.NoError(t, err)
	service := captchaService(t)
	p := start(t, t.TempDir(), []string{
		"ITHILDIN_CAPTCHA_SECRET=secret of the site", "ITHILDIN_CAPTCHA_SITE_KEY=site-key",
		"ITHILDIN_CAPTCHA_URL=" + service.URL + "/siteverify", "ITHILDIN_CAPTCHA_SCRIPT_URL=" + service.URL + "/api.js",
	}, "serve", "--dev")
	for size, pixels := range map[string][2]int{"phone": {390, 844}, "desk": {1280, 800}} {
		for _, language := range []string{"uk", "en"} {
			t.Run(size+" "+language, func(t *testing.T) {
				w := &walk{
					t: t, server: p, axe: string(axe), name: strings.Join([]string{"captcha", size, language}, "-"),
					browser: newBrowser(t, pixels[0], pixels[1], language),
				}
				w.do("forgot", chromedp.Navigate(p.issuer+"/login/forgot"), chromedp.WaitVisible("#forgot-submit"))
				w.do("forgot-sent", chromedp.SendKeys(`[name=email]`, "doctor@example.com\r"),
					chromedp.WaitVisible("#forgot-again"))
				w.do("invitation-check", chromedp.Navigate(w.invite(size+"-"+language+"@example.com")),
					chromedp.WaitVisible("#invitation-check"))
				w.do("invitation", chromedp.Click("#invitation-check"), chromedp.WaitVisible("#invitation-register"))
				require.False(t, look(t, w.browser, chromedp.Evaluate[bool](`"grecaptcha" in window`)),
					"no script from elsewhere is where a password is typed")
			})
		}
	}
	t.Run("without JavaScript a person is told what is missing", func(t *testing.T) {
		w := &walk{t: t, server: p, browser: newBrowser(t, 390, 844, "uk", chromedp.Flag("blink-settings",
			"scriptEnabled=false"))}
		require.NoError(t, chromedp.Do(w.browser, chromedp.Navigate(p.issuer+"/login/forgot"),
			chromedp.WaitVisible("#forgot-submit")))
		require.Contains(t, look(t, w.browser, chromedp.Text("main")), "Для перевірки потрібен JavaScript")
		require.NoError(t, chromedp.Do(w.browser, chromedp.SendKeys(`[name=email]`, "doctor@example.com\r"),
			chromedp.WaitVisible("[role=alert]")))
		require.Contains(t, look(t, w.browser, chromedp.Text("[role=alert]")), "Не вдалося перевірити")
	})
}
