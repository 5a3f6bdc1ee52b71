package provider_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ithildin/provider"
	"ithildin/provider/oauth"
	"ithildin/provider/registration"
	"ithildin/storage"
	"ithildin/storage/storagetest"
)

// The tests of this file and of its neighbours conformance_*_test.go go by what the OpenID Foundation's conformance
// suite asks of a provider: a test for each behaviour, with subtests named after the suite's modules.

// certified is a stack as it is put up for the suite, with a client that is registered for everything.
func certified(t *testing.T, engine storagetest.Engine) *stack {
	s := newStack(t, engine, everyResponseType)
	s.client("clinic", func(c *storage.Client) {
		hybrid(c)
		withPostLogout(c)
		c.Scope = append(c.Scope, "address")
	})
	s.completeProfile()
	return s
}

// completeProfile gives the user every standard claim.
func (s *stack) completeProfile() {
	user, err := s.store.FindUser(s.t.Context(), s.userID)
	require.NoError(s.t, err)
	user.Profile = json.RawMessage(everyClaim)
	require.NoError(s.t, s.store.UpdateUser(s.t.Context(), *user))
}

// eachResponseType runs f for a response type of each certification profile.
func eachResponseType(t *testing.T, f func(t *testing.T, s *stack, responseType string)) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		s := certified(t, engine)
		for _, responseType := range []string{"code", "id_token", "code id_token token"} {
			t.Run(responseType, func(t *testing.T) { f(t, s, responseType) })
		}
	})
}

// idTokenOf reads the ID token of an answer, exchanging the code where that is the only way.
func (s *stack) idTokenOf(answered url.Values) map[string]any {
	token := answered.Get("id_token")
	if token == "" {
		token = s.redeem("clinic", answered.Get("code")).member("id_token")
	}
	_, claims := s.verified(token, "clinic", "RS256")
	return claims
}

func TestConformanceDiscoveryKeySetAndKeyRotation(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		s := certified(t, engine)
		t.Run("discovery-endpoint-verification", func(t *testing.T) {
			discovered := s.discovered()
			require.Equal(t, s.server.URL, discovered["issuer"])
			alias := s.browser().get(s.server.URL + oauth.PathServerMetadata)
			require.JSONEq(t, s.browser().get(s.server.URL+oauth.PathDiscovery).body, alias.body)
			for _, name := range []string{"response_types_supported", "grant_types_supported", "acr_values_supported",
				"claims_supported"} {
				require.NotEmpty(t, discovered[name], name)
			}
			require.NotContains(t, discovered["id_token_signing_alg_values_supported"], "none")
			require.Contains(t, discovered["id_token_signing_alg_values_supported"], "RS256")
			require.Contains(t, discovered["scopes_supported"], "openid")
			require.Contains(t, discovered["grant_types_supported"], "implicit")
		})
		t.Run("discovery-endpoint-verification over https", func(t *testing.T) {
			over := newStack(t, engine, everyResponseType, func(o *provider.Options) {
				o.Issuer = &url.URL{Scheme: "https", Host: "op.example", Path: "/path"}
				o.Registration = registration.Options{Mode: registration.Open}
			})
			endpoints := 0
			for name, value := range over.discovered() {
				if address, isText := value.(string); isText {
					require.True(t, strings.HasPrefix(address, "https://op.example/path"), "%s: %s", name, address)
					endpoints++
				}
			}
			require.Equal(t, 12, endpoints, "the issuer is one of them")
		})
		t.Run("server-rotate-keys", func(t *testing.T) {
			kids := func() map[string]bool {
				var set struct {
					Keys []map[string]any `json:"keys"`
				}
				require.NoError(t, json.Unmarshal([]byte(s.browser().get(s.server.URL+oauth.PathJWKS).body), &set))
				found := map[string]bool{}
				for _, key := range set.Keys {
					require.NotContains(t, key, "d", "no private member is published")
					require.NotEqual(t, "oct", key["kty"])
					require.Equal(t, "sig", key["use"])
					require.False(t, found[key["kid"].(string)], "kids are unique")
					found[key["kid"].(string)] = true
				}
				return found
			}
			before := kids()
			require.NoError(t, s.keys.Rotate(t.Context(), "RS256"))
			after := kids()
			require.Len(t, after, len(before)+1, "the new key is there at once, and the old one still")
			for kid := range before {
				require.True(t, after[kid])
			}
		})
	})
}

func TestConformanceIDTokenNamesTheLoginSession(t *testing.T) {
	eachResponseType(t, func(t *testing.T, s *stack, responseType string) {
		b := s.browser()
		begun := s.clock.Now().Unix()
		first := s.idTokenOf(b.approved(requestOf(responseType, "clinic", "openid")))
		require.Equal(t, s.userID, first["sub"])
		require.EqualValues(t, begun, first["auth_time"])
		require.Equal(t, []any{"pwd"}, first["amr"])
		require.Equal(t, "password", first["acr"])
		require.NotEmpty(t, first["sid"])
		s.clock.Advance(time.Minute)
		second := s.idTokenOf(b.approved(requestOf(responseType, "clinic", "openid")))
		require.Equal(t, first["auth_time"], second["auth_time"])
		require.Equal(t, first["sid"], second["sid"])
	})
}

func TestConformancePromptMaxAgeAndHints(t *testing.T) {
	eachResponseType(t, func(t *testing.T, s *stack, responseType string) {
		with := func(pairs ...string) url.Values {
			parameters := requestOf(responseType, "clinic", "openid")
			for i := 0; i < len(pairs); i += 2 {
				parameters.Set(pairs[i], pairs[i+1])
			}
			return parameters
		}
		b := s.browser()
		first := b.approved(with())
		begun := s.idTokenOf(first)
		s.clock.Advance(2 * time.Second)
		asksAgain := func(t *testing.T, parameters url.Values) {
			p := b.authorize(parameters)
			require.Equal(t, "/login/sign-in", p.url.Path, "%v", p.location)
			p = b.signIn(p)
			require.NotNil(t, p.location, p.body)
			again := s.idTokenOf(p.parameters())
			require.Greater(t, again["auth_time"], begun["auth_time"])
			require.Equal(t, begun["sub"], again["sub"])
		}
		for name, parameters := range map[string]url.Values{
			"prompt-login": with("prompt", "login"), "max-age-1": with("max_age", "1"), "max-age-0": with("max_age", "0"),
			"select_account": with("prompt", "select_account"),
		} {
			t.Run(name, func(t *testing.T) { asksAgain(t, parameters); s.clock.Advance(2 * time.Second) })
		}
		t.Run("prompt-consent", func(t *testing.T) {
			p := b.authorize(with("prompt", "consent"))
			require.Equal(t, "/login/consent", p.url.Path)
			require.NotNil(t, b.decide(p, "accept").location)
		})
		t.Run("prompt-none-not-logged-in", func(t *testing.T) {
			require.Equal(t, "login_required", s.browser().authorize(with("prompt", "none")).parameters().Get("error"))
		})
		for name, parameters := range map[string]url.Values{
			"prompt-none-logged-in": with("prompt", "none"), "max-age-10000": with("prompt", "none", "max_age", "10000"),
			"id-token-hint": with("prompt", "none", "id_token_hint", s.hint(first)),
			"ui-locales":    with("prompt", "none", "ui_locales", "se en"), "claims-locales": with("prompt", "none",
				"claims_locales", "se"),
			"display-page": with("prompt", "none", "display", "page"), "display-popup": with("prompt", "none", "display",
				"popup"),
			"ensure-request-with-unknown-parameter-succeeds": with("prompt", "none", "extra", "foobar"),
			"ensure-request-with-acr-values-succeeds": with("prompt", "none", "acr_values", "signature one_time_code "+
				"password"),
		} {
			t.Run(name, func(t *testing.T) {
				told := s.idTokenOf(b.approved(parameters))
				require.Equal(t, begun["sub"], told["sub"])
				require.NotZero(t, told["auth_time"])
				require.Equal(t, "password", told["acr"])
			})
		}
		t.Run("id-token-hint of another user", func(t *testing.T) {
			other := s.keysSign(t, map[string]any{"iss": s.server.URL, "sub": s.store.NewID(), "aud": "clinic"})
			rejected := b.authorize(with("prompt", "none", "id_token_hint", other))
			require.Equal(t, "login_required", rejected.parameters().Get("error"))
		})
		t.Run("login-hint", func(t *testing.T) {
			p := s.browser().authorize(with("login_hint", "doctor@example.com"))
			require.Contains(t, p.body, `value="doctor@example.com"`)
		})
	})
}

// hint is an ID token of an answer, as a client keeps it.
func (s *stack) hint(answered url.Values) string {
	if token := answered.Get("id_token"); token != "" {
		return token
	}
	return s.keysSign(s.t, map[string]any{"iss": s.server.URL, "sub": s.userID, "aud": "clinic"})
}

// keysSign makes an ID token of this provider with claims of the test's choice.
func (s *stack) keysSign(t testing.TB, claims map[string]any) string {
	token, err := s.keys.Sign("RS256", "JWT", claims)
	require.NoError(t, err)
	return token
}

func TestConformanceConsentIsRememberedByUserClientScopeAndClaims(t *testing.T) {
	eachResponseType(t, func(t *testing.T, s *stack, responseType string) {
		b := s.browser()
		quiet := func(clientID, scope, claims string) string {
			parameters := requestOf(responseType, clientID, scope)
			parameters.Set("prompt", "none")
			if claims != "" {
				parameters.Set("claims", claims)
			}
			return b.authorize(parameters).parameters().Get("error")
		}
		first := b.authorize(requestOf(responseType, "clinic", "openid email"))
		if first.location == nil {
			p := b.signIn(first)
			if p.url.Path == "/login/consent" {
				b.decide(p, "accept")
			}
		}
		require.Empty(t, quiet("clinic", "openid email", ""))
		require.Empty(t, quiet("clinic", "openid", ""), "less than what was approved")
		other := "other " + responseType
		s.client(other, hybrid)
		require.Equal(t, "consent_required", quiet(other, "openid", ""), "another client")
		require.Equal(t, "consent_required", quiet("clinic", "openid address", ""), "another scope")
		require.Equal(t, "consent_required", quiet("clinic", "openid", `{"userinfo": {"birthdate": null}}`), "another claim")
		s.client("public "+responseType, func(c *storage.Client) {
			hybrid(c)
			c.Metadata.TokenEndpointAuthMethod = storage.AuthMethodNone
		})
		public := challenged(requestOf(responseType, "public "+responseType, "openid"))
		p := b.authorize(public)
		require.Equal(t, "/login/consent", p.url.Path)
		require.NotNil(t, b.decide(p, "accept").location)
		require.NotNil(t, b.authorize(public).location, "nobody else gets what is sent to its https address (RFC 8252 8.6)")
	})
}

func TestConformanceUserinfoByHeaderAndForm(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		s := certified(t, engine)
		b := s.browser()
		t.Run("scope-all", func(t *testing.T) {
			answered := b.approved(requestOf("code", "clinic", "openid profile email address phone"))
			tokens := s.redeem("clinic", answered.Get("code"))
			info := s.userinfo(tokens.member("access_token"))
			for _, name := range s.discovered()["claims_supported"].([]any) {
				if protocol := []any{"iss", "aud", "exp", "iat", "auth_time", "nonce", "acr", "amr", "at_hash", "c_hash",
					"sid"}; !containsAny(
					protocol,
					name,
				) {
					require.Contains(t, info.body, name)
				}
			}
			require.IsType(t, map[string]any{}, info.body["address"])
			require.IsType(t, float64(0), info.body["updated_at"])
			require.IsType(t, true, info.body["email_verified"])
			_, claims := s.verified(tokens.member("id_token"), "clinic", "RS256")
			require.Equal(t, claims["sub"], info.body["sub"])
			require.NotContains(t, claims, "name")
		})
		t.Run("userinfo-post-body", func(t *testing.T) {
			token := b.approved(requestOf("id_token token", "clinic", "openid")).Get("access_token")
			got := s.post(oauth.PathUserinfo, "", url.Values{"access_token": {token}})
			require.Equal(t, s.userID, got.member("sub"), got.raw)
		})
		t.Run("the user's claims are in an ID token that comes alone", func(t *testing.T) {
			claims := s.idTokenOf(b.approved(requestOf("id_token", "clinic", "openid profile email address phone")))
			require.Equal(t, "Олена Петрівна Коваль", claims["name"])
			require.Equal(t, "Київ", claims["address"].(map[string]any)["locality"])
		})
	})
}

func containsAny(list []any, value any) bool {
	for _, v := range list {
		if v == value {
			return true
		}
	}
	return false
}

func TestConformanceClaimsParameter(t *testing.T) {
	eachResponseType(t, func(t *testing.T, s *stack, responseType string) {
		answered := s.browser().approved(withClaims(requestOf(responseType, "clinic", "openid"),
			`{"userinfo": {"name": {"essential": true}}, "id_token": {"acr": {"essential": true, "value": "password"}}}`))
		told := s.idTokenOf(answered)
		require.Equal(t, "password", told["acr"])
		switch {
		case responseType == "id_token":
			require.Equal(t, "Олена Петрівна Коваль", told["name"])
		case answered.Has("access_token"):
			require.Equal(t, "Олена Петрівна Коваль", s.userinfo(answered.Get("access_token")).member("name"))
		}
	})
}

func TestConformanceIDTokenHasExactlyTheExpectedClaims(t *testing.T) {
	eachResponseType(t, func(t *testing.T, s *stack, responseType string) {
		expected := map[string][]string{
			"code":                {"at_hash", "nonce"},
			"id_token":            {"nonce"},
			"code id_token token": {"at_hash", "c_hash", "nonce"},
		}[responseType]
		told := s.idTokenOf(s.browser().approved(requestOf(responseType, "clinic", "openid")))
		for _, name := range append(expected, "iss", "sub", "aud", "exp", "iat", "auth_time", "acr", "amr", "sid") {
			require.Contains(t, told, name)
			delete(told, name)
		}
		require.Empty(t, told, "and nothing that was not asked for, such as fosite's rat")
	})
}

func TestConformanceErrorsArePagesWhereTheRedirectIsNotSafe(t *testing.T) {
	eachResponseType(t, func(t *testing.T, s *stack, responseType string) {
		elsewhere := requestOf(responseType, "clinic", "openid")
		elsewhere.Set("redirect_uri", "https://client.example/other")
		nowhere := requestOf(responseType, "clinic", "openid")
		nowhere.Set("client_id", "unknown")
		for name, parameters := range map[string]url.Values{
			"ensure-registered-redirect-uri": elsewhere, "unknown client": nowhere,
		} {
			p := s.browser().authorize(parameters)
			require.Nil(t, p.location, name)
			require.Equal(t, http.StatusBadRequest, p.status, name)
			require.Contains(t, p.header.Get("Content-Type"), "text/html", name)
			r := httptest.NewRequestWithContext(t.Context(), http.MethodGet,
				s.server.URL+oauth.PathAuthorize+"?"+parameters.Encode(), nil)
			r.RequestURI = ""
			r.Header.Set("Accept", "application/json")
			told := s.send(r)
			require.Equal(t, http.StatusBadRequest, told.status)
			require.Equal(t, "invalid_request", told.member("error"), "a program is told in JSON: %s", told.raw)
			require.NotEmpty(t, told.member("request_id"))
		}
		for name, change := range map[string]string{"prompt": "sometimes", "scope": "openid root", "max_age": "-1",
			"claims": "{"} {
			parameters := requestOf(responseType, "clinic", "openid")
			parameters.Set(name, change)
			p := s.browser().authorize(parameters)
			require.NotNil(t, p.location, "%s: %s", name, p.body)
			require.NotEmpty(t, p.parameters().Get("error"))
			require.Equal(t, responseType == "code", p.location.Fragment == "", "an error goes where the answer would")
			for parameter := range p.parameters() {
				require.Contains(t, []string{"error", "error_description", "state", "iss"}, parameter)
			}
			require.False(t, strings.ContainsAny(p.parameters().Get("error_description"), "\"\\"), "RFC 6749 4.1.2.1")
		}
	})
}

func TestConformanceCodeIsGoodOnceAndShortLived(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		s := certified(t, engine)
		for _, responseType := range []string{"code", "code id_token", "code token"} {
			t.Run("codereuse-30seconds "+responseType, func(t *testing.T) {
				code := s.browser().approved(requestOf(responseType, "clinic", "openid")).Get("code")
				tokens := s.redeem("clinic", code)
				require.Equal(t, http.StatusOK, tokens.status, tokens.raw)
				require.Equal(t, "no-store", tokens.header.Get("Cache-Control"))
				s.clock.Advance(30 * time.Second)
				again := s.redeem("clinic", code)
				require.Equal(t, http.StatusBadRequest, again.status)
				require.Equal(t, "invalid_grant", again.member("error"))
				require.Equal(t, http.StatusUnauthorized, s.userinfo(tokens.member("access_token")).status)
			})
		}
		late := s.browser().approved(requestOf("code", "clinic", "openid")).Get("code")
		s.clock.Advance(61 * time.Second)
		require.Equal(t, "invalid_grant", s.redeem("clinic", late).member("error"))
	})
}

func TestConformanceRefreshTokens(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		s := certified(t, engine)
		s.client("other", nil)
		parameters := requestOf("code", "clinic", "openid offline_access")
		parameters.Set("prompt", "consent")
		first := s.redeem("clinic", s.browser().approved(parameters).Get("code"))
		require.NotEmpty(t, first.member("refresh_token"), first.raw)
		_, before := s.verified(first.member("id_token"), "clinic", "RS256")
		require.Equal(t, "invalid_grant", s.refresh("other", first.member("refresh_token")).member("error"))
		s.clock.Advance(2 * time.Second)
		second := s.refresh("clinic", first.member("refresh_token"))
		require.Equal(t, http.StatusOK, second.status, second.raw)
		require.Equal(t, "no-store", second.header.Get("Cache-Control"))
		_, after := s.verified(second.member("id_token"), "clinic", "RS256")
		for _, name := range []string{"iss", "sub", "aud", "auth_time", "sid"} {
			require.Equal(t, before[name], after[name], name)
		}
		require.Greater(t, after["iat"], before["iat"])
		require.NotContains(t, after, "nonce")
		require.Contains(t, s.discovered()["grant_types_supported"], "refresh_token")
		without := s.redeem("clinic", s.browser().approved(requestOf("code", "clinic", "openid")).Get("code"))
		require.Empty(t, without.member("refresh_token"))
	})
}
