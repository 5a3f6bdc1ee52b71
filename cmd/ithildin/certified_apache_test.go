package main_test

import (
	"context"
	"crypto/rand"
	"fmt"
	"html"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"

	"ithildin/storage/storagetest/requirement"
)

// apacheRedirectURI is where mod_auth_openidc takes codes, and is told to sign out.
func apacheRedirectURI(address string) string { return "http://" + address + "/private/callback" }

// startApache runs Apache with mod_auth_openidc at an address until the test ends. Below /private is a page that
// shows the email address of whoever signed in at the issuer; /goodbye is open to all.
func (a *authority) startApache(t *testing.T, address, issuer, clientID, clientSecret string) {
	program, modules := requirement.Apache.Get(t), requirement.ApacheModules.Get(t)
	application := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		fmt.Fprintf(w, `<h1>Application</h1><p id="email">%s</p>`, html.EscapeString(r.Header.Get("OIDC_CLAIM_email")))
	}))
	t.Cleanup(application.Close)
	directory, account := apacheDirectory(t)
	trusted, err := os.ReadFile(a.file)
	require.NoError(t, err)
	bundle := filepath.Join(directory, "authority.pem")
	require.NoError(t, os.WriteFile(bundle, trusted, 0o644))
	template, err := os.ReadFile("testdata/apache.conf")
	require.NoError(t, err)
	value := strings.NewReplacer("@DIRECTORY", directory, "@ADDRESS", address, "@MODULES", modules, "@ACCOUNT", account,
		"@ISSUER", issuer, "@AUTHORITY", bundle, "@CLIENT_ID", clientID, "@CLIENT_SECRET", clientSecret,
		"@PASSPHRASE", rand.Text(), "@APPLICATION", application.Listener.Addr().String()).Replace(string(template))
	file := filepath.Join(directory, "apache.conf")
	require.NoError(t, os.WriteFile(file, []byte(value), 0o600))
	complaints := &output{}
	command := exec.Command(program, "-f", file, "-DFOREGROUND")
	command.Stdout, command.Stderr = complaints, complaints
	require.NoError(t, command.Start())
	t.Cleanup(func() {
		_ = command.Process.Signal(syscall.SIGTERM) // it ends its children
		_ = command.Wait()
		if t.Failed() {
			log, _ := os.ReadFile(filepath.Join(directory, "log")) // there is none where it did not start
			t.Log(complaints.String(), string(log))
		}
	})
	dialer := net.Dialer{Timeout: 100 * time.Millisecond}
	require.Eventually(t, func() bool {
		connection, err := dialer.DialContext(t.Context(), "tcp", address)
		if err == nil {
			_ = connection.Close()
		}
		return err == nil
	}, patience, 20*time.Millisecond, "Apache does not listen")
}

// apacheDirectory makes a directory for its files. Started by root, Apache becomes somebody else, who owns it and
// whom the configuration names.
func apacheDirectory(t *testing.T) (directory, account string) {
	// Nobody else comes into that of the test.
	directory, err := os.MkdirTemp("", "ithildin-apache-")
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, os.RemoveAll(directory)) })
	if os.Geteuid() != 0 {
		return directory, ""
	}
	const nobody = 65534
	require.NoError(t, os.Chown(directory, nobody, nobody))
	return directory, fmt.Sprintf("User #%d\nGroup #%d", nobody, nobody)
}

func TestApacheSignsIn(t *testing.T) {
	a := newAuthority(t)
	p := a.startTLS(nil, "serve", "--dev")
	address := freeAddress(t)
	secret := filepath.Join(p.command.Dir, "client-secret")
	require.NoError(t, os.WriteFile(secret, []byte("a-secret-that-only-Apache-and-the-test-know"), 0o600))
	p.verb("client", "create", "--id", "apache", "--name", "Apache", "--redirect-uri", apacheRedirectURI(address),
		"--scope", "openid email", "--grant-type", "authorization_code", "--client-secret-file", secret)
	a.startApache(t, address, p.issuer, "apache", "a-secret-that-only-Apache-and-the-test-know")

	browser := newBrowser(t, 1280, 800, "en", chromedp.IgnoreCertErrors)
	enterThroughApache(t, browser, address)
	// The session of Apache is enough from now on.
	require.NoError(t, chromedp.Do(browser, chromedp.Navigate("http://"+address+"/private/page"),
		chromedp.WaitVisible("#email")))
}

// enterThroughApache opens the private page as somebody who must sign in and agree first.
func enterThroughApache(t *testing.T, browser context.Context, address string) {
	require.NoError(t, chromedp.Do(browser, chromedp.Navigate("http://"+address+"/private/page"),
		chromedp.WaitVisible("#login-submit"), chromedp.SendKeys(`[name=username]`, "doctor@example.com"),
		chromedp.SendKeys(`[name=password]`, "demo-password-1"), chromedp.Click("#login-submit"),
		chromedp.WaitVisible("#consent-accept"), chromedp.Click("#consent-accept"), chromedp.WaitVisible("#email")))
	require.Equal(t, "doctor@example.com", look(t, browser, chromedp.Text("#email")))
	require.Equal(t, "http://"+address+"/private/page", look(t, browser, chromedp.Location()))
}
