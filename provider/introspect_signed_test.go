package provider_test

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/coreos/go-oidc/v3/oidc"
	"github.com/stretchr/testify/require"

	"ithildin/provider/oauth"
	"ithildin/storage"
	"ithildin/storage/storagetest"
)

const signedIntrospection = "application/token-introspection+jwt"

// introspectAs asks about a token as a client, with a header Accept.
func (s *stack) introspectAs(id, token, accept string) reply {
	r, err := http.NewRequestWithContext(context.Background(), http.MethodPost, s.server.URL+oauth.PathIntrospect,
		strings.NewReader(url.Values{"token": {token}}.Encode()))
	require.NoError(s.t, err)
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Accept", accept)
	r.SetBasicAuth(id, secret+id)
	return s.send(r)
}

// signedAnswer verifies an answer with the published keys, as a resource server does, and returns what it says of the
// token.
func (s *stack) signedAnswer(got reply, clientID, algorithm string) map[string]any {
	t := s.t
	require.Equal(t, http.StatusOK, got.status, got.raw)
	require.Equal(t, signedIntrospection, got.header.Get("Content-Type"))
	require.Equal(t, "no-store", got.header.Get("Cache-Control"))
	header := decodeHeader(t, got.raw)
	require.Equal(t, "token-introspection+jwt", header["typ"])
	require.Equal(t, algorithm, header["alg"])
	keys := oidc.NewRemoteKeySet(context.Background(), s.server.URL+oauth.PathJWKS)
	_, err := keys.VerifySignature(context.Background(), got.raw)
	require.NoError(t, err)
	claims := claimsOf(t, got.raw)
	require.Equal(t, s.server.URL, claims["iss"])
	require.Equal(t, clientID, claims["aud"], "it is for who asked")
	require.EqualValues(t, s.clock.Now().Unix(), claims["iat"])
	require.Len(t, claims, 4, "neither sub nor exp, nor anything else: %v", claims)
	return claims["token_introspection"].(map[string]any)
}

func TestAnIntrospectionIsSignedForWhoAsksForIt(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		s := newStack(t, engine)
		s.client("clinic", nil)
		s.client("api", func(c *storage.Client) {
			c.Policy.IntrospectAny, c.Metadata.IntrospectionSignedResponseAlg = true, "ES256"
		})
		s.client("standard", func(c *storage.Client) { c.Policy.IntrospectAny = true })
		s.client("fapi", func(c *storage.Client) {
			c.Policy.IntrospectAny, c.Policy.Profile = true, storage.ProfileFAPI2MessageSigning
		})
		tokens := s.redeem("clinic", s.browser().code(request("clinic", "openid profile")))
		token := tokens.member("access_token")
		plain := s.post(oauth.PathIntrospect, "api", url.Values{"token": {token}})
		require.Equal(t, "application/json", plain.header.Get("Content-Type"))
		require.Equal(t, true, plain.body["active"])
		for id, algorithm := range map[string]string{"api": "ES256", "standard": "RS256", "fapi": "ES256"} {
			got := s.signedAnswer(s.introspectAs(id, token, signedIntrospection), id, algorithm)
			require.Equal(t, plain.body, got, "%s: what JSON says", id)
		}
		require.Contains(t, s.discovered()["introspection_signing_alg_values_supported"], "EdDSA")
	})
}

func TestTheFormOfAnIntrospectionIsTheOneThatIsPreferred(t *testing.T) {
	s := newStack(t, storagetest.Engines()[0])
	s.client("clinic", nil)
	token := s.post(oauth.PathToken, "clinic", credentialsForm).member("access_token")
	for accept, signed := range map[string]bool{
		"": false, "*/*": false, "application/*": false, "application/json": false, "text/html": false, ";;": false,
		"application/jwt": false, signedIntrospection: true, "Application/Token-Introspection+JWT": true,
		signedIntrospection + ", application/json": true, "application/json;q=0.9, " + signedIntrospection: true,
		"application/json, " + signedIntrospection + ";q=0.5": false, signedIntrospection + ";q=0": false,
		signedIntrospection + ";q=x": false, "*/*, " + signedIntrospection + ";q=0.1": true,
	} {
		got := s.introspectAs("clinic", token, accept)
		require.Equal(t, signed, got.header.Get("Content-Type") == signedIntrospection, "%q", accept)
		require.Equal(t, "Accept", got.header.Get("Vary"))
	}
}

// What a client may not see is as what there is not, signed or not.
func TestAttackSignedIntrospectionTellsNobodyOfTokensOfOthers(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		s := newStack(t, engine)
		s.client("clinic", nil)
		s.client("other", nil)
		s.client("app", publicClient)
		tokens := s.redeem("clinic", s.browser().code(request("clinic", "openid offline_access")))
		s.client("any", func(c *storage.Client) { c.Policy.IntrospectAny = true })
		answer := s.introspectAs("any", tokens.member("access_token"), signedIntrospection).raw
		nothing := map[string]any{"active": false}
		for name, c := range map[string]struct{ id, token string }{
			"an access token of another": {"other", tokens.member("access_token")},
			"a refresh token of another": {"other", tokens.member("refresh_token")},
			"a refresh token of any":     {"any", tokens.member("refresh_token")},
			"an ID token":                {"clinic", tokens.member("id_token")},
			"what there is not":          {"other", "nothing"},
			"a signed answer about one":  {"any", answer},
		} {
			got := s.introspectAs(c.id, c.token, signedIntrospection)
			require.Equal(t, nothing, s.signedAnswer(got, c.id, "RS256"), name)
		}
		public := s.post(oauth.PathIntrospect, "", url.Values{"token": {"x"}, "client_id": {"app"}})
		require.Equal(t, "invalid_client", public.member("error"))
	})
}

// A signed answer is a JWT of ours about a token, and no token.
func TestAttackSignedIntrospectionReplayedAsAToken(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		s := newStack(t, engine)
		s.client("clinic", func(c *storage.Client) { c.Policy.AccessTokenTyp = storage.AccessTokenTypJWT })
		tokens := s.redeem("clinic", s.browser().code(request("clinic", "openid")))
		answer := s.introspectAs("clinic", tokens.member("access_token"), signedIntrospection)
		require.Equal(t, true, s.signedAnswer(answer, "clinic", "RS256")["active"])
		require.Equal(t, http.StatusUnauthorized, s.userinfo(answer.raw).status)
		_, err := s.provider.Tokens().Verify(t.Context(), answer.raw, "", nil)
		require.Error(t, err)
		require.Equal(t, "invalid_grant", s.refresh("clinic", answer.raw).member("error"))
		require.Equal(t, "invalid_grant", s.redeem("clinic", answer.raw).member("error"))
		hint := s.browser().authorize(sending(request("clinic", "openid"), "id_token_hint", answer.raw, "prompt", "none"))
		require.Equal(t, "invalid_request", hint.parameters().Get("error"))
	})
}

func TestEncryptedIntrospectionCanNotBeRegistered(t *testing.T) {
	s := registering(t, nil)
	for member, value := range map[string]string{
		"introspection_encrypted_response_alg": "RSA-OAEP-256", "introspection_signed_response_alg": "none",
	} {
		s.requireRefused(s.register(metadata(member, value)), http.StatusBadRequest, "invalid_client_metadata", member)
	}
	made := s.registered(metadata("introspection_signed_response_alg", "EdDSA"))
	require.Equal(t, "EdDSA", made.member("introspection_signed_response_alg"))
}
