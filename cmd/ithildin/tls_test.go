package main_test

import (
	"context"
	"crypto/tls"
	"io"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// readAll asks with a client and returns answer and body, and whether the connection was an open one.
func readAll(t *testing.T, client *http.Client, address string) (response *http.Response, body string, reused bool) {
	ctx := httptrace.WithClientTrace(context.Background(), &httptrace.ClientTrace{
		GotConn: func(info httptrace.GotConnInfo) { reused = info.Reused },
	})
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	require.NoError(t, err)
	response, err = client.Do(r)
	require.NoError(t, err)
	defer response.Body.Close()
	content, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	return response, string(content), reused
}

// handshake connects to the public listener and returns the serial number of its certificate.
func (p *process) handshake(config *tls.Config) (serial int64, err error) {
	dialer := tls.Dialer{Config: config}
	connection, err := dialer.DialContext(p.t.Context(), "tcp", strings.TrimPrefix(p.issuer, "https://"))
	if err != nil {
		return 0, err
	}
	defer connection.Close()
	return connection.(*tls.Conn).ConnectionState().PeerCertificates[0].SerialNumber.Int64(), nil
}

// sighup lets the process read its files again, until it says so.
func (p *process) sighup(message string) {
	before := strings.Count(p.output.String(), message)
	require.NoError(p.t, p.command.Process.Signal(syscall.SIGHUP))
	require.Eventually(p.t, func() bool { return strings.Count(p.output.String(), message) > before },
		patience, 20*time.Millisecond, message)
}

func TestServerTerminatesTLSAndReloadsItsCertificateBySIGHUP(t *testing.T) {
	a := newAuthority(t)
	p := a.startTLS([]string{
		"ITHILDIN_ISSUER=https://id.example.org", "ITHILDIN_SECRET=" + strings.Repeat("s", 32),
	}, "serve")
	directory := p.command.Dir
	client := a.client()
	response, body, _ := readAll(t, client, p.issuer+"/.well-known/openid-configuration")
	require.Contains(t, body, `"issuer":"https://id.example.org"`)
	require.Equal(t, 2, response.ProtoMajor)
	require.Equal(t, "max-age=31536000", response.Header.Get("Strict-Transport-Security"))
	require.Contains(t, p.output.String(), "the TLS certificate expires soon")
	_, metrics, _ := readAll(t, http.DefaultClient, p.admin+"/metrics")
	require.Contains(t, metrics, "ithildin_tls_certificate_not_after_seconds{listener=\"public\"} 1.")

	serial, err := p.handshake(a.config())
	require.NoError(t, err)
	require.Equal(t, a.serial, serial)

	require.NoError(t, os.WriteFile(filepath.Join(directory, "key.pem"), []byte("no key"), 0o600))
	p.sighup("the previous value stays in use")
	serial, err = p.handshake(a.config())
	require.NoError(t, err)
	require.Equal(t, a.serial, serial)

	a.issue(directory, 30*24*time.Hour)
	p.sighup("reloaded")
	serial, err = p.handshake(a.config())
	require.NoError(t, err)
	require.Equal(t, a.serial, serial)
	_, _, reused := readAll(t, client, p.issuer+"/.well-known/jwks.json")
	require.True(t, reused, "a connection from before goes on")
}

func TestOldTLSIsRefused(t *testing.T) {
	a := newAuthority(t)
	p := a.startTLS(nil, "serve", "--dev")
	for name, c := range map[string]struct {
		minimum, maximum uint16
		suites           []uint16
		wantError        string
	}{
		"1.1": {tls.VersionTLS10, tls.VersionTLS11, nil, "protocol version not supported"},
		"1.2 with CBC": {tls.VersionTLS12, tls.VersionTLS12, []uint16{tls.TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA},
			"handshake failure"},
		"1.2 without AEAD": {tls.VersionTLS12, tls.VersionTLS12, []uint16{tls.TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA},
			"handshake failure"},
		"1.2 with AES-GCM":   {tls.VersionTLS12, tls.VersionTLS12, []uint16{tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256}, ""},
		"1.3":                {tls.VersionTLS13, tls.VersionTLS13, nil, ""},
		"whatever they have": {tls.VersionTLS10, tls.VersionTLS13, nil, ""},
	} {
		t.Run(name, func(t *testing.T) {
			config := a.config()
			config.MinVersion, config.MaxVersion, config.CipherSuites = c.minimum, c.maximum, c.suites
			_, err := p.handshake(config)
			if c.wantError == "" {
				require.NoError(t, err)
			} else {
				require.ErrorContains(t, err, c.wantError)
			}
		})
	}
}

// A person with a certificate for their own machine has the whole development server under https.
func TestADevelopmentServerSpeaksTLS(t *testing.T) {
	a := newAuthority(t)
	p := a.startTLS(nil, "serve", "--dev")
	browser := newFormBrowser(t, a.client())
	callback := p.issuer + "/dev/callback"
	browser.stop = callback
	landed, _ := browser.visit(p.issuer + "/oauth2/authorize?" + url.Values{
		"client_id": {"demo"}, "response_type": {"code"}, "scope": {"openid"}, "redirect_uri": {callback},
	}.Encode())
	browser.stop = ""
	response, page := browser.read(browser.http.PostForm(p.issuer+"/dev/exchange", url.Values{
		"code": {landed.Query().Get("code")}, "face": {"standard"},
	}))
	require.Contains(t, page, "id_token", "it reaches itself")
	require.Empty(t, response.Header.Get("Strict-Transport-Security"), "a browser would remember it of localhost")
}

func TestListenerWithACertificateMayBindEveryAddress(t *testing.T) {
	path, err := binary()
	require.NoError(t, err)
	directory := t.TempDir()
	newAuthority(t).issue(directory, time.Hour)
	command := exec.Command(path, "config", "check", "--listen", "0.0.0.0:8443", "--issuer", "https://id.example.org",
		"--tls-certificate-file", "certificate.pem", "--tls-key-file", "key.pem")
	command.Dir = directory
	command.Env = append(os.Environ(), "ITHILDIN_SECRET="+strings.Repeat("s", 32))
	output, err := command.CombinedOutput()
	require.NoError(t, err, string(output))
}

func TestAListenerOfItsOwnAsksClientsForCertificates(t *testing.T) {
	a := newAuthority(t)
	directory, mutual := t.TempDir(), freeAddress(t)
	certificateFile, keyFile := a.issue(directory, 30*time.Minute)
	p := a.startTLS([]string{
		"ITHILDIN_MTLS_LISTEN=" + mutual, "ITHILDIN_MTLS_CERTIFICATE_FILE=" + certificateFile,
		"ITHILDIN_MTLS_KEY_FILE=" + keyFile, "ITHILDIN_MTLS_URL=https://" + mutual, "ITHILDIN_MTLS_CLIENT_CA_FILE=" + a.file,
	}, "serve", "--dev")
	p.verb("client", "create", "--id", "machine", "--name", "Machine", "--grant-type", "client_credentials",
		"--auth-method", "tls_client_auth", "--tls-subject-dn", "CN=machine", "--certificate-bound-access-tokens")
	_, body, _ := readAll(t, a.client(), p.issuer+"/.well-known/openid-configuration")
	require.Contains(t, body, `"token_endpoint":"https://`+mutual+`/oauth2/token"`)
	_, metrics, _ := readAll(t, http.DefaultClient, p.admin+"/metrics")
	for _, listener := range []string{"public", "mutual_tls"} {
		require.Contains(t, metrics, `ithildin_tls_certificate_not_after_seconds{listener="`+listener+`"} 1.`)
	}
	token := func(config *tls.Config) (*http.Response, error) {
		transport := &http.Transport{TLSClientConfig: config, ForceAttemptHTTP2: true}
		t.Cleanup(transport.CloseIdleConnections)
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "https://"+mutual+"/oauth2/token",
			strings.NewReader("grant_type=client_credentials&client_id=machine"))
		require.NoError(t, err)
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		return (&http.Client{Transport: transport}).Do(r)
	}
	response, err := token(a.config())
	require.NoError(t, err, "the handshake asks for a certificate, and takes none")
	require.NoError(t, response.Body.Close())
	require.Equal(t, http.StatusUnauthorized, response.StatusCode)

	config := a.config()
	config.Certificates = []tls.Certificate{a.clientCertificate("machine")}
	response, err = token(config)
	require.NoError(t, err)
	content, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	require.NoError(t, response.Body.Close())
	require.Equal(t, http.StatusOK, response.StatusCode, string(content))

	config.MaxVersion, config.CipherSuites = tls.VersionTLS12, []uint16{tls.TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA}
	_, err = token(config) // there is no answer
	require.ErrorContains(t, err, "handshake failure")
}
