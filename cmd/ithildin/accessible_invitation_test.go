package main_test

import (
	"html"
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

// invite invites somebody by the command line, and returns the link in the letter that the server writes to its log.
func (w *walk) invite(email string) string {
	w.t.Helper()
	links := regexp.MustCompile(regexp.QuoteMeta(w.server.issuer) + `/login/invite\?invitation=[A-Za-z0-9_%-]+`)
	before := len(links.FindAllString(html.UnescapeString(w.server.output.String()), -1))
	w.server.verb("invitation", "create", email, "--role", "DOCTOR", "--client", demoClientID, "--inviter", "Олена Коваль",
		"--issuer", w.server.issuer, "--mail-url", "smtp://mail.example", "--mail-from", "mail@id.example",
		"--secret-file", filepath.Join(w.server.command.Dir, "ithildin-dev.secret"))
	var found []string
	require.Eventually(w.t, func() bool {
		found = links.FindAllString(html.UnescapeString(w.server.output.String()), -1)
		return len(found) > before
	}, 15*time.Second, 50*time.Millisecond)
	return found[len(found)-1]
}

// acceptInvitation goes from the link to a new account with a phone, and to the end.
func (w *walk) acceptInvitation(email, phone string) {
	link := w.invite(email)
	w.do("invitation-new", chromedp.Navigate(link), chromedp.WaitVisible("#invitation-register"))
	w.do("invitation-details", chromedp.Click("#invitation-details summary"), chromedp.WaitVisible("#invitation-person"))
	w.do("invitation-refused", chromedp.SendKeys("#password", invitedPassword), chromedp.SendKeys("#repeat", "another"),
		chromedp.Click("#invitation-agree"), chromedp.Click("#invitation-register"), chromedp.WaitVisible("[role=alert]"))
	w.do("invitation-phone", chromedp.SendKeys("#password", invitedPassword),
		chromedp.SendKeys("#repeat", invitedPassword), chromedp.Click("#invitation-register"),
		chromedp.WaitVisible("#phone-submit"))
	w.do("invitation-code", chromedp.SendKeys(`[name=phone]`, phone+"\r"), chromedp.WaitVisible("#code-submit"))
	w.do("invitation-answer", w.code(), chromedp.Click("#code-submit"), chromedp.WaitVisible("#invitation-accept"))
	w.do("invitation-accepted", chromedp.Click("#invitation-rules"), chromedp.Click("#invitation-accept"),
		chromedp.WaitVisible("#invitation-notice"))
	w.do("invitation-over", chromedp.Navigate(link), chromedp.WaitVisible("#invitation-notice"))
}

// rejectInvitation goes from a link for somebody else to the invitation of the person who is signed in.
func (w *walk) rejectInvitation(email string) {
	w.do("invitation-known", chromedp.Navigate(w.invite("doctor@example.com")),
		chromedp.WaitVisible("#invitation-continue"))
	w.do("invitation-other-person", chromedp.Click("#invitation-continue"), chromedp.WaitVisible("#invitation-switch"))
	w.do("invitation-again", chromedp.Navigate(w.invite(email)), chromedp.WaitVisible("#invitation-continue"),
		chromedp.Click("#invitation-continue"), chromedp.WaitVisible("#invitation-reject"))
	w.do("invitation-rejected", chromedp.Click("#invitation-reject"), chromedp.WaitVisible("#invitation-notice"))
	w.do("invitation-unknown", chromedp.Navigate(w.server.issuer+"/login/invite?invitation=nothing"),
		chromedp.WaitVisible("#invitation-notice"))
}

const invitedPassword = "Seven quiet herons over 1 lake"

func TestPagesOfInvitationsBreakNoRuleOfAccessibility(t *testing.T) {
	axe, err := os.ReadFile(filepath.Join(requirement.AxeCore.Get(t), "node_modules", "axe-core", "axe.min.js"))
	require.NoError(t, err)
	p := start(t, t.TempDir(), []string{
		"ITHILDIN_ONE_TIME_CODES_SENT=30", "ITHILDIN_HELP_MAIL=help@example.org",
		"ITHILDIN_INVITATION_RULES_URL=https://example.org/rules",
	}, "serve", "--dev")
	phones := map[string]string{
		"phone-uk": "067 111 22 01", "phone-en": "067 111 22 02", "desk-uk": "067 111 22 03", "desk-en": "067 111 22 04",
	}
	for size, pixels := range map[string][2]int{"phone": {390, 844}, "desk": {1280, 800}} {
		for _, language := range []string{"uk", "en"} {
			t.Run(size+" "+language, func(t *testing.T) {
				w := &walk{
					t: t, server: p, axe: string(axe), name: strings.Join([]string{"invited", size, language}, "-"),
					browser: newBrowser(t, pixels[0], pixels[1], language),
				}
				name := size + "-" + language
				w.acceptInvitation(name+"@example.com", phones[name])
				w.rejectInvitation(name + "@example.com")
			})
		}
	}
}
