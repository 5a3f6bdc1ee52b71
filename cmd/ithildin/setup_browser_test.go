package main_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"
)

// TestFirstAdministratorComesInByTheLinkOfTheSetup starts a server by the file that setup has written, and opens the
// link in chromium: the person chooses a password, signs in and is on their account page. The link is good once.
func TestFirstAdministratorComesInByTheLinkOfTheSetup(t *testing.T) {
	browser := newBrowser(t, 390, 844, "en")
	path, err := binary()
	require.NoError(t, err)
	directory, address := t.TempDir(), freeAddress(t)
	setup := exec.Command(path, "setup", "--issuer", "http://"+address, "--listen", address, "--administrator",
		"admin@example.com", "--service-name", "Clinic № 1")
	setup.Dir = directory
	output, err := setup.CombinedOutput()
	require.NoError(t, err, string(output))
	link := regexp.MustCompile(`http://\S+/login/reset\?link=\S+`).FindString(string(output))
	require.NotEmpty(t, link, string(output))

	written, err := os.ReadFile(filepath.Join(directory, "ithildin.env"))
	require.NoError(t, err)
	environment := strings.Split(strings.ReplaceAll(strings.TrimSpace(string(written)), "'", ""), "\n")
	p := startAt(t, address, freeAddress(t), directory, environment, "serve")

	const password = "nine calm swans on a river"
	w := &walk{t: t, server: p, browser: browser}
	do := func(steps ...chromedp.Action[chromedp.Void]) { require.NoError(t, chromedp.Do(w.browser, steps...)) }
	do(chromedp.Navigate(p.issuer+"/"), chromedp.WaitVisible("#front-sign-in"))
	screenshot(t, browser, "front-page")
	do(chromedp.Navigate(link), chromedp.WaitVisible("#reset-submit"))
	require.Contains(t, look(t, browser, chromedp.Text("main")), "admin@example.com")
	do(chromedp.KeyEvent(password+"\t"+password+"\r"), chromedp.WaitVisible("#login-submit"),
		chromedp.SendKeys("[name=password]", password+"\r"), chromedp.WaitVisible("#add-authenticator"))
	require.Equal(t, p.issuer+"/login/account", look(t, browser, chromedp.Location()))
	do(chromedp.Navigate(p.issuer+"/"), chromedp.WaitVisible("#add-authenticator"))
	do(chromedp.Navigate(link), chromedp.WaitVisible("#notice"))
	require.Contains(t, look(t, browser, chromedp.Text("h1")), "no longer works")
}
