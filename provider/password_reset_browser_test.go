package provider_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"

	"ithildin/provider/login"
	"ithildin/provider/oauth"
	"ithildin/storage"
	"ithildin/storage/storagetest"
	"ithildin/storage/storagetest/requirement"
)

// shows waits for an element, and looks at the page with it: nothing sticks out at its side. A screenshot is kept where
// ITHILDIN_TEST_SCREENSHOTS names a directory.
func shows(t *testing.T, ctx context.Context, selector, screenshot string) {
	t.Helper()
	require.NoError(t, chromedp.Do(ctx, chromedp.WaitVisible(selector)))
	sticksOut, err := chromedp.Run(ctx, chromedp.Evaluate[bool](
		"document.documentElement.scrollWidth > document.documentElement.clientWidth"))
	require.NoError(t, err)
	require.False(t, sticksOut, screenshot)
	if directory := os.Getenv("ITHILDIN_TEST_SCREENSHOTS"); directory != "" {
		image, err := chromedp.Run(ctx, chromedp.FullScreenshot(100))
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(filepath.Join(directory, screenshot+".png"), image, 0o600))
	}
}

// TestForgottenPasswordIsSetWithABrowser goes with chromium from the sign-in form to the letter and back to the client,
// at the size of a phone and of a desk, in both languages, with scripts switched off: the pages need none.
func TestForgottenPasswordIsSetWithABrowser(t *testing.T) {
	requirement.Chromium.Get(t)
	s := newResetting(t, storagetest.Engines()[0])
	doctor, err := s.store.FindUser(t.Context(), s.userID)
	require.NoError(t, err)
	for name, c := range map[string]struct {
		width, height        int64
		language             string
		sent, saved, subject string
	}{
		"phone-uk": {390, 844, "uk", "Перевірте пошту", "Новий пароль збережено", "Новий пароль для"},
		"phone-en": {390, 844, "en", "Check your email", "Your new password is saved", "A new password for"},
		"desk-uk":  {1280, 800, "uk", "Перевірте пошту", "Новий пароль збережено", "Новий пароль для"},
		"desk-en":  {1280, 800, "en", "Check your email", "Your new password is saved", "A new password for"},
	} {
		t.Run(name, func(t *testing.T) {
			email := name + "@example.com"
			require.NoError(t, s.store.CreateUser(t.Context(), storage.User{
				ID: s.store.NewID(), Email: email, Password: doctor.Password, PasswordSetAt: s.clock.Now(),
			}))
			ctx := newChromium(t, chromedp.Flag("lang", c.language), chromedp.Flag("accept-lang", c.language),
				chromedp.Flag("blink-settings", "scriptEnabled=false"))
			do := func(steps ...chromedp.Action[chromedp.Void]) {
				t.Helper()
				require.NoError(t, chromedp.Do(ctx, steps...))
			}
			do(chromedp.EmulateViewport(c.width, c.height),
				chromedp.Navigate(s.stack.server.URL+oauth.PathAuthorize+"?"+request("clinic", "openid").Encode()))
			shows(t, ctx, "#forgot-password", name+"-sign-in")
			do(chromedp.Click("#forgot-password"))
			shows(t, ctx, "#forgot-submit", name+"-forgot")
			do(chromedp.SendKeys("#email", email))
			s.asked++
			do(chromedp.Click("#forgot-submit"))
			shows(t, ctx, "#forgot-again", name+"-sent")
			require.Contains(t, look(t, ctx, "document.title"), c.sent)

			letter, link := s.letter()
			require.Equal(t, email, letter.To)
			require.Contains(t, letter.Subject, c.subject)
			do(chromedp.Navigate(link))
			shows(t, ctx, "#reset-submit", name+"-reset")
			require.NotContains(t, look(t, ctx, "location.href"), strings.Split(link, "link=")[1])
			do(chromedp.SendKeys("#password", "short"), chromedp.SendKeys("#repeat", "short"), chromedp.Click("#reset-submit"))
			shows(t, ctx, "#step-error", name+"-refused")
			do(chromedp.SendKeys("#password", chosenPassword), chromedp.SendKeys("#repeat", chosenPassword),
				chromedp.Click("#reset-submit"))
			shows(t, ctx, "#sign-in-notice", name+"-saved")
			require.Contains(t, look(t, ctx, "document.getElementById('sign-in-notice').textContent"), c.saved)
			require.Equal(t, email, look(t, ctx, "document.querySelector('[name=username]').value"))
			do(chromedp.SendKeys("[name=password]", chosenPassword), chromedp.Click("#login-submit"))
			shows(t, ctx, "#consent-accept", name+"-consent")

			do(chromedp.Navigate(link))
			shows(t, ctx, "#forgot-again", name+"-over")
			do(chromedp.Click("#forgot-again"))
			shows(t, ctx, "#forgot-submit", name+"-again")
			require.Contains(t, look(t, ctx, "location.pathname"), login.PathForgotPassword)
		})
	}
}
