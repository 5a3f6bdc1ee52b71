package main_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
	"github.com/stretchr/testify/require"

	"ithildin/storage/storagetest/requirement"
)

const audience = "https://api.example.org"

// resourceServerTokens are access tokens of a development server: of a client as it is made, of one for Spring, and
// one that is meant for another API.
func resourceServerTokens(t *testing.T, p *process) (standard, spring, foreign string) {
	create := []string{"client", "create", "--grant-type", "client_credentials", "--client-secret-file", secretFile(t)}
	p.verb(append(create, "--id", "standard", "--name", "Standard", "--audience", audience)...)
	p.verb(append(create, "--id", "for-spring", "--name", "For Spring", "--audience", audience, "--for", "spring")...)
	p.verb(append(create, "--id", "foreign", "--name", "Foreign", "--audience", "https://other.example.org", "--for",
		"spring")...)
	get := func(id string) string {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, p.issuer+"/oauth2/token",
			strings.NewReader("grant_type=client_credentials"))
		require.NoError(t, err)
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.SetBasicAuth(id, resourceServerSecret)
		response, err := http.DefaultClient.Do(r)
		require.NoError(t, err)
		defer response.Body.Close()
		var reply struct {
			AccessToken string `json:"access_token"`
		}
		require.NoError(t, json.NewDecoder(response.Body).Decode(&reply))
		require.NotEmpty(t, reply.AccessToken, response.Status)
		return reply.AccessToken
	}
	return get("standard"), get("for-spring"), get("foreign")
}

const resourceServerSecret = "a-secret-of-more-than-128-random-bits-honestly"

func secretFile(t *testing.T) string {
	path := filepath.Join(t.TempDir(), "secret")
	require.NoError(t, os.WriteFile(path, []byte(resourceServerSecret), 0o600))
	return path
}

// guideBlocks are the blocks of docs/resource-servers.md in a language, without their indentation.
func guideBlocks(t *testing.T, language string) []string {
	page, err := os.ReadFile("../../docs/resource-servers.md")
	require.NoError(t, err)
	var blocks []string
	for part := range strings.SplitSeq(string(page), "```"+language+"\n") {
		block, _, _ := strings.Cut(part, "```")
		blocks = append(blocks, block)
	}
	require.Greater(t, len(blocks), 1, "no block in %s", language)
	return blocks[1:]
}

func TestSpringSecurityAcceptsTokensOfAClientCreatedForSpring(t *testing.T) {
	jar, java := requirement.SpringJar.Get(t), requirement.Program(t, "java")
	p := start(t, t.TempDir(), nil, "serve", "--dev")
	standard, spring, foreign := resourceServerTokens(t, p)
	properties := strings.NewReplacer("https://id.example.org", p.issuer).Replace(guideBlocks(t, "properties")[0])
	directory := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(directory, "application.properties"), []byte(properties), 0o600))
	address := freeAddress(t)
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
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
	ask := func(token string) (status int, body, challenge string) {
		r, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+address+"/whoami", nil)
		require.NoError(t, err)
		r.Header.Set("Authorization", "Bearer "+token)
		response, err := http.DefaultClient.Do(r)
		if err != nil {
			return 0, "", ""
		}
		defer response.Body.Close()
		var reply struct {
			Subject string `json:"subject"`
		}
		_ = json.NewDecoder(response.Body).Decode(&reply)
		return response.StatusCode, reply.Subject, response.Header.Get("WWW-Authenticate")
	}
	require.Eventually(t, func() bool { status, _, _ := ask("none"); return status != 0 }, patience,
		100*time.Millisecond)

	status, subject, challenge := ask(spring)
	require.Equal(t, http.StatusOK, status, challenge)
	require.Equal(t, "for-spring", subject)
	status, _, _ = ask(standard)
	require.Equal(t, http.StatusUnauthorized, status,
		"Spring Security takes no typ but JWT; were it to, the policy would not be needed")
	status, _, challenge = ask(foreign)
	require.Equal(t, http.StatusUnauthorized, status)
	require.Contains(t, challenge, "aud")
}

func TestDocumentedNodeCodeVerifiesAccessTokens(t *testing.T) {
	installed, node := requirement.OpenIDClient.Get(t), requirement.Program(t, "node")
	p := start(t, t.TempDir(), nil, "serve", "--dev")
	standard, spring, foreign := resourceServerTokens(t, p)
	script, err := os.ReadFile("testdata/openid-client/api.mjs")
	require.NoError(t, err)
	_, lines, _ := strings.Cut(string(script), "// begin\n")
	lines, _, _ = strings.Cut(lines, "// end\n")
	require.True(t, slices.Contains(guideBlocks(t, "js"), lines), "the guide has other lines than the test")
	directory := t.TempDir()
	require.NoError(t, os.Symlink(filepath.Join(installed, "node_modules"), filepath.Join(directory, "node_modules")))
	path := filepath.Join(directory, "api.mjs")
	require.NoError(t, os.WriteFile(path, script, 0o600))
	for token, want := range map[string]string{
		standard: "standard", spring: "refused: ERR_JWT_CLAIM_VALIDATION_FAILED",
		foreign:                                 "refused: ERR_JWT_CLAIM_VALIDATION_FAILED",
		standard[:len(standard)-8] + "AAAAAAAA": "refused: ERR_JWS_SIGNATURE_VERIFICATION_FAILED",
	} {
		said, err := exec.CommandContext(t.Context(), node, path, p.issuer, audience, token).CombinedOutput()
		require.NoError(t, err, string(said))
		require.Equal(t, want, strings.TrimSpace(string(said)))
	}
}

func TestDocumentedPythonCodeVerifiesAccessTokens(t *testing.T) {
	python := requirement.PyJWT.Get(t)
	p := start(t, t.TempDir(), nil, "serve", "--dev")
	standard, spring, foreign := resourceServerTokens(t, p)
	script := "import sys\n_, issuer, audience, token = sys.argv\n" + guideBlocks(t, "python")[0] + `
try:
    print(authenticate(token)["sub"])
except jwt.InvalidTokenError as error:
    print("refused:", type(error).__name__)
`
	path := filepath.Join(t.TempDir(), "api.py")
	require.NoError(t, os.WriteFile(path, []byte(script), 0o600))
	for token, want := range map[string]string{
		standard: "standard", spring: "refused: InvalidTokenError", foreign: "refused: InvalidTokenError",
		standard[:len(standard)-8] + "AAAAAAAA": "refused: InvalidSignatureError",
	} {
		said, err := exec.CommandContext(t.Context(), python, path, p.issuer, audience, token).CombinedOutput()
		require.NoError(t, err, string(said))
		require.Equal(t, want, strings.TrimSpace(string(said)))
	}
}

func TestDocumentedGoCodeVerifiesAccessTokens(t *testing.T) {
	p := start(t, t.TempDir(), nil, "serve", "--dev")
	standard, spring, foreign := resourceServerTokens(t, p)
	source, err := os.ReadFile("resource_server_test.go")
	require.NoError(t, err)
	lines := string(source)
	lines = lines[strings.LastIndex(lines, "\nfunc authenticate(")+1:]
	require.True(t, slices.Contains(guideBlocks(t, "go"), lines), "the guide has other lines than the test")
	keys := oidc.NewRemoteKeySet(t.Context(), p.issuer+"/.well-known/jwks.json")
	claims, err := authenticate(t.Context(), keys, p.issuer, audience, standard)
	require.NoError(t, err)
	require.Equal(t, "standard", claims.Subject)
	for _, wrong := range []string{spring, foreign, standard[:len(standard)-8] + "AAAAAAAA", "x"} {
		_, err := authenticate(t.Context(), keys, p.issuer, audience, wrong)
		require.Error(t, err)
	}
}

// authenticate is the guide's, to the end of this file.
func authenticate(ctx context.Context, keys oidc.KeySet, issuer, audience, token string) (*jwt.Claims, error) {
	parsed, err := jwt.ParseSigned(token, []jose.SignatureAlgorithm{jose.ES256})
	if err != nil {
		return nil, err
	}
	if parsed.Headers[0].ExtraHeaders[jose.HeaderType] != "at+jwt" {
		return nil, errors.New("not an access token")
	}
	payload, err := keys.VerifySignature(ctx, token)
	if err != nil {
		return nil, err
	}
	var claims jwt.Claims
	if err := json.Unmarshal(payload, &claims); err != nil {
		return nil, err
	}
	if claims.Expiry == nil {
		return nil, errors.New("an access token without an end")
	}
	return &claims, claims.Validate(jwt.Expected{Issuer: issuer, AnyAudience: jwt.Audience{audience}, Time: time.Now()})
}
