package main_test

import (
	"crypto/ecdsa"
	"crypto/x509"
	"encoding/json"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ithildin/provider/dpop/dpoptest"
)

// signingKey writes a key of a client, which the client reads, and the key set that it registers.
func signingKey(t *testing.T) (keyFile, keySetFile string) {
	key, directory := dpoptest.NewKey(t), t.TempDir()
	named := map[string]any{"kid": "1", "alg": "ES256", "use": "sig"}
	write := func(name string, value any) string {
		content, err := json.Marshal(value)
		require.NoError(t, err)
		path := filepath.Join(directory, name)
		require.NoError(t, os.WriteFile(path, content, 0o600))
		return path
	}
	private, public := key.PrivateJWK(), key.JWK()
	maps.Copy(private, named)
	maps.Copy(public, named)
	return write("key.json", private), write("keys.json", map[string]any{"keys": []any{public}})
}

// createMessageSigningClient makes a client of FAPI 2.0 Message Signing on a server, and returns
// where it takes over from the browser, and the file with its key.
func createMessageSigningClient(t *testing.T, p *process) (callback, keyFile string) {
	callback = p.issuer + "/dev/callback"
	keyFile, keySetFile := signingKey(t)
	p.verb("client", "create", "--id", "fapi2", "--name", "FAPI 2", "--profile", "fapi2-message-signing",
		"--jwks-file", keySetFile, "--redirect-uri", callback, "--scope", "openid email offline_access")
	return callback, keyFile
}

// The client is certified for FAPI and refuses what the profile forbids.
func TestOpenIDClient5OfNodeIsAClientOfFAPI2MessageSigning(t *testing.T) {
	a := newAuthority(t)
	for _, nonce := range []string{"optional", "required"} {
		p := a.startTLS([]string{"ITHILDIN_DPOP_NONCE=" + nonce}, "serve", "--dev")
		callback, keyFile := createMessageSigningClient(t, p)
		browser := newFormBrowser(t, a.client())
		browser.stop = callback
		var report struct {
			TokenType, Email, AsBearer, Replayed, Error string
			SameSubject                                 bool
			Responded                                   []string
		}
		a.startNode(t, "fapi2.mjs", p.issuer, callback, keyFile).serve(func(address string) string {
			landed, _ := browser.visit(address)
			return landed.String()
		}, &report)
		require.Equal(t, "DPoP", report.TokenType, nonce)
		require.Equal(t, "doctor@example.com", report.Email, nonce)
		require.True(t, report.SameSubject, nonce)
		require.Equal(t, []string{"response"}, report.Responded, nonce)
		require.Equal(t, "refused", report.AsBearer, nonce)
		require.Equal(t, "invalid_grant", report.Replayed, nonce)
		require.Equal(t, "login_required", report.Error, nonce)
	}
}

func TestOpenIDClient5OfNodeIsAClientOfFAPI1Advanced(t *testing.T) {
	a := newAuthority(t)
	directory, mutual := t.TempDir(), freeAddress(t)
	certificateFile, keyFile := a.issue(directory, 30*time.Minute)
	p := a.startTLS([]string{
		"ITHILDIN_MTLS_LISTEN=" + mutual, "ITHILDIN_MTLS_CERTIFICATE_FILE=" + certificateFile,
		"ITHILDIN_MTLS_KEY_FILE=" + keyFile, "ITHILDIN_MTLS_URL=https://" + mutual, "ITHILDIN_MTLS_CLIENT_CA_FILE=" + a.file,
		"ITHILDIN_RESPONSE_TYPES=code,code id_token",
	}, "serve", "--dev")
	callback := p.issuer + "/dev/callback"
	signingFile, keySetFile := signingKey(t)
	p.verb("client", "create", "--id", "fapi1", "--name", "FAPI 1", "--profile", "fapi1-advanced",
		"--auth-method", "tls_client_auth", "--tls-subject-dn", "CN=fapi1", "--certificate-bound-access-tokens",
		"--response-type", "code id_token", "--grant-type", "authorization_code,implicit,refresh_token",
		"--jwks-file", keySetFile, "--redirect-uri", callback, "--scope", "openid email")
	own := a.clientCertificate("fapi1")
	ownCertificateFile, ownKeyFile := filepath.Join(directory, "own.pem"), filepath.Join(directory, "own-key.pem")
	writePEM(t, ownCertificateFile, "CERTIFICATE", own.Certificate[0])
	secret, err := x509.MarshalPKCS8PrivateKey(own.PrivateKey.(*ecdsa.PrivateKey))
	require.NoError(t, err)
	writePEM(t, ownKeyFile, "PRIVATE KEY", secret)

	browser := newFormBrowser(t, a.client())
	browser.stop = callback
	var report struct {
		Email              string
		Responded, Bound   []string
		WithoutCertificate int
	}
	a.startNode(t, "fapi1.mjs", p.issuer, callback, signingFile, ownCertificateFile, ownKeyFile).serve(
		func(address string) string {
			landed, _ := browser.visit(address)
			return landed.String()
		}, &report)
	require.Equal(t, "doctor@example.com", report.Email)
	require.Equal(t, "code id_token iss session_state state", strings.Join(report.Responded, " "))
	require.Equal(t, []string{"x5t#S256"}, report.Bound)
	require.Equal(t, http.StatusUnauthorized, report.WithoutCertificate)
}
