package provider_test

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"regexp"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/oauth2"

	"ithildin/provider"
	"ithildin/provider/oauth"
	"ithildin/storage/storagetest"
)

// userinfoMetadata is the parameter of a challenge that says where the metadata of userinfo is.
func (s *stack) userinfoMetadata() string {
	return `, resource_metadata="` + s.server.URL + `/.well-known/oauth-protected-resource/oauth2/userinfo"`
}

// document reads a JSON document that is for everybody.
func (s *stack) document(address string) map[string]any {
	got := s.browser().get(address)
	require.Equal(s.t, http.StatusOK, got.status, got.body)
	require.Equal(s.t, "application/json", got.header.Get("Content-Type"))
	require.Equal(s.t, "*", got.header.Get("Access-Control-Allow-Origin"))
	var document map[string]any
	require.NoError(s.t, json.Unmarshal([]byte(got.body), &document))
	return document
}

func TestTheUserinfoEndpointSaysWhoseTokensItTakes(t *testing.T) {
	s := newStack(t, storagetest.Engines()[0])
	require.Equal(t, map[string]any{
		"resource": s.server.URL + "/oauth2/userinfo", "authorization_servers": []any{s.server.URL},
		"scopes_supported":                  []any{"openid", "profile", "email", "address", "phone"},
		"bearer_methods_supported":          []any{"header", "body"},
		"dpop_signing_alg_values_supported": []any{"ES256", "PS256", "EdDSA"},
	}, s.document(s.server.URL+"/.well-known/oauth-protected-resource/oauth2/userinfo"))
	other := s.browser().get(s.server.URL + "/.well-known/oauth-protected-resource/oauth2/token")
	require.Equal(t, http.StatusNotFound, other.status)
}

func TestMetadataOfAResourceHasThePathOfTheIssuerInItsMiddle(t *testing.T) {
	for resource, address := range map[string]string{
		"https://a.example/oauth2/userinfo":    "https://a.example/.well-known/oauth-protected-resource/oauth2/userinfo",
		"https://a.example/id/oauth2/userinfo": "https://a.example/.well-known/oauth-protected-resource/id/oauth2/userinfo",
		"https://a.example":                    "https://a.example/.well-known/oauth-protected-resource",
		"https://a.example:8443/":              "https://a.example:8443/.well-known/oauth-protected-resource",
	} {
		require.Equal(t, address, provider.ResourceMetadataURL(resource))
	}
	s := newStack(t, storagetest.Engines()[0], withIssuerPath)
	for _, path := range []string{
		"/.well-known/oauth-protected-resource/id/oauth2/userinfo", // RFC 9728 3.1
		"/id/.well-known/oauth-protected-resource/oauth2/userinfo",
	} {
		require.Equal(t, s.server.URL+"/id/oauth2/userinfo", s.document(s.server.URL + path)["resource"], path)
	}
}

var resourceMetadata = regexp.MustCompile(`resource_metadata="([^"]+)"`)

// A client of the Model Context Protocol knows the address of a resource and nothing else: not the provider, which does
// not know it either.
func TestAnMCPClientFindsItsWayFromTheResourceToATokenForIt(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		p := newPublisher(t, engine, localhost)
		resource := p.server.URL + oauth.PathUserinfo

		refused := p.browser().get(resource)
		require.Equal(t, http.StatusUnauthorized, refused.status)
		found := resourceMetadata.FindStringSubmatch(refused.header.Get("WWW-Authenticate"))
		require.NotNil(t, found, refused.header)
		described := p.document(found[1])
		require.Equal(t, resource, described["resource"])
		issuer := described["authorization_servers"].([]any)[0].(string)
		server := p.document(issuer + "/.well-known/oauth-authorization-server")
		require.Equal(t, issuer, server["issuer"])
		require.Equal(t, true, server["client_id_metadata_document_supported"])
		require.Contains(t, server["code_challenge_methods_supported"], "S256")
		require.Contains(t, server["token_endpoint_auth_methods_supported"], "none")

		client := oauth2.Config{
			ClientID: p.publish("/mcp.json", "client_name", "MCP"), RedirectURL: appRedirectURI,
			Scopes: []string{"openid", "profile"}, Endpoint: oauth2.Endpoint{
				AuthURL: server["authorization_endpoint"].(string), TokenURL: server["token_endpoint"].(string),
				AuthStyle: oauth2.AuthStyleInParams,
			},
		}
		proof := oauth2.GenerateVerifier()
		address, err := url.Parse(client.AuthCodeURL("state of the client", oauth2.S256ChallengeOption(proof)))
		require.NoError(t, err)
		answered := p.browser().approved(address.Query())
		require.Equal(t, "state of the client", answered.Get("state"))
		require.Equal(t, issuer, answered.Get("iss"))
		token, err := client.Exchange(context.Background(), answered.Get("code"), oauth2.VerifierOption(proof))
		require.NoError(t, err)
		r, err := http.NewRequestWithContext(context.Background(), http.MethodGet, resource, nil)
		require.NoError(t, err)
		token.SetAuthHeader(r)
		require.Equal(t, "Олена Коваль", p.send(r).member("name"))
	})
}

// The token of such a client is for the tool that it names, and opens no other (RFC 8707).
func TestAClientDescribedByADocumentNamesTheResourceThatItsTokenIsFor(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		const tool = "https://notes.example/mcp"
		p := newPublisher(t, engine, localhost, func(o *provider.Options) {
			o.ClientDocuments.Audience = []string{tool}
		})
		id := p.publish("/mcp.json")
		other := p.browser().authorize(asking(id, "openid", "resource", "https://other.example/mcp"))
		require.Equal(t, "invalid_target", other.parameters().Get("error"))
		tokens := p.redeemed(id, p.browser().code(asking(id, "openid", "resource", tool)))
		require.Equal(t, http.StatusOK, tokens.status, tokens.raw)
		claims := claimsOf(t, tokens.member("access_token"))
		require.Contains(t, []any{tool, []any{tool}}, claims["aud"])
	})
}
