package main_test

import (
	"encoding/json"
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

// beginDevice begins a request of a device of the demo client.
func (p *process) beginDevice(t *testing.T) (begun struct {
	DeviceCode string `json:"device_code"`
	UserCode   string `json:"user_code"`
	Complete   string `json:"verification_uri_complete"`
}) {
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, p.issuer+"/oauth2/device_authorization",
		strings.NewReader(url.Values{"scope": {"openid profile patients:view"}}.Encode()))
	require.NoError(t, err)
	r.SetBasicAuth("demo", "demo-secret")
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	response, err := http.DefaultClient.Do(r)
	require.NoError(t, err)
	defer response.Body.Close()
	require.Equal(t, http.StatusOK, response.StatusCode)
	require.NoError(t, json.NewDecoder(response.Body).Decode(&begun))
	return begun
}

// devices goes with two devices through all pages: one is allowed, one is not.
func (w *walk) devices() {
	allowed, denied := w.server.beginDevice(w.t), w.server.beginDevice(w.t)
	w.do("device", chromedp.Navigate(w.server.issuer+"/device"), chromedp.WaitVisible("#device-continue"))
	w.do("device-wrong", chromedp.KeyEvent("BBBB-BBBB\r"), chromedp.WaitVisible("#device-error"))
	w.do("device-complete", chromedp.Navigate(allowed.Complete), chromedp.WaitVisible("#device-continue"))
	w.do("device-sign-in", chromedp.Click("#device-continue"), chromedp.WaitVisible("#login-submit"))
	w.do("device-confirm", w.password(demoPasswordTyped), chromedp.WaitVisible("#device-accept"))
	require.Equal(w.t, allowed.UserCode, look(w.t, w.browser, chromedp.Text("#device-code")))
	w.do("device-unconfirmed", chromedp.Click("#device-accept"), chromedp.WaitVisible("#device-error"))
	w.do("device-approved", chromedp.Click("#device-matches"), chromedp.Click("#device-accept"),
		chromedp.WaitVisible("#notice"))
	w.do("device-over", chromedp.Navigate(allowed.Complete), chromedp.Click("#device-continue"),
		chromedp.WaitVisible("#device-error"))
	w.do("device-denied", chromedp.Navigate(denied.Complete), chromedp.Click("#device-continue"),
		chromedp.WaitVisible("#device-deny"), chromedp.Click("#device-deny"), chromedp.WaitVisible("#notice"))
}

func TestPagesOfDevicesBreakNoRuleOfAccessibility(t *testing.T) {
	axe, err := os.ReadFile(filepath.Join(requirement.AxeCore.Get(t), "node_modules", "axe-core", "axe.min.js"))
	require.NoError(t, err)
	p := start(t, t.TempDir(), nil, "serve", "--dev")
	for size, pixels := range map[string][2]int{"phone": {390, 844}, "desk": {1280, 800}} {
		for _, language := range []string{"uk", "en"} {
			t.Run(size+" "+language, func(t *testing.T) {
				w := &walk{
					t: t, server: p, axe: string(axe), name: strings.Join([]string{"device", size, language}, "-"),
					browser: newBrowser(t, pixels[0], pixels[1], language),
				}
				w.devices()
			})
		}
	}
}
