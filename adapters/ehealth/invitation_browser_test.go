package ehealth_test

import (
	"context"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"

	"ithildin/storage/storagetest"
	"ithildin/storage/storagetest/requirement"
)

// chromium is a browser with a profile of its own.
type chromium struct {
	t    *testing.T
	ctx  context.Context
	name string // of its screenshots
}

func newChromium(t *testing.T, name string, width, height int, language string) *chromium {
	options := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(requirement.Chromium.Get(t)), chromedp.NoSandbox, chromedp.DisableGPU,
		chromedp.Flag("lang", language), chromedp.Flag("accept-lang", language), chromedp.Flag("disable-quic", true),
		chromedp.Flag("disable-background-networking", true), chromedp.Flag("disable-component-update", true),
		chromedp.UserDataDir(t.TempDir()))
	allocator, cancelAllocator := chromedp.NewExecAllocator(context.Background(), options...)
	t.Cleanup(cancelAllocator)
	ctx, cancel := chromedp.NewContext(allocator)
	t.Cleanup(cancel)
	ctx, cancelTimeout := context.WithTimeout(ctx, 3*time.Minute)
	t.Cleanup(cancelTimeout)
	c := &chromium{t: t, ctx: ctx, name: name}
	c.do(chromedp.EmulateViewport(int64(width), int64(height)))
	return c
}

func (c *chromium) do(steps ...chromedp.Action[chromedp.Void]) {
	c.t.Helper()
	require.NoError(c.t, chromedp.Do(c.ctx, steps...))
}

// shows waits for an element, and looks at the page with it: it keeps to its width and says something. A screenshot is
// kept where ITHILDIN_TEST_SCREENSHOTS names a directory.
func (c *chromium) shows(selector, shot string) {
	c.t.Helper()
	c.do(chromedp.WaitVisible(selector))
	sticksOut, err := chromedp.Run(c.ctx, chromedp.Evaluate[bool](
		"document.documentElement.scrollWidth > document.documentElement.clientWidth"))
	require.NoError(c.t, err)
	require.False(c.t, sticksOut, "nothing sticks out at the side of %s", shot)
	if directory := os.Getenv("ITHILDIN_TEST_SCREENSHOTS"); directory != "" {
		image, err := chromedp.Run(c.ctx, chromedp.FullScreenshot(100))
		require.NoError(c.t, err)
		require.NoError(c.t, os.WriteFile(filepath.Join(directory, c.name+"-"+shot+".png"), image, 0o600))
	}
}

func (c *chromium) address() string {
	location, err := chromedp.Run(c.ctx, chromedp.Location())
	require.NoError(c.t, err)
	return location
}

func TestInvitedPersonGoesThroughThePagesWithABrowser(t *testing.T) {
	w, api := inviting(t, storagetest.Engines()[0])
	for name, c := range map[string]struct {
		width, height int
		language      string
		phone         string
	}{
		"phone-uk": {390, 844, "uk", "+380671112201"}, "phone-en": {390, 844, "en", "+380671112202"},
		"desk-uk": {1280, 800, "uk", "+380671112203"}, "desk-en": {1280, 800, "en", "+380671112204"},
	} {
		t.Run(name, func(t *testing.T) {
			code := api.add(name+"@example.com", "3087512399")
			b := newChromium(t, name, c.width, c.height, c.language)
			b.do(chromedp.Navigate(w.server.URL + "/invite?invite=" + url.QueryEscape(code)))
			b.shows("#invitation-register", "invitation")
			require.NotContains(t, b.address(), url.QueryEscape(code))
			require.True(t, strings.HasPrefix(b.address(), w.server.URL+"/login/invite?request="))
			b.do(chromedp.Click("#invitation-details summary"), chromedp.WaitVisible("#invitation-person"))
			b.do(chromedp.SendKeys("#password", "too short"), chromedp.SendKeys("#repeat", "too short"),
				chromedp.Click("#invitation-agree"), chromedp.Click("#invitation-register"))
			b.shows("[role=alert]", "invitation-refused")
			b.do(chromedp.SendKeys("#password", nursePassword), chromedp.SendKeys("#repeat", nursePassword),
				chromedp.Click("#invitation-register"), chromedp.WaitVisible("#phone"),
				chromedp.SendKeys("#phone", c.phone), chromedp.Click("#phone-submit"), chromedp.WaitVisible("#code"))
			b.do(chromedp.SendKeys("#code", w.components.code(c.phone).String()), chromedp.Click("#code-submit"))
			b.shows("#invitation-accept", "answer")
			b.do(chromedp.Click("#invitation-details summary"), chromedp.WaitVisible("#invitation-person"))
			b.shows("#invitation-person", "answer-details")
			b.do(chromedp.Click("#invitation-rules"), chromedp.Click("#invitation-accept"))
			b.shows("#invitation-open", "accepted")
			require.Equal(t, "APPROVED", api.status(code))

			b.do(chromedp.Navigate(w.server.URL + "/invite?invite=" + url.QueryEscape(api.add(doctorEmail, ""))))
			b.shows("#invitation-continue", "known")
			b.do(chromedp.Click("#invitation-continue"))
			b.shows("#invitation-switch", "other-person")
			b.do(chromedp.Click("#invitation-switch"))
			b.shows("#login-submit", "sign-in")
			b.do(chromedp.Navigate(w.server.URL + "/invite?invite=YWJj"))
			b.shows("#invitation-notice", "unknown")
		})
	}
}
