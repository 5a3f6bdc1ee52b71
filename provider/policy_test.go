package provider_test

import (
	"net/http"
	"net/url"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"ithildin/provider/oauth"
	"ithildin/storage"
	"ithildin/storage/storagetest"
)

// twoConnections is a client for whom two systems work, each with its own secret and redirect URI.
func twoConnections(c *storage.Client) {
	second := &storage.Connection{
		ID: uuid.NewString(), ClientID: c.ID, RedirectURIs: []string{"https://second.example/callback"},
		Secrets: []storage.ConnectionSecret{{ID: uuid.NewString(), Hash: storage.Hash("second" + secret)}},
	}
	second.ApplyPreset(storage.PresetStandard)
	c.Connections = append(c.Connections, second)
}

func TestCodeForOneConnectionIsRefusedOfAnother(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		s := newStack(t, engine)
		s.client("clinic", twoConnections)
		code := s.browser().code(request("clinic", "openid offline_access"))
		form := url.Values{
			"grant_type": {"authorization_code"}, "code": {code}, "redirect_uri": {redirectURI},
			"client_id": {"clinic"}, "client_secret": {"second" + secret},
		}
		require.Equal(t, "invalid_grant", s.post(oauth.PathToken, "", form).member("error"))
		tokens := s.redeem("clinic", code)
		require.Equal(t, http.StatusOK, tokens.status, "and the attempt did not burn it: %s", tokens.raw)

		refresh := url.Values{
			"grant_type": {"refresh_token"}, "refresh_token": {tokens.member("refresh_token")},
			"client_id": {"clinic"}, "client_secret": {"second" + secret},
		}
		require.Equal(t, "invalid_grant", s.post(oauth.PathToken, "", refresh).member("error"),
			"refresh is bound to the connection")
		require.Equal(t, http.StatusOK, s.refresh("clinic", tokens.member("refresh_token")).status)
	})
}

func TestExchangeRequiresTheRedirectURIOfTheAuthorizationRequest(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		s := newStack(t, engine)
		s.client("clinic", nil)
		b := s.browser()
		for name, uri := range map[string]string{"none": "", "another": "https://client.example/other",
			"a longer one": redirectURI + "?x=1"} {
			got := s.post(oauth.PathToken, "clinic", url.Values{
				"grant_type": {"authorization_code"}, "code": {b.code(request("clinic", "openid"))}, "redirect_uri": {uri},
			})
			require.Equal(t, "invalid_grant", got.member("error"), name)
		}
		unnamed := request("clinic", "patients:view")
		unnamed.Del("redirect_uri")
		got := s.post(oauth.PathToken, "clinic", url.Values{"grant_type": {"authorization_code"}, "code": {b.code(unnamed)}})
		require.Equal(t, http.StatusOK, got.status, "the only registered one need not be named: %s", got.raw)
	})
}

func TestBlockedClientBlockedUserAndWithdrawnApprovalGetNoTokens(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		s := newStack(t, engine)
		s.client("clinic", nil)
		b := s.browser()
		ctx := t.Context()
		tokens := s.redeem("clinic", b.code(request("clinic", "openid offline_access")))
		code := b.code(request("clinic", "openid"))

		require.NoError(t, s.store.BlockClient(ctx, "clinic", "audit"))
		require.Equal(t, "invalid_grant", s.redeem("clinic", code).member("error"))
		require.Equal(t, "invalid_grant", s.refresh("clinic", tokens.member("refresh_token")).member("error"))
		require.Equal(t, http.StatusUnauthorized, s.userinfo(tokens.member("access_token")).status)
		own := s.post(oauth.PathToken, "clinic", url.Values{"grant_type": {"client_credentials"}})
		require.Equal(t, "unauthorized_client", own.member("error"))
		require.NoError(t, s.store.UnblockClient(ctx, "clinic"))
		require.Equal(t, http.StatusOK, s.userinfo(tokens.member("access_token")).status)

		approval, err := s.store.FindApproval(ctx, s.userID, "clinic")
		require.NoError(t, err)
		require.NoError(t, s.store.DeleteApproval(ctx, approval.ID))
		require.Equal(t, "invalid_grant", s.redeem("clinic", code).member("error"))
		require.Equal(t, "invalid_grant", s.refresh("clinic", tokens.member("refresh_token")).member("error"))
		require.Equal(t, http.StatusUnauthorized, s.userinfo(tokens.member("access_token")).status)

		again := s.redeem("clinic", b.code(request("clinic", "openid offline_access")))
		require.Equal(t, http.StatusOK, again.status)
		require.NoError(t, s.store.BlockUser(ctx, s.userID, "left"))
		require.Equal(t, "invalid_grant", s.refresh("clinic", again.member("refresh_token")).member("error"))
		require.Equal(t, http.StatusUnauthorized, s.userinfo(again.member("access_token")).status)
		require.Equal(t, "/login/sign-in", b.authorize(request("clinic", "openid")).url.Path, "the session is gone too")
	})
}

func TestScopeIsLimitedToTheRolesOfTheUser(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		s := newStack(t, engine)
		s.client("clinic", nil)
		b := s.browser()
		b.code(request("clinic", "openid"))
		rejected := b.authorize(request("clinic", "openid patients:create"))
		require.Equal(t, "invalid_scope", rejected.location.Query().Get("error"))
		require.Contains(t, rejected.location.Query().Get("error_description"), "patients:create")
	})
}

func TestAPublicClientMayNotIntrospect(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		s := newStack(t, engine)
		s.client("app", func(c *storage.Client) {
			c.Metadata.TokenEndpointAuthMethod = storage.AuthMethodNone
			c.Connections[0].Secrets = nil
		})
		b := s.browser()
		code := b.code(challenged(request("app", "openid offline_access")))
		tokens := s.post(oauth.PathToken, "", url.Values{
			"grant_type": {"authorization_code"}, "client_id": {"app"}, "code": {code}, "redirect_uri": {redirectURI},
			"code_verifier": {verifier},
		})
		require.Equal(t, http.StatusOK, tokens.status, tokens.raw)
		rejected := s.post(
			oauth.PathIntrospect,
			"",
			url.Values{"client_id": {"app"}, "token": {tokens.member("access_token")}},
		)
		require.Equal(t, "invalid_client", rejected.member("error"), "a public client may not introspect")
	})
}

func TestIntrospectionIsAllowedToTheTokensClientAndByPolicy(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		s := newStack(t, engine)
		s.client("clinic", func(c *storage.Client) { c.Metadata.Audience = []string{"registry"} })
		s.client("registry", nil)
		s.client("stranger", nil)
		s.client("gateway", func(c *storage.Client) { c.Policy.IntrospectAny = true })
		token := s.redeem("clinic", s.browser().code(request("clinic", "openid"))).member("access_token")
		for id, want := range map[string]bool{"clinic": true, "registry": true, "gateway": true, "stranger": false} {
			require.Equal(t, want, s.post(oauth.PathIntrospect, id, url.Values{"token": {token}}).body["active"], id)
		}
	})
}

func TestCORSAllowsTheOriginsOfTheClient(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		s := newStack(t, engine)
		s.client("clinic", func(c *storage.Client) { c.Metadata.AllowedCORSOrigins = []string{"https://app.example"} })
		for origin, want := range map[string]string{
			"https://client.example": "https://client.example", "https://app.example": "https://app.example",
			"https://evil.example": "",
		} {
			got := s.raw(
				oauth.PathToken,
				"application/x-www-form-urlencoded",
				"grant_type=client_credentials&client_id=clinic&client_secret="+url.QueryEscape(
					secret+"clinic",
				),
				http.Header{"Origin": {origin}},
			)
			require.Equal(t, http.StatusOK, got.status)
			require.Equal(t, want, got.header.Get("Access-Control-Allow-Origin"))
			require.Empty(t, got.header.Get("Access-Control-Allow-Credentials"))
		}
		require.Equal(t, "*", s.browser().get(s.server.URL+oauth.PathJWKS).header.Get("Access-Control-Allow-Origin"))
	})
}
