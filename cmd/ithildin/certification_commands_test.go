package main_test

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/tls"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"ithildin/provider/dpop"
	"ithildin/provider/dpop/dpoptest"
	"ithildin/storage/storagetest/requirement"
)

// certification is a directory in which a person follows the guide to certification.
type certification struct {
	t           *testing.T
	directory   string
	issuer, tls string // addresses
	environment []string
	guide       string
}

// run gives the shell a block of the guide, which begins so.
func (c *certification) run(beginning string) string {
	_, block, found := strings.Cut(c.guide, "```sh\n"+beginning)
	require.True(c.t, found, "the guide has no block that begins with %s", beginning)
	block, _, _ = strings.Cut(beginning+block, "```")
	block = strings.NewReplacer("SUITE", "suite.example", "ALIAS", "ithildin").Replace(block)
	path, err := binary()
	require.NoError(c.t, err)
	command := exec.CommandContext(c.t.Context(), "sh", "-e", "-c", block)
	command.Dir = c.directory
	command.Env = append(append(os.Environ(), c.environment...),
		"PATH="+filepath.Dir(path)+string(os.PathListSeparator)+os.Getenv("PATH"))
	output, err := command.CombinedOutput()
	require.NoError(c.t, err, string(output))
	return string(output)
}

// followCertificationGuide goes through the guide until there are a server and the clients of all plans. It returns the
// keys of the clients of FAPI and the authority of their certificates.
func followCertificationGuide(t *testing.T) (*certification, *authority, map[string]*rsa.PrivateKey) {
	page, err := os.ReadFile("../../docs/conformance.md")
	require.NoError(t, err)
	a, directory := newAuthority(t), t.TempDir()
	public, mutual := freeAddress(t), freeAddress(t)
	c := &certification{
		t: t, directory: directory, issuer: "https://" + public, tls: "https://" + mutual, guide: string(page),
	}
	certificateFile, keyFile := a.issue(directory, 30*time.Minute)
	keys := map[string]*rsa.PrivateKey{}
	for _, id := range []string{"first", "second"} {
		keys[id], err = rsa.GenerateKey(rand.Reader, 2048)
		require.NoError(t, err)
		set, err := json.Marshal(jose.JSONWebKeySet{Keys: []jose.JSONWebKey{
			{Key: keys[id].Public(), KeyID: id, Algorithm: "PS256", Use: "sig"},
		}})
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(filepath.Join(directory, id+".pub.json"), set, 0o600))
	}
	c.environment = []string{
		"ITHILDIN_ISSUER=" + c.issuer, "ITHILDIN_SECRET=" + strings.Repeat("s", 32),
		"ITHILDIN_TLS_CERTIFICATE_FILE=" + certificateFile, "ITHILDIN_TLS_KEY_FILE=" + keyFile,
		"ITHILDIN_MTLS_LISTEN=" + mutual, "ITHILDIN_MTLS_URL=" + c.tls, "ITHILDIN_MTLS_CERTIFICATE_FILE=" + certificateFile,
		"ITHILDIN_MTLS_KEY_FILE=" + keyFile, "ITHILDIN_MTLS_CLIENT_CA_FILE=" + a.file,
	}
	for line := range strings.SplitSeq(c.guide, "\n") {
		if setting := strings.TrimPrefix(line, "export ITHILDIN_RESPONSE_TYPES="); setting != line {
			c.environment = append(c.environment, "ITHILDIN_RESPONSE_TYPES="+strings.Trim(setting, "'"))
		}
	}
	path, err := binary()
	require.NoError(t, err)
	migrate := exec.CommandContext(t.Context(), path, "migrate", "up")
	migrate.Dir = directory
	output, err := migrate.CombinedOutput()
	require.NoError(t, err, string(output))
	profile := regexp.MustCompile("(?s)```json\n(.*?)```").FindStringSubmatch(c.guide)
	require.NoError(t, os.WriteFile(filepath.Join(directory, "profile.json"), []byte(profile[1]), 0o600))
	c.run("echo 'certification-password-1'")
	require.Equal(t, 5, strings.Count(c.run("create() {"), "client_secret"), "each has a secret")
	c.run("fapi() {")
	startAt(t, public, freeAddress(t), directory, c.environment, "serve")
	return c, a, keys
}

// requireToken gets an access token for one of the clients of FAPI 2 and holds it to what the name of the client says.
func (c *certification) requireToken(
	id string, key *rsa.PrivateKey, client *http.Client, proofKey *dpoptest.Key,
) (accessToken string) {
	t, form := c.t, url.Values{"grant_type": {"client_credentials"}, "client_id": {id}}
	if strings.Contains(id, "-key-") {
		signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.PS256, Key: key}, nil)
		require.NoError(t, err)
		now := time.Now()
		assertion, err := jwt.Signed(signer).Claims(map[string]any{
			"iss": id, "sub": id, "aud": c.issuer, "jti": uuid.NewString(), "iat": now.Unix(), "exp": now.Unix() + 60,
		}).Serialize()
		require.NoError(t, err)
		form.Set("client_assertion", assertion)
		form.Set("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer")
	}
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, c.tls+"/oauth2/token",
		strings.NewReader(form.Encode()))
	require.NoError(t, err)
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if strings.Contains(id, "-dpop-") {
		r.Header.Set(dpop.Header, proofKey.Proof(http.MethodPost, c.issuer+"/oauth2/token", time.Now()))
	}
	response, err := client.Do(r)
	require.NoError(t, err)
	defer response.Body.Close()
	var reply struct {
		AccessToken string `json:"access_token"`
		Problem     string `json:"error_description"`
	}
	require.NoError(t, json.NewDecoder(response.Body).Decode(&reply))
	require.Equal(t, http.StatusOK, response.StatusCode, "%s: %s", id, reply.Problem)
	payload, err := base64.RawURLEncoding.DecodeString(strings.Split(reply.AccessToken, ".")[1])
	require.NoError(t, err)
	var claims struct {
		Confirmation map[string]string `json:"cnf"`
	}
	require.NoError(t, json.Unmarshal(payload, &claims))
	require.Len(t, claims.Confirmation, 1, id)
	member := map[bool]string{true: "jkt", false: "x5t#S256"}[strings.Contains(id, "-dpop-")]
	require.Contains(t, claims.Confirmation, member, id)
	return reply.AccessToken
}

// clientWith is an HTTP client that trusts the authority and has a certificate of that name, "" for none.
func (a *authority) clientWith(name string) *http.Client {
	config := a.config()
	if name != "" {
		config.Certificates = []tls.Certificate{a.clientCertificate(name)}
	}
	transport := &http.Transport{TLSClientConfig: config}
	a.t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport}
}

func TestCertificationGuideMakesTheClientsOfEachPlan(t *testing.T) {
	c, a, keys := followCertificationGuide(t)
	for _, id := range []string{"first", "second"} {
		client := a.clientWith(id)
		for _, name := range []string{"key-dpop", "key-mtls", "tls-dpop", "tls-mtls"} {
			for _, profile := range []string{"fapi2", "fapi2-message-signing"} {
				c.requireToken(profile+"-"+name+"-"+id, keys[id], client, dpoptest.NewKey(t))
			}
		}
	}
}

// startAPI runs the guide's API, and returns its address.
func (c *certification) startAPI(a *authority) string {
	t := c.t
	installed, node := requirement.OpenIDClient.Get(t), requirement.Program(t, "node")
	script, err := os.ReadFile("testdata/openid-client/resource.mjs")
	require.NoError(t, err)
	require.True(t, strings.Contains(c.guide, string(script)), "the guide has other lines than the test")
	require.NoError(t, os.WriteFile(filepath.Join(c.directory, "resource.mjs"), script, 0o600))
	require.NoError(t, os.Symlink(filepath.Join(installed, "node_modules"), filepath.Join(c.directory, "node_modules")))
	for from, to := range map[string]string{"certificate.pem": "fullchain.pem", "key.pem": "privkey.pem"} {
		require.NoError(t, os.Symlink(from, filepath.Join(c.directory, to)))
	}
	address := freeAddress(t)
	command := exec.Command(node, "resource.mjs", c.issuer, address[strings.LastIndex(address, ":")+1:])
	command.Dir, command.Env = c.directory, append(os.Environ(), "NODE_EXTRA_CA_CERTS="+a.file)
	written := &output{}
	command.Stdout, command.Stderr = written, written
	require.NoError(t, command.Start())
	t.Cleanup(func() {
		_ = command.Process.Kill()
		_ = command.Wait()
		if t.Failed() {
			t.Log(written.String())
		}
	})
	api := &protectedAPI{t: t, address: "https://" + address + "/", client: a.clientWith("")}
	require.Eventually(t, func() bool { return api.ask(api.client, "Bearer", "none").status != 0 }, patience,
		100*time.Millisecond)
	return api.address
}

func TestAPIOfTheCertificationGuideHoldsTokensToTheirSenders(t *testing.T) {
	c, a, keys := followCertificationGuide(t)
	own, other, none := a.clientWith("first"), a.clientWith("first"), a.clientWith("")
	key, thief := dpoptest.NewKey(t), dpoptest.NewKey(t)
	api := &protectedAPI{t: t, address: c.startAPI(a)}
	proof := func(by *dpoptest.Key, token, address string) string {
		return by.Proof(http.MethodGet, address, time.Now(), dpoptest.For(token))
	}

	token := c.requireToken("fapi2-key-dpop-first", keys["first"], own, key)
	used := proof(key, token, api.address)
	require.Equal(t, http.StatusOK, api.ask(none, "DPoP", token, used).status)
	require.Equal(t, http.StatusOK, api.ask(none, "dpOp", token, proof(key, token, api.address+"?a=b#c")).status)
	for name, got := range map[string]apiAnswer{
		"used before":     api.ask(none, "DPoP", token, used),
		"another key":     api.ask(none, "DPoP", token, proof(thief, token, api.address)),
		"another address": api.ask(none, "DPoP", token, proof(key, token, c.issuer)),
		"another token":   api.ask(none, "DPoP", token, proof(key, "x", api.address)),
		"two proofs":      api.ask(none, "DPoP", token, proof(key, token, api.address), proof(key, token, api.address)),
		"no proof":        api.ask(none, "DPoP", token),
		"as a bearer":     api.ask(none, "Bearer", token, proof(key, token, api.address)),
	} {
		require.Equal(t, http.StatusUnauthorized, got.status, name)
	}

	token = c.requireToken("fapi2-tls-mtls-first", keys["first"], own, key)
	require.Equal(t, http.StatusOK, api.ask(own, "Bearer", token).status)
	require.Equal(t, http.StatusUnauthorized, api.ask(other, "Bearer", token).status, "another of the same name")
	require.Equal(t, http.StatusUnauthorized, api.ask(none, "Bearer", token).status)
}
