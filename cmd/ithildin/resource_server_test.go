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

	"ithildin/provider/dpop"
	"ithildin/provider/dpop/dpoptest"
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
		return ownToken(t, http.DefaultClient, p.issuer, id, func(r *http.Request) {
			r.SetBasicAuth(id, resourceServerSecret)
		})
	}
	return get("standard"), get("for-spring"), get("foreign")
}

// ownToken gets an access token of the client itself; change completes the request.
func ownToken(t *testing.T, client *http.Client, origin, id string, change func(*http.Request)) string {
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, origin+"/oauth2/token",
		strings.NewReader("grant_type=client_credentials&client_id="+id))
	require.NoError(t, err)
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	change(r)
	response, err := client.Do(r)
	require.NoError(t, err)
	defer response.Body.Close()
	var reply struct {
		AccessToken string `json:"access_token"`
		Error       string `json:"error_description"`
	}
	require.NoError(t, json.NewDecoder(response.Body).Decode(&reply))
	require.NotEmpty(t, reply.AccessToken, reply.Error)
	return reply.AccessToken
}

// boundToken is an access token of a client that is bound to a key.
func (p *process) boundToken(t *testing.T, id string, key *dpoptest.Key) string {
	return ownToken(t, http.DefaultClient, p.issuer, id, func(r *http.Request) {
		r.SetBasicAuth(id, resourceServerSecret)
		r.Header.Set(dpop.Header, key.Proof(http.MethodPost, p.issuer+"/oauth2/token", time.Now()))
	})
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
		foreign: "refused: ERR_JWT_CLAIM_VALIDATION_FAILED",
		p.boundToken(t, "standard", dpoptest.NewKey(t)): "refused: bound to what its sender must prove to hold",
		standard[:len(standard)-8] + "AAAAAAAA":         "refused: ERR_JWS_SIGNATURE_VERIFICATION_FAILED",
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
		p.boundToken(t, "standard", dpoptest.NewKey(t)): "refused: InvalidTokenError",
		standard[:len(standard)-8] + "AAAAAAAA":         "refused: InvalidSignatureError",
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
	for _, wrong := range []string{
		spring, foreign, standard[:len(standard)-8] + "AAAAAAAA", "x", p.boundToken(t, "standard", dpoptest.NewKey(t)),
	} {
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
	var claims struct {
		jwt.Claims
		Confirmation json.RawMessage `json:"cnf"`
	}
	if err := json.Unmarshal(payload, &claims); err != nil {
		return nil, err
	}
	if claims.Expiry == nil {
		return nil, errors.New("an access token without an end")
	}
	if claims.Confirmation != nil {
		return nil, errors.New("bound to what its sender must prove to hold")
	}
	expected := jwt.Expected{Issuer: issuer, AnyAudience: jwt.Audience{audience}, Time: time.Now()}
	return &claims.Claims, claims.Validate(expected)
}
