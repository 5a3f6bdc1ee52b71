package provider_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/coreos/go-oidc/v3/oidc"
	"github.com/stretchr/testify/require"

	"ithildin/provider"
	"ithildin/provider/oauth"
	"ithildin/storage"
	"ithildin/storage/storagetest"
)

// manage calls the address that the client was told, with its token.
func (e *enrolled) manage(method string) reply {
	return e.call(
		method,
		e.response.member("registration_client_uri"),
		e.response.member("registration_access_token"),
		nil,
	)
}

// unregister ends a registration as the suite does after each module.
func (e *enrolled) unregister() {
	gone := e.manage(http.MethodDelete)
	require.Equal(e.t, http.StatusNoContent, gone.status, gone.raw)
	require.Empty(e.t, gone.raw)
}

// requirePage demands an error page and no redirect.
func requirePage(t *testing.T, p page) {
	t.Helper()
	require.Nil(t, p.location, p.location)
	require.Equal(t, http.StatusBadRequest, p.status, p.body)
	require.Contains(t, p.header.Get("Content-Type"), "text/html")
}

func TestConformanceClientRegistersReadsAndDeletesItself(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		s := open(t, engine)
		require.Equal(t, s.server.URL+oauth.PathRegister, s.discovered()["registration_endpoint"])
		for _, responseType := range oauth.ResponseTypes {
			t.Run("server "+responseType, func(t *testing.T) {
				e := s.enrol(t, responseType, storage.AuthMethodBasic, "id_token_signed_response_alg", "RS256")
				require.Equal(t, "application/json", strings.Split(e.response.header.Get("Content-Type"), ";")[0])
				require.NotEmpty(t, e.response.member("client_secret"))
				require.Zero(t, e.response.body["client_secret_expires_at"])
				require.Contains(t, e.response.body, "client_secret_expires_at")
				for _, name := range []string{"client_name", "token_endpoint_auth_method", "id_token_signed_response_alg"} {
					require.Equal(t, e.metadata[name], e.response.body[name])
				}
				require.Equal(t, []any{responseType}, e.response.body["response_types"])
				answered := s.browser().approved(e.request("openid"))
				token := answered.Get("id_token")
				if code := answered.Get("code"); code != "" {
					tokens := e.token(sending(exchange(code), "code_verifier", ""))
					require.Equal(t, http.StatusOK, tokens.status, tokens.raw)
					token = tokens.member("id_token")
				}
				_, claims := s.verified(token, e.id, "RS256") // which is idtoken-rs256, and idtoken-signature
				require.Equal(t, s.userID, claims["sub"])
				require.NotEmpty(t, decodeHeader(t, token)["kid"])
				e.unregister()
				requirePage(t, s.browser().authorize(e.request("openid")))
				require.Equal(t, "invalid_client", e.token(exchange("gone")).member("error"))
			})
		}
		t.Run("3rd_party-init-login", func(t *testing.T) {
			e := s.enrol(t, "code", storage.AuthMethodBasic, "initiate_login_uri", "https://client.example/initiate_login")
			require.Equal(t, e.metadata["initiate_login_uri"], e.response.body["initiate_login_uri"])
			read := e.manage(http.MethodGet)
			require.Equal(t, http.StatusOK, read.status)
			require.Equal(t, "application/json", strings.Split(read.header.Get("Content-Type"), ";")[0])
			require.Equal(t, e.metadata["initiate_login_uri"], read.body["initiate_login_uri"])
			e.unregister()
		})
	})
}

func TestConformanceInvalidRegistrationsAreRefused(t *testing.T) {
	s := open(t, storagetest.Engines()[0])
	t.Run("3rd_party-init-login-nohttps", func(t *testing.T) {
		rejected := s.register(
			enrolment("code", storage.AuthMethodBasic, "initiate_login_uri", "http://client.example/login"),
		)
		s.requireRefused(rejected, http.StatusBadRequest, "invalid_client_metadata", "initiate_login_uri", "https")
		require.Equal(t, "application/json", strings.Split(rejected.header.Get("Content-Type"), ";")[0])
	})
	for _, responseType := range []string{"code", "id_token", "code id_token token"} {
		t.Run("redirect-uri-regfrag "+responseType, func(t *testing.T) {
			withFragment := []string{redirectURI + "#foobar"}
			rejected := s.register(enrolment(responseType, storage.AuthMethodBasic, "redirect_uris", withFragment))
			s.requireRefused(rejected, http.StatusBadRequest, "invalid_redirect_uri", "fragment")
		})
		t.Run("redirect-uri-query "+responseType, func(t *testing.T) {
			redirectURIModules(t, s, responseType)
		})
	}
	t.Run("jwks and jwks_uri", func(t *testing.T) {
		rejected := s.register(enrolment("code", storage.AuthMethodPrivateKeyJWT, "jwks_uri", "https://client.example/jwks"))
		s.requireRefused(rejected, http.StatusBadRequest, "invalid_client_metadata", "jwks")
	})
}

func redirectURIModules(t *testing.T, s *stack, responseType string) {
	withQuery := redirectURI + "?foo=bar"
	e := s.enrol(t, responseType, storage.AuthMethodBasic, "redirect_uris", []string{withQuery})
	t.Run("redirect-uri-query-OK", func(t *testing.T) {
		p := s.browser().authorize(e.request("openid", "redirect_uri", withQuery, "prompt", "none"))
		require.NotNil(t, p.location, p.body)
		require.Equal(t, "bar", p.location.Query().Get("foo"), "kept, in an error too")
		b := s.browser()
		p = b.decide(b.signIn(b.authorize(e.request("openid", "redirect_uri", withQuery))), "accept")
		require.True(t, strings.HasPrefix(p.location.String(), withQuery), p.location)
		require.Equal(t, []string{"bar"}, p.location.Query()["foo"])
		require.Equal(t, "s-1", p.parameters().Get("state"))
	})
	for name, address := range map[string]string{
		"redirect-uri-query-mismatch": redirectURI + "?foo=baz", "redirect-uri-query-added": withQuery + "&bar=foo",
		"ensure-registered-redirect-uri": redirectURI,
	} {
		t.Run(name, func(t *testing.T) {
			requirePage(t, s.browser().authorize(e.request("openid", "redirect_uri", address)))
		})
	}
	t.Run("ensure-redirect-uri-in-authorization-request", func(t *testing.T) {
		p := s.browser().authorize(e.request("openid", "redirect_uri", ""))
		requirePage(t, p)
		require.Contains(t, p.body, "redirect_uri")
	})
}

func TestConformancePairwiseSubjectsAreEqualWithinASectorAndDifferBetweenSectors(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		several := []string{redirectURI, "https://other.example/"}
		address, _, client := sectors(t, map[string]string{
			"/redirect_uris.json": `["https://other.example/", "` + redirectURI + `"]`, "/bad": `["https://other.example/"]`,
			"/object": `{}`, "/large": `["` + strings.Repeat("x", 64<<10) + `"]`,
		})
		s := open(t, engine, func(o *provider.Options) { o.Outbound = client })
		require.Contains(t, s.discovered()["subject_types_supported"], "pairwise")
		pairwise := func(changes ...any) map[string]any {
			return enrolment("code", storage.AuthMethodBasic, append(changes, "subject_type", "pairwise")...)
		}
		t.Run("registration-sector-bad", func(t *testing.T) {
			for path, terms := range map[string]string{
				"/bad": "does not list the redirect URI", "/object": "JSON array", "/large": "could not be fetched",
				"/absent": "JSON array",
			} {
				s.requireRefused(s.register(pairwise("sector_identifier_uri", address+path)), http.StatusBadRequest,
					"invalid_client_metadata", "sector_identifier_uri", terms)
			}
			s.requireRefused(s.register(pairwise("redirect_uris", several)), http.StatusBadRequest,
				"invalid_client_metadata", "sector_identifier_uri: is missing")
		})
		t.Run("registration-sector-uri", func(t *testing.T) {
			sector := []any{"subject_type", "pairwise", "sector_identifier_uri", address + "/redirect_uris.json"}
			ofSector := pairwiseSubject(t, s, append(sector, "redirect_uris", several)...)
			require.Equal(t, ofSector, pairwiseSubject(t, s, sector...), "one sector")
			ofHost := pairwiseSubject(t, s, "subject_type", "pairwise")
			require.Equal(t, ofHost, pairwiseSubject(t, s, "subject_type", "pairwise"), "one host")
			require.NotEqual(t, ofSector, ofHost)
			require.Equal(t, s.userID, pairwiseSubject(t, s, "subject_type", "public"))
			require.NotContains(t, ofSector+ofHost, s.userID)
		})
	})
}

// pairwiseSubject is the sub by which a new client knows the user, which must be the same wherever it is told; for a
// gateway the token stands for the user all the same.
func pairwiseSubject(t *testing.T, s *stack, changes ...any) string {
	e := s.enrol(t, "code id_token token", storage.AuthMethodBasic, append(changes,
		"grant_types", []string{"authorization_code", "implicit", "refresh_token"})...)
	subject := ""
	b := s.browser()
	for _, form := range []string{storage.AccessTokenJWT, storage.AccessTokenOpaque} {
		stored, err := s.store.LoadClient(t.Context(), e.id)
		require.NoError(t, err)
		stored.Policy.AccessToken = form
		stored.PrivateSettings = json.RawMessage(`{"access_type": "DIRECT"}`)
		require.NoError(t, s.store.UpdateClient(t.Context(), *stored))
		answered := b.approved(e.request("openid offline_access"))
		tokens := e.token(sending(exchange(answered.Get("code")), "code_verifier", ""))
		refreshed := e.token(url.Values{"grant_type": {"refresh_token"}, "refresh_token": {tokens.member("refresh_token")}})
		require.Equal(t, http.StatusOK, refreshed.status, refreshed.raw)
		for _, idToken := range []string{answered.Get("id_token"), tokens.member("id_token"), refreshed.member("id_token")} {
			_, claims := s.verified(idToken, e.id, "RS256")
			if subject == "" {
				subject = claims["sub"].(string)
			}
			require.Equal(t, subject, claims["sub"])
		}
		for _, token := range []string{
			answered.Get("access_token"), tokens.member("access_token"), refreshed.member("access_token"),
		} {
			require.Equal(t, form == storage.AccessTokenJWT, strings.Count(token, ".") == 2)
			require.Equal(t, subject, s.userinfo(token).member("sub"), form)
			verified, err := s.provider.Tokens().Verify(t.Context(), token, "", nil)
			require.NoError(t, err)
			require.Equal(t, s.userID, verified.UserID, form)
		}
	}
	return subject
}

func TestConformanceConsentPageShowsLogoAndLinksWhichOnlyTheBrowserFetches(t *testing.T) {
	address, asked, client := sectors(t, nil)
	s := open(t, storagetest.Engines()[0], func(o *provider.Options) { o.Outbound = client })
	for module, c := range map[string]struct{ member, path, shown string }{
		"registration-logo-uri":   {"logo_uri", "/logo.png", `<img class="logo" src="ADDRESS"`},
		"registration-policy-uri": {"policy_uri", "/policy", `href="ADDRESS" target="_blank" rel="noopener noreferrer"`},
		"registration-tos-uri":    {"tos_uri", "/terms", `href="ADDRESS" target="_blank" rel="noopener noreferrer"`},
	} {
		t.Run(module, func(t *testing.T) {
			e := s.enrol(t, "code", storage.AuthMethodBasic, c.member, address+c.path)
			require.Equal(t, address+c.path, e.response.member(c.member))
			b := s.browser()
			page := b.signIn(b.authorize(e.request("openid")))
			require.Equal(t, "/login/consent", page.url.Path)
			require.Contains(t, page.body, strings.ReplaceAll(c.shown, "ADDRESS", address+c.path))
			policy := page.header.Get("Content-Security-Policy")
			require.Equal(t, c.member == "logo_uri", strings.Contains(policy, "img-src data: "+address+";"), policy)
		})
	}
	require.Zero(t, *asked)
}

func TestConformanceUserinfoIsSignedForClientsThatRegisteredForIt(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		s := open(t, engine)
		for _, algorithm := range []string{"RS256", "ES256", "EdDSA"} {
			t.Run("userinfo-"+strings.ToLower(algorithm), func(t *testing.T) {
				require.Contains(t, s.discovered()["userinfo_signing_alg_values_supported"], algorithm)
				e := s.enrol(t, "code", storage.AuthMethodPrivateKeyJWT, "userinfo_signed_response_alg", algorithm)
				require.Equal(t, algorithm, e.response.member("userinfo_signed_response_alg"))
				got := s.userinfo(e.tokens(e.request("openid profile")).member("access_token"))
				require.Equal(t, http.StatusOK, got.status, got.raw)
				require.Equal(t, "application/jwt", got.header.Get("Content-Type"))
				require.Equal(t, algorithm, decodeHeader(t, got.raw)["alg"])
				keys := oidc.NewRemoteKeySet(t.Context(), s.server.URL+oauth.PathJWKS)
				payload, err := oidc.NewVerifier(s.server.URL, keys, &oidc.Config{
					ClientID: e.id, SkipExpiryCheck: true, SupportedSigningAlgs: []string{algorithm},
				}).Verify(t.Context(), got.raw)
				require.NoError(t, err)
				var claims map[string]any
				require.NoError(t, payload.Claims(&claims))
				require.Equal(t, "Олена Петрівна Коваль", claims["name"])
				require.Equal(t, s.userID, claims["sub"])
				require.NotContains(t, claims, "nonce")
				require.Equal(t, http.StatusUnauthorized, s.userinfo(got.raw).status, "it opens nothing")
			})
		}
	})
}
