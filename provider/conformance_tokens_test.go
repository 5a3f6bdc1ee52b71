package provider_test

import (
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ithildin/provider/oauth"
	"ithildin/storage"
	"ithildin/storage/storagetest"
)

func TestConformanceIntrospectionAndRevocation(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		for _, form := range []string{storage.AccessTokenJWT, storage.AccessTokenOpaque} {
			s := newStack(t, engine)
			s.client("clinic", func(c *storage.Client) { c.Policy.AccessToken = form })
			s.client("other", nil)
			s.client("api", func(c *storage.Client) { c.Policy.IntrospectAny = true })
			introspect := func(id, token string, hint ...string) reply {
				return s.post(oauth.PathIntrospect, id, url.Values{"token": {token}, "token_type_hint": hint})
			}
			revoke := func(id, token string, hint ...string) reply {
				return s.post(oauth.PathRevoke, id, url.Values{"token": {token}, "token_type_hint": hint})
			}
			requireInactive := func(got reply) {
				t.Helper()
				require.Equal(t, http.StatusOK, got.status, got.raw)
				require.Equal(t, map[string]any{"active": false}, got.body, "nothing else is told")
			}
			tokens := s.redeem("clinic", s.browser().code(request("clinic", "openid offline_access")))
			access, refresh := tokens.member("access_token"), tokens.member("refresh_token")
			for _, id := range []string{"clinic", "api"} {
				seen := introspect(id, access)
				require.Equal(t, true, seen.body["active"], id)
				require.Equal(t, "no-store", seen.header.Get("Cache-Control"))
				require.Equal(t, "clinic", seen.member("client_id"))
				require.Equal(t, s.userID, seen.member("sub"))
				require.Equal(t, "Bearer", seen.member("token_type"))
				require.Equal(t, s.server.URL, seen.member("iss"))
				require.ElementsMatch(t, []string{"openid", "offline_access"}, storage.SplitScope(seen.member("scope")))
				require.NotZero(t, seen.body["exp"])
			}
			require.Equal(t, true, introspect("clinic", refresh, "access_token").body["active"], "a hint that is wrong")
			requireInactive(introspect("other", access))
			requireInactive(introspect("api", refresh))
			requireInactive(introspect("api", "made-up"))
			require.Equal(t, http.StatusUnauthorized, introspect("", access).status, "without authentication")

			foreign := revoke("other", access)
			require.Equal(t, http.StatusOK, s.userinfo(access).status, "of another client: %s", foreign.raw)
			require.Equal(t, http.StatusOK, revoke("clinic", "made-up").status, "what is not there is revoked")
			require.Equal(t, http.StatusUnauthorized, revoke("", access).status)
			require.Equal(t, http.StatusOK, revoke("clinic", access, "refresh_token").status, "a hint that is wrong")
			requireInactive(introspect("api", access))
			refreshed := s.refresh("clinic", refresh)
			require.Equal(t, http.StatusOK, refreshed.status, "an access token is revoked alone")
			require.Equal(t, http.StatusOK, revoke("clinic", refreshed.member("refresh_token")).status)
			requireInactive(introspect("api", refreshed.member("access_token")))
			require.Equal(t, "invalid_grant", s.refresh("clinic", refreshed.member("refresh_token")).member("error"))

			later := s.post(oauth.PathToken, "clinic", credentialsForm).member("access_token")
			s.clock.Advance(48 * time.Hour)
			requireInactive(introspect("api", later))
		}
	})
}

func TestConformanceJWTAccessTokens(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		s := newStack(t, engine)
		s.client("clinic", func(c *storage.Client) { c.Metadata.Audience = []string{"https://api.example"} })
		s.client("plain", func(c *storage.Client) { c.Metadata.AccessTokenSigningAlg = "RS256" })
		s.client("opaque", func(c *storage.Client) { c.Policy.AccessToken = storage.AccessTokenOpaque })
		tokens := s.redeem("clinic", s.browser().code(request("clinic", "openid offline_access patients:view")))
		_, claims := s.verified(tokens.member("access_token"), "https://api.example", "ES256")
		require.Equal(t, "at+jwt", typOf(t, tokens.member("access_token")))
		now := float64(s.clock.Now().Unix())
		require.Equal(t, s.server.URL, claims["iss"])
		require.Equal(t, s.userID, claims["sub"])
		require.Equal(t, "clinic", claims["client_id"])
		require.Equal(t, now, claims["iat"])
		require.Greater(t, claims["exp"], now)
		require.NotEmpty(t, claims["jti"])
		require.ElementsMatch(t, []string{"openid", "offline_access", "patients:view"},
			storage.SplitScope(claims["scope"].(string)))
		require.NotEmpty(t, claims["acr"])
		require.NotEmpty(t, claims["amr"])
		idToken := claimsOf(t, tokens.member("id_token"))
		require.Equal(t, idToken["auth_time"], claims["auth_time"])

		s.clock.Advance(time.Minute)
		refreshed := claimsOf(t, s.refresh("clinic", tokens.member("refresh_token")).member("access_token"))
		for _, name := range []string{"sub", "client_id", "aud", "auth_time", "acr", "amr", "iss"} {
			require.Equal(t, claims[name], refreshed[name], "of the sign-in, not of the refresh: %s", name)
		}
		require.NotEqual(t, claims["jti"], refreshed["jti"])

		own := s.post(oauth.PathToken, "plain", credentialsForm).member("access_token")
		_, ownClaims := s.verified(own, s.server.URL, "RS256")
		require.Equal(t, "plain", ownClaims["sub"], "a client that acts for itself")
		require.Equal(t, "plain", ownClaims["client_id"])
		for _, name := range []string{"auth_time", "acr", "amr"} {
			require.NotContains(t, ownClaims, name, "nobody signed in")
		}
		require.NotContains(t, s.post(oauth.PathToken, "opaque", credentialsForm).member("access_token"), ".")
	})
}
