package provider_test

import (
	"html"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/coreos/go-oidc/v3/oidc"
	"github.com/stretchr/testify/require"

	"ithildin/jwks"
	"ithildin/provider"
	"ithildin/provider/oauth"
	"ithildin/storage"
	"ithildin/storage/storagetest"
)

// everyResponseType turns on what the operator may turn on.
func everyResponseType(o *provider.Options) { o.ResponseTypes = oauth.ResponseTypes }

// hybrid registers a client for every response type.
func hybrid(c *storage.Client) {
	c.Metadata.GrantTypes = append(c.Metadata.GrantTypes, "implicit")
	c.Metadata.ResponseTypes = oauth.ResponseTypes
}

func requestOf(responseType, clientID, scope string) url.Values {
	parameters := request(clientID, scope)
	parameters.Set("response_type", responseType)
	parameters.Set("nonce", "n-1")
	return parameters
}

// approved goes all the way from a fresh browser to the parameters of a successful answer.
func (b *browser) approved(parameters url.Values) url.Values {
	p := b.authorize(parameters)
	if p.location == nil && p.url.Path == "/login/sign-in" {
		p = b.signIn(p)
	}
	if p.location == nil && p.url.Path == "/login/consent" {
		p = b.decide(p, "accept")
	}
	require.NotNil(b.stack.t, p.location, "%d %s", p.status, p.body)
	answered := p.parameters()
	require.Empty(b.stack.t, answered.Get("error"), answered)
	return answered
}

// verified checks an ID token as a client library does, with the published keys.
func (s *stack) verified(token, clientID, algorithm string) (*oidc.IDToken, map[string]any) {
	discovered, err := oidc.NewProvider(s.t.Context(), s.server.URL)
	require.NoError(s.t, err)
	idToken, err := discovered.Verifier(&oidc.Config{
		ClientID: clientID, Now: s.clock.Now, SupportedSigningAlgs: []string{algorithm},
	}).Verify(s.t.Context(), token)
	require.NoError(s.t, err)
	var claims map[string]any
	require.NoError(s.t, idToken.Claims(&claims))
	return idToken, claims
}

func TestEachResponseTypeReturnsTheParametersThatItNames(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		for _, algorithm := range []string{"RS256", "ES256", "EdDSA"} {
			s := newStack(t, engine, everyResponseType)
			s.client("clinic", func(c *storage.Client) {
				hybrid(c)
				c.Metadata.IDTokenSignedResponseAlg = algorithm
			})
			b := s.browser()
			for _, responseType := range oauth.ResponseTypes {
				t.Run(algorithm+" "+responseType, func(t *testing.T) {
					answered := b.approved(requestOf(responseType, "clinic", "openid profile"))
					require.Equal(t, "s-1", answered.Get("state"))
					require.Equal(t, s.server.URL, answered.Get("iss"))
					terms := strings.Fields(responseType)
					require.Equal(t, contains(terms, "code"), answered.Has("code"))
					require.Equal(t, contains(terms, "token"), answered.Has("access_token"))
					require.Equal(t, contains(terms, "id_token"), answered.Has("id_token"))
					require.False(t, answered.Has("scope"))
					if answered.Has("access_token") {
						require.Equal(t, "Bearer", answered.Get("token_type"))
						require.Equal(t, "3600", answered.Get("expires_in"))
						require.Equal(t, s.userID, s.userinfo(answered.Get("access_token")).member("sub"))
					}
					if answered.Has("id_token") {
						checkFrontChannelIDToken(t, s, algorithm, answered)
					}
					if answered.Has("code") {
						tokens := s.redeem("clinic", answered.Get("code"))
						require.Equal(t, http.StatusOK, tokens.status, tokens.raw)
						_, claims := s.verified(tokens.member("id_token"), "clinic", algorithm)
						require.Equal(t, s.userID, claims["sub"])
					}
				})
			}
		}
	})
}

func contains(terms []string, word string) bool {
	for _, w := range terms {
		if w == word {
			return true
		}
	}
	return false
}

func checkFrontChannelIDToken(t *testing.T, s *stack, algorithm string, answered url.Values) {
	idToken, claims := s.verified(answered.Get("id_token"), "clinic", algorithm)
	require.Equal(t, "n-1", idToken.Nonce)
	require.Equal(t, s.userID, idToken.Subject)
	require.NotContains(t, claims, "rat")
	for name, value := range map[string]string{"at_hash": answered.Get("access_token"), "c_hash": answered.Get("code")} {
		if value == "" {
			require.NotContains(t, claims, name)
			continue
		}
		expected, err := jwks.HalfHash(algorithm, value)
		require.NoError(t, err)
		require.Equal(t, expected, claims[name])
	}
	if len(answered["access_token"])+len(answered["code"]) == 0 {
		require.Equal(t, "Олена Коваль", claims["name"], "there is no other way to the claims of the scope")
	} else {
		require.NotContains(t, claims, "name", "userinfo tells it")
	}
}

func TestResponseTypeThatIsOffOrNotRegisteredIsRefused(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		s := newStack(t, engine)
		s.client("clinic", hybrid)
		for _, responseType := range oauth.ResponseTypes[1:] {
			rejected := s.browser().authorize(requestOf(responseType, "clinic", "openid"))
			require.Equal(t, "unsupported_response_type", rejected.parameters().Get("error"), "the operator turned it not on")
			require.Empty(t, rejected.location.RawQuery, "the answer to a response type with tokens is in the fragment")
		}
		s = newStack(t, engine, everyResponseType)
		s.client("clinic", nil)
		rejected := s.browser().authorize(requestOf("code id_token", "clinic", "openid"))
		require.Equal(t, "unauthorized_client", rejected.parameters().Get("error"), "the client is not registered for it")
		require.NotContains(t, s.discovered()["grant_types_supported"], "password")
	})
}

func (s *stack) discovered() map[string]any {
	r, err := http.NewRequestWithContext(s.t.Context(), http.MethodGet, s.server.URL+oauth.PathDiscovery, nil)
	require.NoError(s.t, err)
	return s.send(r).body
}

func TestFrontChannelRequestIsValidatedBeforeTheSignIn(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		s := newStack(t, engine, everyResponseType)
		s.client("clinic", hybrid)
		for name, c := range map[string]struct{ parameter, value, code string }{
			"no nonce":                  {"nonce", "", "invalid_request"},
			"no openid":                 {"scope", "patients:view", "invalid_scope"},
			"tokens in a query":         {"response_mode", "query", "unsupported_response_mode"},
			"a scope outside":           {"scope", "openid root", "invalid_scope"},
			"nobody is signed in":       {"prompt", "none", "login_required"},
			"a response_mode of dreams": {"response_mode", "telepathy", "unsupported_response_mode"},
		} {
			parameters := requestOf("code id_token", "clinic", "openid")
			if parameters.Set(c.parameter, c.value); c.value == "" {
				parameters.Del(c.parameter)
			}
			p := s.browser().authorize(parameters)
			require.NotNil(t, p.location, "%s: %s", name, p.body)
			require.Empty(t, p.location.RawQuery, "%s: errors too go to the fragment", name)
			require.Equal(t, c.code, p.parameters().Get("error"), name)
			require.Equal(t, "s-1", p.parameters().Get("state"), name)
		}
	})
}

var (
	formAction = regexp.MustCompile(`<form method="post" action="([^"]+)">`)
	hidden     = regexp.MustCompile(`<input type="hidden" name="([^"]+)" value="([^"]*)">`)
)

// posted reads the form of the form_post response mode.
func (p page) posted(t *testing.T) (action string, parameters url.Values) {
	found := formAction.FindStringSubmatch(p.body)
	require.NotNil(t, found, p.body)
	parameters = url.Values{}
	for _, field := range hidden.FindAllStringSubmatch(p.body, -1) {
		parameters.Set(html.UnescapeString(field[1]), html.UnescapeString(field[2]))
	}
	return html.UnescapeString(found[1]), parameters
}

func TestAFormPostAnswerIsAPageThatSubmitsItself(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		s := newStack(t, engine, everyResponseType)
		s.client("clinic", hybrid)
		b := s.browser()
		b.approved(requestOf("code", "clinic", "openid"))
		for _, responseType := range oauth.ResponseTypes {
			parameters := requestOf(responseType, "clinic", "openid")
			parameters.Set("response_mode", "form_post")
			parameters.Set("state", `"><script>alert(1)</script>`)
			p := b.authorize(parameters)
			require.Equal(t, http.StatusOK, p.status, p.body)
			require.Equal(t, "no-store", p.header.Get("Cache-Control"))
			require.Contains(t, p.header.Get("Content-Security-Policy"), "script-src 'sha256-")
			require.NotContains(t, p.header.Get("Content-Security-Policy"), "unsafe-inline")
			require.NotContains(t, p.body, "<script>alert")
			require.Contains(t, p.body, `id="form-post-submit"`)
			action, answered := p.posted(t)
			require.Equal(t, redirectURI, action)
			require.Equal(t, `"><script>alert(1)</script>`, answered.Get("state"))
			require.Equal(t, s.server.URL, answered.Get("iss"))
			require.Equal(t, contains(strings.Fields(responseType), "code"), answered.Has("code"))
			require.Equal(t, contains(strings.Fields(responseType), "id_token"), answered.Has("id_token"))
		}
		rejected := requestOf("code", "clinic", "openid root")
		rejected.Set("response_mode", "form_post")
		_, answered := b.authorize(rejected).posted(t)
		require.Equal(t, "invalid_scope", answered.Get("error"))
	})
}

func TestTokensFromTheAuthorizationEndpointEndWithTheirGrant(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		for _, form := range []string{storage.AccessTokenJWT, storage.AccessTokenOpaque} {
			s := newStack(t, engine, everyResponseType)
			s.client("clinic", func(c *storage.Client) { hybrid(c); c.Policy.AccessToken = form })
			answered := s.browser().approved(requestOf("code id_token token", "clinic", "openid offline_access"))
			front := answered.Get("access_token")
			require.Equal(t, http.StatusOK, s.userinfo(front).status, form)
			tokens := s.redeem("clinic", answered.Get("code"))
			require.Equal(t, http.StatusOK, s.refresh("clinic", tokens.member("refresh_token")).status,
				"the exchange completes the grant")
			require.Equal(t, "invalid_grant", s.redeem("clinic", answered.Get("code")).member("error"))
			require.Equal(t, http.StatusUnauthorized, s.userinfo(front).status, "a replay ends all of the grant")
		}
	})
}
