package main_test

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ithildin/provider/dpop/dpoptest"
	"ithildin/provider/oauth"
)

// eachProxy runs a test behind the proxy of each example.
func eachProxy(t *testing.T, test func(*proxyStand, proxyExample)) {
	for _, example := range proxyExamples {
		t.Run(example.name, func(t *testing.T) {
			t.Parallel() // a test of draining waits most of its time
			test(newProxyStand(t, example), example)
		})
	}
}

// signIn lets the demo user sign in to the demo client, and returns the tokens.
func (s *proxyStand) signIn(client *http.Client, state string) map[string]any {
	browser := newFormBrowser(s.t, client)
	callback := exampleIssuer + "/dev/callback"
	browser.stop = callback
	landed, page := browser.visit(exampleIssuer + oauth.PathAuthorize + "?" + url.Values{
		"client_id": {"demo"}, "response_type": {"code"}, "scope": {"openid offline_access"}, "redirect_uri": {callback},
		"state": {state}, "prompt": {"consent"},
	}.Encode())
	require.Equal(s.t, state, landed.Query().Get("state"), page)
	require.Equal(s.t, exampleIssuer, landed.Query().Get("iss"))
	response, tokens := s.postForm(client, exampleIssuer+oauth.PathToken, "demo", "demo-secret", url.Values{
		"grant_type": {"authorization_code"}, "code": {landed.Query().Get("code")}, "redirect_uri": {callback},
	}, nil)
	require.Equal(s.t, http.StatusOK, response.StatusCode, tokens)
	s.requireLoggedAddress(response)
	return tokens
}

// refresh exchanges a refresh token of the demo client.
func (s *proxyStand) refresh(client *http.Client, tokens map[string]any) map[string]any {
	response, refreshed := s.postForm(client, exampleIssuer+oauth.PathToken, "demo", "demo-secret", url.Values{
		"grant_type": {"refresh_token"}, "refresh_token": {tokens["refresh_token"].(string)},
	}, nil)
	require.Equal(s.t, http.StatusOK, response.StatusCode, refreshed)
	return refreshed
}

func TestExamplesOfProxiesCarryEveryFlow(t *testing.T) {
	eachProxy(t, (*proxyStand).requireEveryFlow)
}

// requireEveryFlow sends each kind of request through the proxy, also while the servers restart.
func (s *proxyStand) requireEveryFlow(example proxyExample) {
	client := s.client(nil)
	response, metadata, _ := readAll(s.t, client, exampleIssuer+"/.well-known/openid-configuration")
	require.Contains(s.t, metadata, `"token_endpoint":"`+exampleMTLS+oauth.PathToken+`"`)
	require.Equal(s.t, 2, response.ProtoMajor)
	require.NotEmpty(s.t, response.Header.Get("Strict-Transport-Security"))
	plain := s.client(nil)
	plain.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	response, _, _ = readAll(s.t, plain, "http://id.example.org/.well-known/jwks.json?x=1")
	require.Contains(s.t, []int{http.StatusMovedPermanently, http.StatusPermanentRedirect}, response.StatusCode)
	require.Equal(s.t, exampleIssuer+"/.well-known/jwks.json?x=1", response.Header.Get("Location"))

	tokens := s.signIn(client, strings.Repeat("long state ", 900)) // 10 KB, which compress
	tokens = s.refresh(client, s.refresh(client, tokens))
	s.requireCertificateAndProof(client)
	if example.hasGateway {
		s.requireGateway(tokens["access_token"].(string))
	}
	s.requireNoFailureWhileServersRestart(client)
}

// requireCertificateAndProof gets tokens by a certificate, and by a proof of a key.
func (s *proxyStand) requireCertificateAndProof(client *http.Client) {
	s.verb("client", "create", "--id", "machine", "--name", "Machine", "--grant-type", "client_credentials",
		"--auth-method", "tls_client_auth", "--tls-subject-dn", "CN=machine", "--certificate-bound-access-tokens")
	form := url.Values{"grant_type": {"client_credentials"}, "client_id": {"machine"}}
	certified := s.client(nil, s.authority.clientCertificate("machine"))
	response, answer := s.postForm(certified, exampleMTLS+oauth.PathToken, "", "", form, nil)
	require.Equal(s.t, http.StatusOK, response.StatusCode, answer)
	s.requireLoggedAddress(response)

	proof := dpoptest.NewKey(s.t).Proof(http.MethodPost, exampleIssuer+oauth.PathToken, time.Now())
	response, answer = s.postForm(client, exampleIssuer+oauth.PathToken, "demo", "demo-secret",
		url.Values{"grant_type": {"client_credentials"}}, http.Header{"Dpop": {proof}})
	require.Equal(s.t, http.StatusOK, response.StatusCode, answer)
	require.Equal(s.t, "DPoP", answer["token_type"])
}

// forgedConsumer is what an API behind the gateway believes.
var forgedConsumer = http.Header{
	"X-Consumer-Id": {"00000000-0000-4000-8000-000000000001"}, "X-Consumer-Scope": {"everything"},
	"X-Consumer-Metadata": {"{}"}, "X-Person-Id": {"somebody else"}, "X-Client-Id": {"another"},
	"X-Mis-Client-Id": {"another"},
}

// forgedTransport is what a proxy says of a client.
var forgedTransport = map[string]string{
	"X-Forwarded-For": "203.0.113.9", "X-Forwarded-Host": "evil.example", "X-Real-Ip": "203.0.113.9",
	"Forwarded": "for=203.0.113.9;host=evil.example;proto=http", "Client-Cert": ":AAAA:", "Client-Cert-Chain": ":AAAA:",
	"Traceparent": givenParent, "Tracestate": "forged=1",
}

// requireGateway asks an API behind the gateway: nothing that a client says of itself reaches it.
func (s *proxyStand) requireGateway(token string) {
	ask := func(path string, header http.Header) (int, http.Header) {
		response, body, _ := readAll(s.t, s.client(header), exampleAPI+path)
		var got http.Header
		if response.StatusCode == http.StatusOK {
			require.NoError(s.t, json.Unmarshal([]byte(body), &got), body)
		}
		return response.StatusCode, got
	}
	status, _ := ask("/me", nil)
	require.Equal(s.t, http.StatusUnauthorized, status)
	forged := forgedConsumer.Clone()
	for name, value := range forgedTransport {
		forged.Set(name, value)
	}
	status, got := ask("/public", forged)
	require.Equal(s.t, http.StatusOK, status)
	for name := range forgedConsumer {
		require.Empty(s.t, got[name], "nobody is signed in there")
	}
	s.requireNotForged(got)
	forged.Set("Authorization", "Bearer "+token)
	status, got = ask("/me", forged)
	require.Equal(s.t, http.StatusOK, status)
	require.Equal(s.t, []string{"demo"}, got["X-Client-Id"])
	require.Len(s.t, got["X-Consumer-Id"], 1)
	require.NotEqual(s.t, forgedConsumer["X-Consumer-Id"], got["X-Consumer-Id"])
	require.NotContains(s.t, got.Get("X-Consumer-Scope"), "everything")
	s.requireNotForged(got)
	s.requireGatewayLogsTheClient()
	for _, name := range []string{"X-Original-Uri", "X-Forwarded-Uri", "X-Envoy-Original-Path"} {
		status, _ = ask("/me", http.Header{name: {"/public"}, "X-Original-Method": {"GET"}, "X-Forwarded-Method": {"GET"}})
		require.NotEqual(s.t, http.StatusOK, status, "%s talks the gateway into another path", name)
	}
}

// requireNotForged requires that an API gets nothing of what a client said in place of a proxy.
func (s *proxyStand) requireNotForged(got http.Header) {
	s.t.Helper()
	require.Equal(s.t, []string{clientAddress}, got["X-Forwarded-For"])
	for name, value := range forgedTransport {
		require.NotContains(s.t, got[name], value, name)
	}
}

// requireNoFailureWhileServersRestart restarts one server after the other under load.
func (s *proxyStand) requireNoFailureWhileServersRestart(client *http.Client) {
	var stopped atomic.Bool
	var served atomic.Int64
	var mu sync.Mutex
	failures := map[string]int{}
	var workers sync.WaitGroup
	for range 4 {
		workers.Go(func() {
			for !stopped.Load() {
				if err := introspectBy(client); err != nil {
					mu.Lock()
					failures[err.Error()]++
					mu.Unlock()
				}
				served.Add(1)
			}
		})
	}
	for i, server := range s.servers {
		require.NoError(s.t, server.command.Process.Signal(syscall.SIGTERM))
		require.NoError(s.t, server.command.Wait(), server.output.String())
		s.startServer(i)
		time.Sleep(2 * time.Second) // an orchestrator gives the proxy the time to see it
	}
	stopped.Store(true)
	workers.Wait()
	require.Empty(s.t, failures)
	require.Greater(s.t, served.Load(), int64(100))
}

// introspectBy asks about a token that nobody knows, and says in its error what came in place of an answer.
func introspectBy(client *http.Client) error {
	r, err := http.NewRequest(http.MethodPost, exampleIssuer+oauth.PathIntrospect, strings.NewReader("token=a"))
	if err != nil {
		return err
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.SetBasicAuth("demo", "demo-secret")
	response, err := client.Do(r)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err == nil && response.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s: %.300s", response.Status, body)
	}
	return err
}

// Whoever forges what a proxy says is some client at some address like everybody else.
func TestAttackForgedHeadersPassNoProxyOfTheExamples(t *testing.T) {
	eachProxy(t, func(s *proxyStand, _ proxyExample) { s.requireForgedHeadersStay() })
}

// requireForgedHeadersStay sends what only a proxy may say, and gets no further by it.
func (s *proxyStand) requireForgedHeadersStay() {
	s.verb("client", "create", "--id", "machine", "--name", "Machine", "--grant-type", "client_credentials",
		"--auth-method", "tls_client_auth", "--tls-subject-dn", "CN=machine")
	stolen := ":" + base64.StdEncoding.EncodeToString(s.authority.clientCertificate("machine").Certificate[0]) + ":"
	forged := forgedConsumer.Clone()
	for name, value := range forgedTransport {
		forged.Set(name, value)
	}
	for _, name := range []string{"Client-Cert", "Client-Cert-Chain", "Client_Cert"} {
		forged[name] = []string{stolen}
	}
	forged.Set("X-Forwarded-Proto", "http")
	forged.Set("X-Forwarded-Port", "80")
	client := s.client(forged)
	_, metadata, _ := readAll(s.t, client, exampleIssuer+"/.well-known/openid-configuration")
	require.NotContains(s.t, metadata, "evil.example")
	s.refresh(client, s.signIn(client, "state"))
	response, answer := s.postForm(client, exampleIssuer+"/oauth/apps/authorize", "", "", nil, nil)
	require.Equal(s.t, http.StatusUnauthorized, response.StatusCode, answer)

	form := url.Values{"grant_type": {"client_credentials"}, "client_id": {"machine"}}
	for name, attacker := range map[string]*http.Client{
		"without a certificate":  client,
		"with one of its own":    s.client(forged, s.authority.clientCertificate("another")),
		"with one of its making": s.client(forged, newAuthority(s.t).clientCertificate("machine")),
		"with a very long one":   s.client(forged, s.authority.clientCertificate(strings.Repeat("machine", 700))),
	} {
		for _, host := range []string{exampleIssuer, exampleMTLS} {
			response, answer = s.postForm(attacker, host+oauth.PathToken, "", "", form, nil)
			require.Equal(s.t, http.StatusUnauthorized, response.StatusCode, "%s at %s: %v", name, host, answer)
			s.requireLoggedAddress(response)
		}
	}
	for _, server := range s.servers {
		require.Contains(s.t, server.output.String(), `"trace_id":"`)
		require.NotContains(s.t, server.output.String(), givenTrace, "a client has chosen the trace")
	}
}
