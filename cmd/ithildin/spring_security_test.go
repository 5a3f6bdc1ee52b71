package main_test

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ithildin/provider/dpop"
	"ithildin/provider/dpop/dpoptest"
	"ithildin/storage/storagetest/requirement"
)

// protectedAPI is an API that takes access tokens.
type protectedAPI struct {
	t       *testing.T
	address string // of its only resource
	client  *http.Client
}

// startSpring runs an API on Spring Security, with the guide's properties for this issuer and further ones, until the
// test ends. Client is how it is reached.
func startSpring(
	t *testing.T, issuer, scheme string, client *http.Client, properties ...string,
) *protectedAPI {
	jar, java := requirement.SpringJar.Get(t), requirement.Program(t, "java")
	content := strings.NewReplacer("https://id.example.org", issuer).Replace(guideBlocks(t, "properties")[0])
	content += strings.Join(properties, "")
	directory := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(directory, "application.properties"), []byte(content), 0o600))
	address := freeAddress(t)
	ctx, cancel := context.WithTimeout(context.Background(), 4*time.Minute)
	application := exec.CommandContext(ctx, java, "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-Xmx256m", "-jar", jar,
		"--server.address=127.0.0.1", "--server.port="+address[strings.LastIndex(address, ":")+1:])
	application.Dir = directory
	written := &output{}
	application.Stdout, application.Stderr = written, written
	require.NoError(t, application.Start())
	t.Cleanup(func() {
		cancel()
		_ = application.Wait()
		if t.Failed() {
			t.Log(written.String())
		}
	})
	s := &protectedAPI{t: t, address: scheme + "://" + address + "/whoami", client: client}
	require.Eventually(t, func() bool { return s.ask(client, "Bearer", "none").status != 0 }, patience,
		100*time.Millisecond)
	return s
}

// apiAnswer is an answer of the API; its status is 0 where there was none.
type apiAnswer struct {
	status             int
	subject, challenge string
}

// ask sends a token with a scheme, and proofs.
func (s *protectedAPI) ask(client *http.Client, scheme, token string, proofs ...string) apiAnswer {
	r, err := http.NewRequestWithContext(s.t.Context(), http.MethodGet, s.address, nil)
	require.NoError(s.t, err)
	r.Header.Set("Authorization", scheme+" "+token)
	r.Header[http.CanonicalHeaderKey(dpop.Header)] = proofs
	response, err := client.Do(r)
	if err != nil {
		return apiAnswer{}
	}
	defer response.Body.Close()
	var reply struct {
		Subject string `json:"subject"`
	}
	_ = json.NewDecoder(response.Body).Decode(&reply) // a refusal has no body
	return apiAnswer{response.StatusCode, reply.Subject, response.Header.Get("WWW-Authenticate")}
}

func TestSpringSecurityAcceptsTokensOfAClientCreatedForSpring(t *testing.T) {
	p := start(t, t.TempDir(), nil, "serve", "--dev")
	standard, spring, foreign := resourceServerTokens(t, p)
	api := startSpring(t, p.issuer, "http", http.DefaultClient)

	good := api.ask(api.client, "Bearer", spring)
	require.Equal(t, http.StatusOK, good.status, good.challenge)
	require.Equal(t, "for-spring", good.subject)
	require.Equal(t, http.StatusUnauthorized, api.ask(api.client, "Bearer", standard).status,
		"Spring Security takes no typ but JWT; were it to, the policy would not be needed")
	wrong := api.ask(api.client, "Bearer", foreign)
	require.Equal(t, http.StatusUnauthorized, wrong.status)
	require.Contains(t, wrong.challenge, "aud")
}

func TestSpringSecurityHoldsATokenToTheKeyThatItIsBoundTo(t *testing.T) {
	p := start(t, t.TempDir(), nil, "serve", "--dev")
	_, unbound, _ := resourceServerTokens(t, p)
	api := startSpring(t, p.issuer, "http", http.DefaultClient)
	key, thief := dpoptest.NewKey(t), dpoptest.NewKey(t)
	token, another := p.boundToken(t, "for-spring", key), p.boundToken(t, "for-spring", key)
	proof := func(by *dpoptest.Key, changes ...dpoptest.With) string {
		return by.Proof(http.MethodGet, api.address, time.Now(), append([]dpoptest.With{dpoptest.For(token)}, changes...)...)
	}
	ask := func(proofs ...string) apiAnswer { return api.ask(api.client, "DPoP", token, proofs...) }
	used := proof(key)
	good := ask(used)
	require.Equal(t, http.StatusOK, good.status, good.challenge)
	require.Equal(t, "for-spring", good.subject)
	require.Equal(t, http.StatusOK, ask(proof(key)).status, "another proof of the same key")

	for name, got := range map[string]apiAnswer{
		"as a bearer token":              api.ask(api.client, "Bearer", token),
		"as a bearer token with a proof": api.ask(api.client, "Bearer", token, proof(key)),
		"without a proof":                ask(),
		"with two":                       ask(proof(key), proof(key)),
		"with a proof that was used":     ask(used),
		"of another key":                 ask(proof(thief)),
		"signed by another key":          ask(proof(thief, dpoptest.HeaderMember("jwk", key.JWK()))),
		"about another token":            ask(proof(key, dpoptest.For(another))),
		"about no token":                 ask(proof(key, dpoptest.Claim("ath", nil))),
		"about another method":           ask(proof(key, dpoptest.Claim("htm", "POST"))),
		"about another address":          ask(proof(key, dpoptest.Claim("htu", p.issuer+"/whoami"))),
		"made an hour ago":               ask(proof(key, dpoptest.Claim("iat", time.Now().Add(-time.Hour).Unix()))),
		"a bearer token with a proof":    api.ask(api.client, "DPoP", unbound, proof(key, dpoptest.For(unbound))),
	} {
		require.Contains(t, []int{http.StatusUnauthorized, http.StatusBadRequest}, got.status, name)
		require.Empty(t, got.subject, name)
	}
}

func TestSpringSecurityHoldsATokenToTheCertificateThatItIsBoundTo(t *testing.T) {
	a := newAuthority(t)
	directory, mutual := t.TempDir(), freeAddress(t)
	certificateFile, keyFile := a.issue(directory, 30*time.Minute)
	p := start(t, directory, []string{
		"ITHILDIN_MTLS_LISTEN=" + mutual, "ITHILDIN_MTLS_CERTIFICATE_FILE=" + certificateFile,
		"ITHILDIN_MTLS_KEY_FILE=" + keyFile, "ITHILDIN_MTLS_URL=https://" + mutual, "ITHILDIN_MTLS_CLIENT_CA_FILE=" + a.file,
	}, "serve", "--dev")
	p.verb("client", "create", "--id", "machine", "--name", "Machine", "--grant-type", "client_credentials",
		"--auth-method", "tls_client_auth", "--tls-subject-dn", "CN=machine", "--certificate-bound-access-tokens",
		"--audience", audience, "--for", "spring")
	with := func(certificates ...tls.Certificate) *http.Client {
		config := a.config()
		config.Certificates = certificates
		transport := &http.Transport{TLSClientConfig: config}
		t.Cleanup(transport.CloseIdleConnections)
		return &http.Client{Transport: transport}
	}
	own, next := a.clientCertificate("machine"), a.clientCertificate("machine")
	token := ownToken(t, with(own), "https://"+mutual, "machine", func(*http.Request) {})

	listener := strings.NewReplacer(
		"/etc/api/certificate.pem", certificateFile, "/etc/api/key.pem", keyFile, "/etc/api/clients-ca.pem", a.file,
	).Replace(guideBlocks(t, "properties")[1])
	api := startSpring(t, p.issuer, "https", with(), listener)
	good := api.ask(with(own), "Bearer", token)
	require.Equal(t, http.StatusOK, good.status, good.challenge)
	require.Equal(t, "machine", good.subject)
	for name, client := range map[string]*http.Client{
		"no certificate": with(), "another of the same subject": with(next),
		"that of another client": with(a.clientCertificate("pharmacy")),
	} {
		wrong := api.ask(client, "Bearer", token)
		require.Equal(t, http.StatusUnauthorized, wrong.status, name)
		require.Contains(t, wrong.challenge, "invalid_token", name)
	}
}
