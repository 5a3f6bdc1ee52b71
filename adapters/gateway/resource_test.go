package gateway_test

import (
	"encoding/json"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"ithildin/adapters/gateway"
	"ithildin/storage/storagetest"
)

func TestTheGatewayPublishesTheMetadataOfItsAPIs(t *testing.T) {
	s := newStack(t, storagetest.Engines()[0])
	for _, host := range []string{"api.example", "other.example"} {
		got := s.send(http.MethodGet, s.admin.URL+gateway.PathResource, "X-Forwarded-Host", host)
		require.Equal(t, http.StatusOK, got.status, got.body)
		var document map[string]any
		require.NoError(t, json.Unmarshal([]byte(got.body), &document))
		require.Equal(t, map[string]any{
			"resource": "https://" + host, "authorization_servers": []any{s.issuer},
			"scopes_supported":                  []any{"employee:read", "employee:write", "episode:read", "legal_entity:read"},
			"bearer_methods_supported":          []any{"header"},
			"dpop_signing_alg_values_supported": []any{"ES256", "PS256", "EdDSA"},
		}, document)
	}
	for _, host := range []string{"evil.example", "api.example.evil.example", `api.example"`} {
		got := s.send(http.MethodGet, s.admin.URL+gateway.PathResource, "X-Forwarded-Host", host)
		require.Equal(t, http.StatusNotFound, got.status, "%s: %s", host, got.body)
	}
}

func TestARefusalOfTheGatewaySaysWhereTokensAreToBeHad(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		s := newStack(t, engine)
		const metadata = `resource_metadata="https://api.example/.well-known/oauth-protected-resource"`
		none := s.ask("GET", "/api/entities")
		require.Equal(t, http.StatusUnauthorized, none.status)
		require.Equal(t, `Bearer realm="ithildin", `+metadata, none.header.Get("WWW-Authenticate"))
		wrong := s.ask("GET", "/api/entities", bearer("x")...).header.Get("WWW-Authenticate")
		require.Contains(t, wrong, metadata)
		require.Contains(t, wrong, `error="invalid_token"`)
		for name, got := range map[string]reply{
			"of another host": s.send(http.MethodGet, s.admin.URL+gateway.PathAuthorize, "X-Original-Method", "GET",
				"X-Original-URI", "/api/entities", "X-Forwarded-Host", "evil.example"),
			"of an api-key":     s.ask("GET", "/mis"),
			"that needs nobody": s.ask("GET", "/public"),
		} {
			require.NotContains(t, got.header.Get("WWW-Authenticate"), "resource_metadata", name)
		}
	})
}
