package provider_test

import (
	"net/http"
	"net/url"
	"testing"

	"github.com/stretchr/testify/require"

	"ithildin/provider/oauth"
	"ithildin/storage"
	"ithildin/storage/storagetest"
)

func TestConformanceAuthorizationRequestByPOSTAndResponseByFormPost(t *testing.T) {
	eachResponseType(t, func(t *testing.T, s *stack, responseType string) {
		b := s.browser()
		b.approved(requestOf(responseType, "clinic", "openid"))
		t.Run("ensure-post-request-succeeds", func(t *testing.T) {
			r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.server.URL+oauth.PathAuthorize, nil)
			require.NoError(t, err)
			r.Header.Set("Origin", "https://client.example")
			r.Header.Set("Sec-Fetch-Site", "cross-site")
			p := b.postFrom(r, requestOf(responseType, "clinic", "openid"))
			require.NotNil(t, p.location, p.body)
			require.Empty(t, p.parameters().Get("error"))
		})
		t.Run("form_post", func(t *testing.T) {
			parameters := requestOf(responseType, "clinic", "openid")
			parameters.Set("response_mode", "form_post")
			p := b.authorize(parameters)
			action, answered := p.posted(t)
			require.Equal(t, redirectURI, action)
			require.Equal(t, s.userID, s.idTokenOf(answered)["sub"])
			require.Equal(t, "s-1", answered.Get("state"))
		})
	})
}

func TestConformanceEveryAuthorizationResponseNamesItsIssuer(t *testing.T) {
	eachResponseType(t, func(t *testing.T, s *stack, responseType string) {
		answered := s.browser().approved(requestOf(responseType, "clinic", "openid"))
		require.Equal(t, s.server.URL, answered.Get("iss"))
		require.Equal(t, s.idTokenOf(answered)["iss"], answered.Get("iss"))
		rejected := requestOf(responseType, "clinic", "openid")
		rejected.Set("prompt", "none")
		require.Equal(t, s.server.URL, s.browser().authorize(rejected).parameters().Get("iss"))
	})
}

func TestConformancePKCEIsRequiredOfPublicClientsAndS256Only(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		s := certified(t, engine)
		s.client("app", func(c *storage.Client) { c.Metadata.TokenEndpointAuthMethod = storage.AuthMethodNone })
		require.Equal(t, []any{"S256"}, s.discovered()["code_challenge_methods_supported"])
		t.Run("ensure-request-with-valid-pkce-succeeds", func(t *testing.T) {
			for _, id := range []string{"clinic", "app"} {
				code := s.browser().approved(challenged(requestOf("code", id, "openid"))).Get("code")
				form := url.Values{
					"grant_type": {"authorization_code"}, "code": {code}, "redirect_uri": {redirectURI}, "code_verifier": {verifier},
				}
				basic := id
				if id == "app" {
					basic = ""
					form.Set("client_id", "app")
				}
				require.Equal(t, http.StatusOK, s.post(oauth.PathToken, basic, form).status, id)
			}
		})
		t.Run("a public client without a challenge", func(t *testing.T) {
			rejected := s.browser().authorize(requestOf("code", "app", "openid"))
			require.Equal(t, "invalid_request", rejected.parameters().Get("error"))
		})
		t.Run("plain", func(t *testing.T) {
			plaintext := challenged(requestOf("code", "clinic", "openid"))
			plaintext.Set("code_challenge_method", "plain")
			require.Equal(t, "invalid_request", s.browser().authorize(plaintext).parameters().Get("error"))
		})
	})
}

func TestConformanceImplicitAndHybridAreOffUnlessTurnedOnAndRegistered(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		off := newStack(t, engine)
		off.client("clinic", hybrid)
		require.Equal(t, []any{"code"}, off.discovered()["response_types_supported"])
		require.NotContains(t, off.discovered()["grant_types_supported"], "implicit")
		on := certified(t, engine)
		on.client("plain", nil)
		for _, responseType := range oauth.ResponseTypes[1:] {
			t.Run(responseType, func(t *testing.T) {
				rejected := off.browser().authorize(requestOf(responseType, "clinic", "openid"))
				require.Equal(t, "unsupported_response_type", rejected.parameters().Get("error"))
				rejected = on.browser().authorize(requestOf(responseType, "plain", "openid"))
				require.Equal(t, "unauthorized_client", rejected.parameters().Get("error"))
				require.Contains(t, on.discovered()["response_types_supported"], responseType)
				answered := on.browser().approved(requestOf(responseType, "clinic", "openid"))
				require.Empty(t, answered.Get("error"))
			})
			t.Run("ensure-request-without-nonce-fails "+responseType, func(t *testing.T) {
				parameters := requestOf(responseType, "clinic", "openid")
				parameters.Del("nonce")
				p := on.browser().authorize(parameters)
				if responseType == "code token" {
					require.Equal(t, "/login/sign-in", p.url.Path, "no ID token comes through the browser")
					return
				}
				require.Equal(t, "invalid_request", p.parameters().Get("error"))
				require.Empty(t, p.location.RawQuery)
			})
		}
	})
}
