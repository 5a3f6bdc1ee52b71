package main_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"path/filepath"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"
)

// startOpen runs a server where anybody may register a client, and which reaches applications on this machine that the
// authority vouches for.
func (a *authority) startOpen() *process {
	return a.startTLS([]string{
		"ITHILDIN_REGISTRATION=open", "ITHILDIN_OUTBOUND_ALLOWED=127.0.0.0/8", "ITHILDIN_OUTBOUND_CA_FILE=" + a.file,
	}, "serve", "--dev")
}

func TestOpenIDClientOfNodeRegistersAndReceivesABackChannelLogout(t *testing.T) {
	a := newAuthority(t)
	p := a.startOpen()
	browser := newFormBrowser(t, a.client())
	var report struct {
		Goodbye, ExpectedGoodbye string
		StateReturned            bool
		Type                     string
		Events, ExpectedEvents   map[string]any
		SameSubject, SameSession bool
		HasNonce                 bool
	}
	certificateFile, keyFile := filepath.Join(p.command.Dir, "certificate.pem"), filepath.Join(p.command.Dir, "key.pem")
	a.startNode(t, "register.mjs", p.issuer, certificateFile, keyFile).serve(func(address string) string {
		begin, err := url.Parse(address)
		require.NoError(t, err)
		// Each address names one of them, and the application takes over there.
		browser.stop = begin.Query().Get("redirect_uri") + begin.Query().Get("post_logout_redirect_uri")
		landed, _ := browser.visit(address)
		return landed.String()
	}, &report)
	require.Equal(t, report.ExpectedGoodbye, report.Goodbye)
	require.True(t, report.StateReturned)
	require.Equal(t, "logout+jwt", report.Type)
	require.Equal(t, report.ExpectedEvents, report.Events)
	require.True(t, report.SameSubject)
	require.True(t, report.SameSession)
	require.False(t, report.HasNonce)

	browser.stop = p.issuer + "/dev/callback"
	landed, _ := browser.visit(p.issuer + "/oauth2/authorize?" + url.Values{
		"client_id": {"demo"}, "response_type": {"code"}, "scope": {"openid"}, "redirect_uri": {browser.stop},
		"prompt": {"none"},
	}.Encode())
	require.Equal(t, "login_required", landed.Query().Get("error"), "the session is over")
}

func TestApacheAsksForASignInAfterLogout(t *testing.T) {
	a := newAuthority(t)
	p := a.startOpen()
	address := freeAddress(t)
	goodbye := "http://" + address + "/goodbye"
	clientID, clientSecret := a.register(t, p, map[string]any{
		"client_name": "Apache", "redirect_uris": []string{apacheRedirectURI(address)},
		"post_logout_redirect_uris": []string{goodbye}, "grant_types": []string{"authorization_code"},
		"response_types": []string{"code"}, "scope": "openid email",
	})
	a.startApache(t, address, p.issuer, clientID, clientSecret)
	browser := newBrowser(t, 1280, 800, "en", chromedp.IgnoreCertErrors)
	enterThroughApache(t, browser, address)
	require.NoError(t, chromedp.Do(browser,
		chromedp.Navigate(apacheRedirectURI(address)+"?logout="+url.QueryEscape(goodbye)), chromedp.WaitVisible("h1")))
	require.Equal(t, goodbye, look(t, browser, chromedp.Location()))
	require.Empty(t, look(t, browser, chromedp.InnerHTML("#email")))
	require.NoError(t, chromedp.Do(browser,
		chromedp.Navigate("http://"+address+"/private/page"), chromedp.WaitVisible("#login-submit")))
}

// register makes a client as an application does (RFC 7591), and returns its credentials.
func (a *authority) register(t *testing.T, p *process, metadata map[string]any) (clientID, clientSecret string) {
	body, err := json.Marshal(metadata)
	require.NoError(t, err)
	response, err := a.client().Post(p.issuer+"/oauth2/register", "application/json", bytes.NewReader(body))
	require.NoError(t, err)
	defer response.Body.Close()
	reply, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	require.Equal(t, http.StatusCreated, response.StatusCode, string(reply))
	var registered struct {
		ID     string `json:"client_id"`
		Secret string `json:"client_secret"`
	}
	require.NoError(t, json.Unmarshal(reply, &registered))
	return registered.ID, registered.Secret
}
