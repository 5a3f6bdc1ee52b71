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

// A thief has a code of a victim and gives it to the thief's own session at the client (RFC 9700 4.5): the client's
// verifier of that session does not fit the challenge of the code.
func TestAttackCodeInjection(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		s := newStack(t, engine)
		s.client("clinic", nil)
		stolen := s.browser().code(challenged(request("clinic", "openid")))
		injected := s.post(oauth.PathToken, "clinic", url.Values{
			"grant_type": {"authorization_code"}, "code": {stolen}, "redirect_uri": {redirectURI},
			"code_verifier": {"the-verifier-of-another-session-of-the-same-client"},
		})
		require.Equal(t, "invalid_grant", injected.member("error"))
	})
}

// A client of several providers is led to send this one's code to another (RFC 9700 4.4): every answer names its
// issuer, an error too, byte for byte as discovery and ID token do.
func TestAttackMixUp(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		s := newStack(t, engine, everyResponseType)
		s.client("clinic", hybrid)
		issuer := s.discovered()["issuer"]
		require.Equal(t, true, s.discovered()["authorization_response_iss_parameter_supported"])
		b := s.browser()
		for _, responseType := range oauth.ResponseTypes {
			require.Equal(t, issuer, b.approved(requestOf(responseType, "clinic", "openid")).Get("iss"), responseType)
			rejected := requestOf(responseType, "clinic", "openid root")
			require.Equal(t, issuer, b.authorize(rejected).parameters().Get("iss"), responseType)
		}
	})
}

// The challenge is taken out of the request on its way, and the verifier is sent all the same (RFC 9700 4.8.2).
func TestAttackPKCEDowngrade(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		s := newStack(t, engine)
		s.client("clinic", nil)
		s.client("strict", func(c *storage.Client) { c.Policy.RequirePKCE = true })
		redeem := func(code string) reply {
			return s.post(oauth.PathToken, "clinic", url.Values{
				"grant_type": {"authorization_code"}, "code": {code}, "redirect_uri": {redirectURI}, "code_verifier": {verifier},
			})
		}
		b := s.browser()
		require.Equal(t, "invalid_grant", redeem(b.code(request("clinic", "openid"))).member("error"))
		plaintext := challenged(request("clinic", "openid"))
		plaintext.Set("code_challenge_method", "plain")
		require.Equal(t, "invalid_request", b.authorize(plaintext).parameters().Get("error"))
		unnamed := challenged(request("clinic", "openid"))
		unnamed.Del("code_challenge_method")
		require.Equal(t, "invalid_request", b.authorize(unnamed).parameters().Get("error"), "which would mean plain")
		require.Equal(t, "invalid_request", b.authorize(request("strict", "openid")).parameters().Get("error"))
	})
}

// Another site submits our forms (RFC 6819 4.4.1.8): with the victim's cookies, or with a request that the attacker
// began.
func TestAttackCSRFOnSignInAndConsent(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		s := newStack(t, engine)
		s.client("clinic", nil)
		victim, attacker := s.browser(), s.browser()
		foreign := func(b *browser, path string, form url.Values) page {
			r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.server.URL+path,
				strings.NewReader(form.Encode()))
			require.NoError(t, err)
			r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			r.Header.Set("Origin", "https://evil.example")
			r.Header.Set("Sec-Fetch-Site", "cross-site")
			return b.do(r)
		}
		began := victim.authorize(request("clinic", "openid"))
		credentials := url.Values{"request": {began.request(t)}, "username": {"doctor@example.com"}, "password": {password}}
		require.Equal(t, http.StatusForbidden, foreign(victim, "/login/sign-in", credentials).status)
		consent := victim.signIn(began)
		accept := url.Values{"request": {consent.request(t)}, "decision": {"accept"}}
		require.Equal(t, http.StatusForbidden, foreign(victim, "/login/consent", accept).status)

		planted := attacker.authorize(request("clinic", "openid"))
		got := victim.post(s.server.URL+"/login/sign-in", url.Values{
			"request": {planted.request(t)}, "username": {"doctor@example.com"}, "password": {password},
		})
		require.Equal(t, http.StatusBadRequest, got.status, "a request belongs to the browser that began it")
		require.NotNil(t, victim.decide(consent, "accept").location, "and the honest page still works")
	})
}

// The browser is sent where the attacker likes (RFC 9700 4.1, 4.11).
func TestAttackOpenRedirect(t *testing.T) {
	requireNoRedirectTo(t,
		"https://evil.example/callback", "https://client.example.evil.example/callback", "//client.example/callback",
		"https://client.example/callback/..", "https://client.example/callback/../../evil",
		"https://client.example/callback#fragment", "http://client.example/callback", "https://client.example:444/callback",
		"javascript:alert(1)//https://client.example/callback", "data:text/html,x", "https://client.example/callbackevil",
		"https://client.example/callback\x00", "https://client.example/callback ", "https://CLIENT.example/callback",
	)
}

// Two parsers read one address differently, ours and the browser's (RFC 9700 4.1.1).
func TestAttackRedirectByEncodedSlashAndUserinfo(t *testing.T) {
	requireNoRedirectTo(
		t,
		"https://client.example/callback%2f..%2f..%2fevil",
		"https://client.example/callback%2F%2Fevil.example",
		"https://client.example/callback%5c..%5cevil",
		"https://client.example%2fcallback",
		"https://evil.example%2f@client.example/callback",
		"https://client.example/callback/%2e%2e/evil",
		"https://client.example/callback/%252e%252e/evil",
		"https://client.example@evil.example/callback",
		"https://user:pass@client.example/callback",
		"https://@client.example/callback",
		`https://client.example\@evil.example/callback`,
	)
}

// requireNoRedirectTo demands a page for each address, whether redirect URIs are compared exactly or by prefix, and
// whether or not a person may be asked.
func requireNoRedirectTo(t *testing.T, addresses ...string) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		s := newStack(t, engine)
		s.client("clinic", nil)
		s.client("legacy", func(c *storage.Client) { c.Connections[0].RedirectMatch = storage.RedirectMatchPrefix })
		b := s.browser()
		for _, id := range []string{"clinic", "legacy"} {
			b.code(request(id, "openid"))
			for _, uri := range addresses {
				parameters := request(id, "openid")
				parameters.Set("redirect_uri", uri)
				for _, prompt := range []string{"", "none"} {
					if parameters.Set("prompt", prompt); prompt == "" {
						parameters.Del("prompt")
					}
					p := b.authorize(parameters)
					require.Nil(t, p.location, "%s %q", id, uri)
					require.Equal(t, http.StatusBadRequest, p.status, "%s %q", id, uri)
					require.Contains(t, p.header.Get("Content-Type"), "text/html")
				}
			}
		}
	})
}

// A token is used as what it is not, or by whom it was not issued to.
func TestAttackTokenSubstitution(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		s := newStack(t, engine)
		for _, id := range []string{"clinic", "thief"} {
			s.client(id, func(c *storage.Client) {
				c.Metadata.IDTokenSignedResponseAlg, c.Metadata.UserinfoSignedResponseAlg = "ES256", "ES256"
			})
		}
		b := s.browser()
		code := b.code(request("clinic", "openid offline_access"))
		require.Equal(t, "invalid_grant", s.redeem("thief", code).member("error"), "another client's code")
		tokens := s.redeem("clinic", code)
		require.Equal(t, http.StatusOK, tokens.status, "which the attempt did not burn")
		require.Equal(t, "invalid_grant", s.refresh("thief", tokens.member("refresh_token")).member("error"))
		signed := s.userinfo(tokens.member("access_token")).raw
		for name, token := range map[string]string{
			"an ID token": tokens.member("id_token"), "a refresh token": tokens.member("refresh_token"),
			"a signed userinfo": signed,
			"a code":            b.code(request("clinic", "openid")),
		} {
			require.Equal(t, http.StatusUnauthorized, s.userinfo(token).status, name)
		}
		for name, token := range map[string]string{"an access token": tokens.member("access_token"),
			"a signed userinfo": signed} {
			hinted := request("clinic", "openid")
			hinted.Set("id_token_hint", token)
			require.Equal(t, "invalid_request", b.authorize(hinted).parameters().Get("error"), "%s is no hint", name)
		}
		require.Equal(t, "invalid_grant", s.redeem("clinic", tokens.member("refresh_token")).member("error"))
		require.Equal(t, "invalid_grant", s.refresh("clinic", b.code(request("clinic", "openid"))).member("error"))
	})
}

// A refresh token that was rotated away comes back after its successor was used (RFC 9700 4.14.2): the family ends.
func TestAttackRefreshReplayAfterTheGrace(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		s := newStack(t, engine)
		s.client("clinic", nil)
		first := s.redeem("clinic", s.browser().code(request("clinic", "openid offline_access")))
		second := s.refresh("clinic", first.member("refresh_token"))
		require.Equal(
			t,
			second.member("refresh_token"),
			s.refresh("clinic", first.member("refresh_token")).member("refresh_token"),
			"within the grace the successor is the same",
		)
		s.clock.Advance(31 * time.Second)
		third := s.refresh("clinic", second.member("refresh_token"))
		require.Equal(t, "invalid_grant", s.refresh("clinic", first.member("refresh_token")).member("error"))
		require.Equal(t, "invalid_grant", s.refresh("clinic", third.member("refresh_token")).member("error"))
		require.Equal(t, http.StatusUnauthorized, s.userinfo(third.member("access_token")).status)
	})
}

// Our pages are shown in a frame of another site, under what a person believes to click (RFC 9700 4.16).
func TestAttackClickjacking(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		s := newStack(t, engine)
		s.client("clinic", nil)
		b := s.browser()
		formPost := request("clinic", "openid")
		formPost.Set("response_mode", "form_post")
		signIn := b.authorize(formPost)
		consent := b.signIn(signIn)
		for name, p := range map[string]page{
			"sign-in": signIn, "consent": consent, "form post": b.decide(consent, "accept"),
			"sign-out": b.get(s.server.URL + "/login/sign-out"), "error": b.authorize(url.Values{"client_id": {"unknown"}}),
		} {
			require.Contains(t, p.header.Get("Content-Security-Policy"), "frame-ancestors 'none'", name)
			require.Equal(t, "DENY", p.header.Get("X-Frame-Options"), name)
		}
	})
}

// A header makes a shared cache keep an answer that names the attacker's host, or that belongs to somebody.
func TestAttackCachePoisoningByHeader(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		s := newStack(t, engine)
		s.client("clinic", nil)
		for _, path := range []string{
			oauth.PathDiscovery, oauth.PathJWKS, oauth.PathAuthorize + "?" + request("clinic", "openid").Encode(),
			"/login/sign-out", "/nothing", oauth.PathUserinfo,
		} {
			r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.server.URL+path, nil)
			require.NoError(t, err)
			r.Host = "evil.example"
			for _, name := range []string{"X-Forwarded-Host", "X-Forwarded-Server", "X-Original-URL", "X-Rewrite-URL",
				"Forwarded", "X-Host"} {
				r.Header.Set(name, "evil.example")
			}
			r.Header.Set("X-Forwarded-Proto", "gopher")
			response, err := (&http.Client{CheckRedirect: func(*http.Request, []*http.Request) error {
				return http.ErrUseLastResponse
			}}).Do(r)
			require.NoError(t, err)
			got := page{header: response.Header}
			raw := new(strings.Builder)
			require.NoError(t, response.Write(raw))
			require.NotContains(t, raw.String(), "evil.example", path)
			require.NotContains(t, raw.String(), "gopher", path)
			if path != oauth.PathDiscovery && path != oauth.PathJWKS {
				require.Equal(t, "no-store", got.header.Get("Cache-Control"), path)
			}
		}
	})
}

// A secret in a URL ends in logs, histories and referrers (RFC 6749 2.3.1, RFC 6750 5.3).
func TestAttackSecretsInAQuery(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		s := newStack(t, engine)
		s.client("clinic", nil)
		tokens := s.redeem("clinic", s.browser().code(request("clinic", "openid offline_access")))
		form := url.Values{"grant_type": {"client_credentials"}}
		for name, value := range map[string]string{
			"client_secret": secret + "clinic", "client_assertion": "x.y.z", "code": "x", "token": tokens.member("access_token"),
			"refresh_token": tokens.member("refresh_token"), "access_token": tokens.member("access_token"),
			"code_verifier": verifier,
		} {
			for _, path := range []string{oauth.PathToken, oauth.PathIntrospect, oauth.PathRevoke} {
				got := s.post(path+"?"+url.Values{name: {value}}.Encode(), "clinic", form)
				require.Equal(t, http.StatusBadRequest, got.status, "%s %s", path, name)
				require.Equal(t, "invalid_request", got.member("error"), "%s %s", path, name)
				require.NotContains(t, got.raw, value, "%s %s", path, name)
			}
		}
		require.Equal(t, http.StatusOK, s.userinfo(tokens.member("access_token")).status, "nothing was revoked by it")
	})
}
