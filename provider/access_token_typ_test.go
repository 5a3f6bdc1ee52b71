package provider_test

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"ithildin/provider/oauth"
	"ithildin/storage"
	"ithildin/storage/storagetest"
)

func typOf(t *testing.T, token string) string {
	header, _, _ := strings.Cut(token, ".")
	raw, err := base64.RawURLEncoding.DecodeString(header)
	require.NoError(t, err)
	var members struct {
		Typ string `json:"typ"`
	}
	require.NoError(t, json.Unmarshal(raw, &members))
	return members.Typ
}

func withTypJWT(c *storage.Client) { c.Policy.AccessTokenTyp = storage.AccessTokenTypJWT }

func TestAccessTokenTypFollowsThePolicyOfItsClient(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		s := newStack(t, engine)
		s.client("clinic", func(c *storage.Client) { require.NoError(t, c.SetAccessType(storage.AccessTypeDirect)) })
		s.client("spring", func(c *storage.Client) {
			withTypJWT(c)
			require.NoError(t, c.SetAccessType(storage.AccessTypeDirect))
		})
		for id, want := range map[string]string{"clinic": "at+jwt", "spring": "JWT"} {
			tokens := s.redeem(id, s.browser().code(request(id, "openid offline_access")))
			token := tokens.member("access_token")
			require.Equal(t, want, typOf(t, token), id)
			require.Equal(t, want, typOf(t, s.refresh(id, tokens.member("refresh_token")).member("access_token")), id)
			own := s.post(oauth.PathToken, id, url.Values{"grant_type": {"client_credentials"}})
			require.Equal(t, want, typOf(t, own.member("access_token")), id)
			require.Equal(t, http.StatusOK, s.userinfo(token).status, id)
			require.Equal(t, true, s.post(oauth.PathIntrospect, id, url.Values{"token": {token}}).body["active"], id)
			_, err := s.provider.Tokens().Verify(t.Context(), token, "", nil)
			require.NoError(t, err, "what a gateway asks")
			require.Equal(t, http.StatusOK, s.post(oauth.PathRevoke, id, url.Values{"token": {token}}).status)
			require.Equal(t, http.StatusUnauthorized, s.userinfo(token).status, id)
		}
	})
}

func TestStoredPolicyWithoutAnAccessTokenTypMeansRFC9068(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		s := newStack(t, engine)
		s.client("old", func(c *storage.Client) { c.Policy.AccessTokenTyp = "" })
		own := s.post(oauth.PathToken, "old", url.Values{"grant_type": {"client_credentials"}})
		require.Equal(t, "at+jwt", typOf(t, own.member("access_token")))
	})
}

// Where access tokens have the typ of ID tokens, neither may be taken for the other (RFC 9068 section 5, RFC 8725
// 3.11).
func TestAttackIDTokenAndAccessTokenOfTheSameTypAreConfused(t *testing.T) {
	s := newStack(t, storagetest.Engines()[0])
	s.client("spring", func(c *storage.Client) {
		withTypJWT(c)
		c.Metadata.Audience = []string{"spring"}
		c.Metadata.PostLogoutRedirectURIs = []string{"https://client.example/out"}
	})
	b := s.browser()
	tokens := s.redeem("spring", b.code(request("spring", "openid")))
	idToken, accessToken := tokens.member("id_token"), tokens.member("access_token")
	require.Equal(t, typOf(t, idToken), typOf(t, accessToken))
	require.Equal(t, http.StatusUnauthorized, s.userinfo(idToken).status)
	require.Equal(t, false, s.post(oauth.PathIntrospect, "spring", url.Values{"token": {idToken}}).body["active"])
	_, err := s.provider.Tokens().Verify(t.Context(), idToken, "", nil)
	require.Error(t, err)
	quiet := request("spring", "openid")
	quiet.Set("prompt", "none")
	quiet.Set("id_token_hint", accessToken)
	require.Equal(t, "invalid_request", b.authorize(quiet).parameters().Get("error"))
	out := b.get(s.server.URL + oauth.PathLogout + "?id_token_hint=" + accessToken)
	require.Equal(t, http.StatusBadRequest, out.status)
	quiet.Set("id_token_hint", idToken)
	require.NotEmpty(t, b.authorize(quiet).parameters().Get("code"))
}
