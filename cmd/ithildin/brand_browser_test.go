package main_test

import (
	"bytes"
	"image"
	"image/color"
	"image/png"
	"os"
	"path/filepath"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"

	"ithildin/storage/storagetest/requirement"
)

// TestPagesWithTheBrandOfAnOperatorBreakNoRuleOfAccessibility shows pages with a name, a logo, colours and a text of an
// operator in chromium, light and dark, at the size of a phone and of a desk: axe-core finds nothing, the logo is
// there, and the button has the colour.
func TestPagesWithTheBrandOfAnOperatorBreakNoRuleOfAccessibility(t *testing.T) {
	axe, err := os.ReadFile(filepath.Join(requirement.AxeCore.Get(t), "node_modules", "axe-core", "axe.min.js"))
	require.NoError(t, err)
	directory := t.TempDir()
	var logo bytes.Buffer
	drawn := image.NewRGBA(image.Rect(0, 0, 120, 80))
	for i := range 120 * 80 {
		drawn.Set(i%120, i/120, color.RGBA{R: 0x7a, G: 0x1f, B: uint8(i / 120 * 3), A: 0xff})
	}
	require.NoError(t, png.Encode(&logo, drawn))
	require.NoError(t, os.WriteFile(filepath.Join(directory, "logo.png"), logo.Bytes(), 0o600))
	require.NoError(t, os.WriteFile(filepath.Join(directory, "texts.json"),
		[]byte(`{"uk": {"sign_in": "Вхід до порталу пацієнта <b>"}}`), 0o600))
	p := start(t, directory, []string{
		"ITHILDIN_SERVICE_NAME=Портал пацієнта", "ITHILDIN_LOGO_FILE=logo.png", "ITHILDIN_TEXTS_FILE=texts.json",
		"ITHILDIN_COLOR=#7a1f5c", "ITHILDIN_COLOR_DARK=#ffb3d9", "ITHILDIN_TERMS_URL=https://example.org/terms",
		"ITHILDIN_HELP_MAIL=help@example.org",
	}, "serve", "--dev")
	w := &walk{t: t, server: p, axe: string(axe), browser: newBrowser(t, 390, 844, "uk")}
	for scheme, button := range map[string]string{"light": "rgb(122, 31, 92)", "dark": "rgb(255, 179, 217)"} {
		call(t, w.browser, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
			Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}},
		})
		for size, pixels := range map[string][2]int64{"phone": {390, 844}, "desk": {1280, 800}} {
			w.name = "brand-" + scheme + "-" + size
			require.NoError(t, chromedp.Do(w.browser, chromedp.EmulateViewport(pixels[0], pixels[1])))
			w.do("front", chromedp.Navigate(p.issuer+"/"), chromedp.WaitVisible("#front-sign-in"))
			w.do("sign-in", chromedp.Click("#front-sign-in"), chromedp.WaitVisible("#login-submit"))
			require.Equal(t, "Вхід до порталу пацієнта <b>", look(t, w.browser, chromedp.Text("h1")))
			require.Contains(t, look(t, w.browser, chromedp.Text("header")), "Портал пацієнта")
			require.Equal(t, button, look(t, w.browser, chromedp.Evaluate[string](
				`getComputedStyle(document.getElementById("login-submit")).backgroundColor`)))
			require.Positive(t, look(t, w.browser, chromedp.Evaluate[int](
				`document.querySelector(".host img").naturalWidth`)), "the logo is loaded")
		}
	}
}
