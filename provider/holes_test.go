package provider_test

import (
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"net/url"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ithildin/provider/oauth"
	"ithildin/storage"
	"ithildin/storage/storagetest"
)

// Each test here is named after a hole of the OAuth library below us, which its handlers leave open by themselves.

const verifier = "a-verifier-that-is-long-enough-to-be-one-of-rfc7636"

func challenged(parameters url.Values) url.Values {
	sum := sha256.Sum256([]byte(verifier))
	parameters.Set("code_challenge", base64.RawURLEncoding.EncodeToString(sum[:]))
	parameters.Set("code_challenge_method", "S256")
	return parameters
}

func TestAttackPKCEDowngradeAfterAWrongVerifier(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		s := newStack(t, engine)
		s.client("clinic", nil)
		code := s.browser().code(challenged(request("clinic", "openid")))
		form := url.Values{"grant_type": {"authorization_code"}, "code": {code}, "redirect_uri": {redirectURI}}
		form.Set("code_verifier", "another-verifier-that-is-long-enough-to-be-one-too")
		require.Equal(t, "invalid_grant", s.post(oauth.PathToken, "clinic", form).member("error"))
		form.Del("code_verifier")
		require.Equal(t, "invalid_grant", s.post(oauth.PathToken, "clinic", form).member("error"),
			"the challenge outlives a failure")
		form.Set("code_verifier", verifier)
		require.Equal(t, http.StatusOK, s.post(oauth.PathToken, "clinic", form).status,
			"and a failure does not burn the code")
	})
}

func TestVerifierWithoutAChallengeIsRefused(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		s := newStack(t, engine)
		s.client("clinic", nil)
		code := s.browser().code(request("clinic", "openid"))
		rejected := s.post(oauth.PathToken, "clinic", url.Values{
			"grant_type": {"authorization_code"}, "code": {code}, "redirect_uri": {redirectURI}, "code_verifier": {verifier},
		})
		require.Equal(t, "invalid_grant", rejected.member("error"))
	})
}

func TestAttackCodeIsRedeemedTwiceAtOnce(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		s := newStack(t, engine)
		s.client("clinic", nil)
		code := s.browser().code(request("clinic", "openid"))
		var won, lost int
		var mu sync.Mutex
		var all sync.WaitGroup
		for range 20 {
			all.Go(func() {
				got := s.redeem("clinic", code)
				mu.Lock()
				defer mu.Unlock()
				if got.status == http.StatusOK {
					won++
				} else if got.status == http.StatusBadRequest && got.member("error") == "invalid_grant" {
					lost++
				}
			})
		}
		all.Wait()
		require.Equal(t, 1, won)
		require.Equal(t, 19, lost, "the losers of the race get invalid_grant, not a 500")
	})
}

func TestReplayedCodeRevokesTheTokensOfItsFirstExchange(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		s := newStack(t, engine)
		s.client("clinic", nil)
		s.client("thief", nil)
		code := s.browser().code(request("clinic", "openid offline_access"))
		tokens := s.redeem("clinic", code)
		require.Equal(t, http.StatusOK, tokens.status, tokens.raw)
		require.Equal(t, "invalid_grant", s.redeem("thief", code).member("error"))
		seen := func() any {
			return s.post(oauth.PathIntrospect, "clinic", url.Values{"token": {tokens.member("access_token")}}).body["active"]
		}
		require.Equal(t, true, seen(), "a code in another client's hands revokes nothing")
		require.Equal(t, "invalid_grant", s.redeem("clinic", code).member("error"))
		require.Equal(t, false, seen())
		require.Equal(t, "invalid_grant", s.refresh("clinic", tokens.member("refresh_token")).member("error"))
	})
}

func TestReplayedCodeRevokesNothingByThePolicyRefuse(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		s := newStack(t, engine)
		s.client("clinic", func(c *storage.Client) { c.Policy.CodeReplay = storage.CodeReplayRefuse })
		code := s.browser().code(request("clinic", "openid"))
		tokens := s.redeem("clinic", code)
		require.Equal(t, "invalid_grant", s.redeem("clinic", code).member("error"))
		seen := s.post(oauth.PathIntrospect, "clinic", url.Values{"token": {tokens.member("access_token")}})
		require.Equal(t, true, seen.body["active"])
	})
}

func TestAttackIDTokenAsAccessToken(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		s := newStack(t, engine)
		s.client("clinic", func(c *storage.Client) { c.Metadata.IDTokenSignedResponseAlg = "ES256" })
		tokens := s.redeem("clinic", s.browser().code(request("clinic", "openid")))
		seen := s.post(oauth.PathIntrospect, "clinic", url.Values{"token": {tokens.member("id_token")}})
		require.Equal(t, map[string]any{"active": false}, seen.body)
		rejected := s.userinfo(tokens.member("id_token"))
		require.Equal(t, http.StatusUnauthorized, rejected.status)
		require.Contains(t, rejected.header.Get("WWW-Authenticate"), "invalid_token")
	})
}

func TestMaxAgeZeroAsksForASignIn(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		s := newStack(t, engine)
		s.client("clinic", nil)
		b := s.browser()
		b.code(request("clinic", "openid"))
		s.clock.Advance(time.Second)
		again := request("clinic", "openid")
		again.Set("max_age", "0")
		p := b.authorize(again)
		require.Equal(t, "/login/sign-in", p.url.Path)
		s.clock.Advance(time.Second)
		p = b.signIn(p)
		require.NotNil(t, p.location, "a sign-in since the request satisfies it: %s", p.body)
	})
}

func TestStateIsReturnedAsSentAndNeverInvented(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		s := newStack(t, engine)
		s.client("clinic", nil)
		b := s.browser()
		b.code(request("clinic", "openid"))
		without := request("clinic", "openid")
		without.Del("state")
		p := b.authorize(without)
		require.NotNil(t, p.location, p.body)
		require.False(t, p.location.Query().Has("state"))
		short := request("clinic", "openid")
		short.Set("state", "x")
		short.Set("nonce", "y")
		require.Equal(t, "x", b.authorize(short).location.Query().Get("state"))
	})
}

func TestUnknownGrantTypeIsUnsupported(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		s := newStack(t, engine)
		s.client("clinic", nil)
		got := s.post(oauth.PathToken, "clinic", url.Values{"grant_type": {"password"}})
		require.Equal(t, http.StatusBadRequest, got.status)
		require.Equal(t, "unsupported_grant_type", got.member("error"))
	})
}

func TestRepeatedParametersAreRefused(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		s := newStack(t, engine)
		s.client("clinic", nil)
		got := s.post(oauth.PathToken, "clinic", url.Values{"grant_type": {"client_credentials", "client_credentials"}})
		require.Equal(t, "invalid_request", got.member("error"))
		twice := request("clinic", "openid")
		twice["scope"] = []string{"openid", "patients:view"}
		require.Equal(t, "invalid_request", s.browser().authorize(twice).parameters().Get("error"))
	})
}

func TestTwoClientIDsInOneRequestAreRefused(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		s := newStack(t, engine)
		s.client("clinic", nil)
		s.client("other", nil)
		got := s.post(oauth.PathToken, "clinic", url.Values{"grant_type": {"client_credentials"}, "client_id": {"other"}})
		require.Equal(t, "invalid_client", got.member("error"))
		both := s.post(oauth.PathToken, "clinic",
			url.Values{"grant_type": {"client_credentials"}, "client_secret": {secret + "clinic"}})
		require.Equal(t, "invalid_request", both.member("error"), "one way to authenticate at a time")
	})
}

func TestFailedClientAuthenticationCarriesAChallenge(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		s := newStack(t, engine)
		s.client("clinic", nil)
		for _, id := range []string{"unknown", "clinic"} {
			form := url.Values{"grant_type": {"client_credentials"}, "client_id": {id}, "client_secret": {"wrong"}}
			got := s.post(oauth.PathToken, "", form)
			require.Equal(t, http.StatusUnauthorized, got.status)
			require.Equal(t, "invalid_client", got.member("error"))
			require.Contains(t, got.header.Get("WWW-Authenticate"), "Basic")
			require.Equal(t, "Client authentication failed: unknown client, or wrong credentials.",
				got.member("error_description"))
		}
	})
}

func TestRefreshMayAskForLessScopeAndKeepsTheGrant(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		s := newStack(t, engine)
		s.client("clinic", nil)
		tokens := s.redeem("clinic", s.browser().code(request("clinic", "openid offline_access patients:view")))
		less := s.post(oauth.PathToken, "clinic", url.Values{
			"grant_type": {"refresh_token"}, "refresh_token": {tokens.member("refresh_token")}, "scope": {"openid"},
		})
		require.Equal(t, http.StatusOK, less.status, less.raw)
		require.Equal(t, "openid", less.member("scope"))
		all := s.refresh("clinic", less.member("refresh_token"))
		require.Equal(t, "openid offline_access patients:view", all.member("scope"))
		more := s.post(oauth.PathToken, "clinic", url.Values{
			"grant_type": {"refresh_token"}, "refresh_token": {all.member("refresh_token")}, "scope": {"openid patients:create"},
		})
		require.Equal(t, "invalid_scope", more.member("error"))
	})
}

func TestRefreshLeavesOutAScopeThatTheUserLost(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		s := newStack(t, engine)
		s.client("clinic", nil)
		tokens := s.redeem("clinic", s.browser().code(request("clinic", "openid offline_access patients:view")))
		require.NoError(t, s.store.RevokeRole(t.Context(), s.userID, s.roleID, ""))
		got := s.refresh("clinic", tokens.member("refresh_token"))
		require.Equal(t, http.StatusOK, got.status, got.raw)
		require.Equal(t, "openid offline_access", got.member("scope"))
	})
}

func TestScopesAreCaseSensitive(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		s := newStack(t, engine)
		s.client("clinic", nil)
		b := s.browser()
		b.code(request("clinic", "openid"))
		require.Equal(t, "invalid_scope", b.authorize(request("clinic", "OpenID")).location.Query().Get("error"))
	})
}

func TestClientSecretInTheQueryIsRefused(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		s := newStack(t, engine)
		s.client("clinic", nil)
		got := s.post(oauth.PathToken+"?client_id=clinic&client_secret="+url.QueryEscape(secret+"clinic"), "",
			url.Values{"grant_type": {"client_credentials"}})
		require.Equal(t, "invalid_request", got.member("error"))
	})
}
