package provider_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ithildin/provider/oauth"
	"ithildin/storage"
	"ithildin/storage/storagetest"
)

func TestADoctorSignsInConsentsAndTheClientGetsTokens(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		s := newStack(t, engine)
		s.client("clinic", nil)
		b := s.browser()
		p := b.authorize(request("clinic", "openid profile patients:view offline_access"))
		require.Equal(t, "/login/sign-in", p.url.Path)
		require.Contains(t, p.body, "Клініка")
		p = b.signIn(p)
		require.Equal(t, "/login/consent", p.url.Path, p.body)
		p = b.decide(p, "accept")
		require.Equal(t, http.StatusSeeOther, p.status)
		require.True(t, strings.HasPrefix(p.location.String(), redirectURI+"?"), p.location.String())
		require.Equal(t, "s-1", p.location.Query().Get("state"))
		require.Equal(t, s.server.URL, p.location.Query().Get("iss"))
		require.False(t, p.location.Query().Has("scope"))

		tokens := s.redeem("clinic", p.location.Query().Get("code"))
		require.Equal(t, http.StatusOK, tokens.status, tokens.raw)
		require.Equal(t, "no-store", tokens.header.Get("Cache-Control"))
		require.Equal(t, "Bearer", tokens.member("token_type"))
		require.NotEmpty(t, tokens.member("id_token"))
		require.NotEmpty(t, tokens.member("refresh_token"))

		info := s.userinfo(tokens.member("access_token"))
		require.Equal(t, http.StatusOK, info.status, info.raw)
		require.Equal(t, s.userID, info.member("sub"))
		require.Equal(t, "Олена Коваль", info.member("name"))
		require.NotContains(t, info.body, "email", "the scope email was not granted")

		seen := s.post(oauth.PathIntrospect, "clinic", url.Values{"token": {tokens.member("access_token")}})
		require.Equal(t, true, seen.body["active"], seen.raw)
		require.Equal(t, "openid profile patients:view offline_access", seen.member("scope"))

		again := b.authorize(request("clinic", "openid patients:view"))
		require.NotNil(t, again.location, "the session and the consent are remembered: %s", again.body)
	})
}

func TestRefusedConsentSendsAccessDeniedToTheClient(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		s := newStack(t, engine)
		s.client("clinic", nil)
		b := s.browser()
		p := b.decide(b.signIn(b.authorize(request("clinic", "openid"))), "deny")
		require.Equal(t, "access_denied", p.location.Query().Get("error"))
		require.Equal(t, "s-1", p.location.Query().Get("state"))
		require.Equal(t, s.server.URL, p.location.Query().Get("iss"))
		require.Contains(t, p.location.Query().Get("error_description"), p.header.Get("X-Request-Id"))
	})
}

func TestSwitchingTheUserEndsTheSessionAndAsksForASignIn(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		s := newStack(t, engine)
		s.client("clinic", nil)
		b := s.browser()
		p := b.decide(b.signIn(b.authorize(request("clinic", "openid"))), "switch")
		require.Equal(t, "/login/sign-in", p.url.Path)
		p = b.authorize(request("clinic", "openid"))
		require.Equal(t, "/login/sign-in", p.url.Path, "the session is gone")
	})
}

func TestRotatingRefreshTokenGivesItsSuccessor(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		s := newStack(t, engine)
		s.client("clinic", nil)
		first := s.redeem("clinic",
			s.browser().code(request("clinic", "openid offline_access patients:view"))).member("refresh_token")
		require.NotEmpty(t, first)

		second := s.refresh("clinic", first)
		require.Equal(t, http.StatusOK, second.status, second.raw)
		require.NotEqual(t, first, second.member("refresh_token"))
		require.NotEmpty(t, second.member("id_token"))

		s.clock.Advance(29 * time.Second)
		within := s.refresh("clinic", first)
		require.Equal(t, http.StatusOK, within.status, "a lost answer is asked for again within the grace")
		require.Equal(t, second.member("refresh_token"), within.member("refresh_token"), "the same successor")

		s.clock.Advance(2 * time.Second)
		later := s.refresh("clinic", first)
		require.Equal(t, second.member("refresh_token"), later.member("refresh_token"), "and later, while nobody has used it")
		third := s.refresh("clinic", second.member("refresh_token"))
		require.Equal(t, http.StatusOK, third.status, third.raw)

		reuse := s.refresh("clinic", first)
		require.Equal(t, http.StatusBadRequest, reuse.status)
		require.Equal(t, "invalid_grant", reuse.member("error"))
		revoked := s.refresh("clinic", third.member("refresh_token"))
		require.Equal(t, "invalid_grant", revoked.member("error"), "reuse revokes the family")
		seen := s.post(oauth.PathIntrospect, "clinic", url.Values{"token": {third.member("access_token")}})
		require.Equal(t, false, seen.body["active"], "and every access token that came of it")
	})
}

func TestAReusedRefreshTokenStaysTheSame(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		s := newStack(t, engine)
		s.client("clinic", func(c *storage.Client) {
			c.Policy, _ = storage.NewPolicy(storage.PresetEHealth)
		})
		tokens := s.redeem("clinic", s.browser().code(request("clinic", "patients:view")))
		require.Equal(t, http.StatusOK, tokens.status, tokens.raw)
		require.Regexp(t, `^[A-Za-z0-9]{28}(QT09|UT09|Zz09|dz09)$`, tokens.member("access_token"))
		require.Regexp(t, `^[A-Za-z0-9]{28}(QT09|UT09|Zz09|dz09)$`, tokens.member("refresh_token"))
		for range 3 {
			s.clock.Advance(time.Hour)
			again := s.refresh("clinic", tokens.member("refresh_token"))
			require.Equal(t, http.StatusOK, again.status, again.raw)
			require.Equal(t, tokens.member("refresh_token"), again.member("refresh_token"))
			require.NotEqual(t, tokens.member("access_token"), again.member("access_token"))
		}
		s.clock.Advance(30 * 24 * time.Hour)
		require.Equal(t, "invalid_grant", s.refresh("clinic", tokens.member("refresh_token")).member("error"),
			"its life counts from issue")
	})
}

func TestClientCredentialsGrantIssuesATokenWithoutAUser(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		s := newStack(t, engine)
		s.client("clinic", nil)
		token := s.post(oauth.PathToken, "clinic", url.Values{"grant_type": {"client_credentials"}})
		require.Equal(t, http.StatusOK, token.status, token.raw)
		seen := s.post(oauth.PathIntrospect, "clinic", url.Values{"token": {token.member("access_token")}})
		require.Equal(t, true, seen.body["active"], seen.raw)
		require.Equal(t, "clinic", seen.member("sub"))
		outside := s.post(oauth.PathToken, "clinic", url.Values{"grant_type": {"client_credentials"}, "scope": {"admin"}})
		require.Equal(t, "invalid_scope", outside.member("error"))
		user := s.post(oauth.PathToken, "clinic", url.Values{"grant_type": {"client_credentials"}, "scope": {"openid"}})
		require.Equal(t, "invalid_scope", user.member("error"))
	})
}

func TestRevocationEndsAnAccessTokenAloneAndARefreshTokenWithItsFamily(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		s := newStack(t, engine)
		s.client("clinic", nil)
		s.client("other", nil)
		tokens := s.redeem("clinic", s.browser().code(request("clinic", "openid offline_access")))
		active := func(token string) any {
			return s.post(oauth.PathIntrospect, "clinic", url.Values{"token": {token}}).body["active"]
		}
		access, refresh := tokens.member("access_token"), tokens.member("refresh_token")

		require.Equal(t, http.StatusOK, s.post(oauth.PathRevoke, "other", url.Values{"token": {access}}).status)
		require.Equal(t, true, active(access), "another client revokes nothing")
		require.Equal(t, http.StatusOK, s.post(oauth.PathRevoke, "clinic", url.Values{"token": {access}}).status)
		require.Equal(t, false, active(access))
		require.Equal(t, true, active(refresh), "an access token ends alone")

		rotated := s.refresh("clinic", refresh)
		require.Equal(t, http.StatusOK, rotated.status, rotated.raw)
		require.Equal(t, http.StatusOK, s.post(oauth.PathRevoke, "clinic", url.Values{"token": {refresh}}).status)
		require.Equal(t, false, active(rotated.member("refresh_token")), "a token that was rotated away ends its family")
		require.Equal(t, false, active(rotated.member("access_token")))
		require.Equal(t, http.StatusOK, s.post(oauth.PathRevoke, "clinic", url.Values{"token": {"unknown"}}).status)
	})
}
