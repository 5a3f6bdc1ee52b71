package provider_test

import (
	"crypto/rand"
	"crypto/rsa"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
	"github.com/stretchr/testify/require"

	"ithildin/provider"
	"ithildin/provider/oauth"
	"ithildin/provider/registration"
	"ithildin/storage"
	"ithildin/storage/storagetest"
)

// newRSAKey makes a key as the suite does.
func newRSAKey() *rsa.PrivateKey {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	return key
}

// clientKey is the key of every client that needs no other, made once.
var clientKey = sync.OnceValue(newRSAKey)

func publicKey(key *rsa.PrivateKey, id string) jose.JSONWebKey {
	return jose.JSONWebKey{Key: key.Public(), KeyID: id, Use: "sig", Algorithm: "RS256"}
}

// open is a stack as it is put up for the suite: whoever likes registers a client, for everything.
func open(t *testing.T, engine storagetest.Engine, options ...func(*provider.Options)) *stack {
	s := newStack(t, engine, append(options, everyResponseType, func(o *provider.Options) {
		o.Registration = registration.Options{Mode: registration.Open, Rate: 1000}
	})...)
	s.completeProfile()
	return s
}

// enrolment is what the suite registers for a response type and an authentication method, with changes as of metadata.
func enrolment(responseType, method string, changes ...any) map[string]any {
	var grants []string
	terms := strings.Fields(responseType)
	if contains(terms, "code") {
		grants = append(grants, "authorization_code")
	}
	if contains(terms, "id_token") || contains(terms, "token") {
		grants = append(grants, "implicit")
	}
	return metadata(append([]any{
		"grant_types", grants, "response_types", []string{responseType}, "token_endpoint_auth_method", method,
		"jwks", jose.JSONWebKeySet{Keys: []jose.JSONWebKey{publicKey(clientKey(), "k")}},
		"contacts", []string{"certification@oidf.org"},
	}, changes...)...)
}

// enrolled is a client that registered itself as those of the suite do.
type enrolled struct {
	*stack
	t        *testing.T
	id       string
	metadata map[string]any
	response reply // to it
	key      *rsa.PrivateKey
	keyID    string
}

func (s *stack) enrol(t *testing.T, responseType, method string, changes ...any) *enrolled {
	own := *s
	own.t = t
	e := &enrolled{stack: &own, t: t, metadata: enrolment(responseType, method, changes...), key: clientKey(), keyID: "k"}
	e.response = s.registered(e.metadata)
	e.id = e.response.member("client_id")
	return e
}

// request is an authentication request of the client, with further parameters in pairs.
func (e *enrolled) request(scope string, further ...string) url.Values {
	return sending(requestOf(e.metadata["response_types"].([]string)[0], e.id, scope), further...)
}

// assert is a client assertion by the client's method.
func (e *enrolled) assert(audience string) string {
	claims := with(e.assertion(e.id), func(c *jwt.Claims) { c.Audience = jwt.Audience{audience} })
	if e.metadata["token_endpoint_auth_method"] == storage.AuthMethodSecretJWT {
		return signedBy(e.t, e.response.member("client_secret"), claims)
	}
	return signJWT(e.t, e.key, jose.RS256, withKID(e.keyID), claims)
}

// token sends a form to the token endpoint, with the client's credentials.
func (e *enrolled) token(form url.Values) reply {
	var basic string
	secret := e.response.member("client_secret")
	switch e.metadata["token_endpoint_auth_method"] {
	case storage.AuthMethodNone:
		form.Set("client_id", e.id)
	case storage.AuthMethodPost:
		form.Set("client_id", e.id)
		form.Set("client_secret", secret)
	case storage.AuthMethodBasic:
		basic = e.id
	default:
		form = e.asserted(form, e.server.URL+oauth.PathToken)
	}
	r, err := http.NewRequestWithContext(e.t.Context(), http.MethodPost, e.server.URL+oauth.PathToken,
		strings.NewReader(form.Encode()))
	require.NoError(e.t, err)
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if basic != "" {
		r.SetBasicAuth(url.QueryEscape(basic), url.QueryEscape(secret))
	}
	return e.send(r)
}

func (e *enrolled) asserted(form url.Values, audience string) url.Values {
	form.Set("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer")
	form.Set("client_assertion", e.assert(audience))
	return form
}

// exchange is the form that redeems a code.
func exchange(code string) url.Values {
	return url.Values{
		"grant_type": {"authorization_code"}, "code": {code}, "redirect_uri": {redirectURI}, "code_verifier": {verifier},
	}
}

// tokens go all the way from a browser to tokens, which must be good.
func (e *enrolled) tokens(parameters url.Values) reply {
	e.t.Helper()
	got := e.token(exchange(e.browser().approved(challenged(parameters)).Get("code")))
	require.Equal(e.t, http.StatusOK, got.status, got.raw)
	require.Equal(e.t, "no-store", got.header.Get("Cache-Control"))
	return got
}

func TestConformanceClientAuthenticatesByItsRegisteredMethod(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		w := newWebsite(t, nil)
		s := open(t, engine)
		s.reach(w, "127.0.0.0/8")
		methods := []string{
			storage.AuthMethodNone, storage.AuthMethodBasic, storage.AuthMethodPost, storage.AuthMethodSecretJWT,
			storage.AuthMethodPrivateKeyJWT,
		}
		for _, method := range methods {
			t.Run("server "+method, func(t *testing.T) {
				e := s.enrol(t, "code", method)
				require.Contains(t, s.discovered()["token_endpoint_auth_methods_supported"], method)
				code := s.browser().approved(challenged(e.request("openid"))).Get("code")
				if method != storage.AuthMethodNone {
					rejected := s.post(oauth.PathToken, e.id, exchange(code)) // with a secret that is not the client's
					require.Equal(t, http.StatusUnauthorized, rejected.status)
					require.Equal(t, "invalid_client", rejected.member("error"))
					require.Contains(t, rejected.header.Get("WWW-Authenticate"), "Basic")
					require.Equal(t, "no-store", rejected.header.Get("Cache-Control"))
				}
				tokens := e.token(exchange(code))
				require.Equal(t, http.StatusOK, tokens.status, tokens.raw)
				s.verified(tokens.member("id_token"), e.id, "RS256")
				require.NotZero(t, tokens.body["expires_in"])
				require.Equal(t, "Bearer", tokens.member("token_type"))
			})
		}
		for _, method := range methods[3:] {
			t.Run("ensure-client-assertion-with-iss-aud-succeeds "+method, func(t *testing.T) {
				e := s.enrol(t, "code", method)
				code := s.browser().approved(challenged(e.request("openid"))).Get("code")
				form := e.asserted(exchange(code), "https://other.example")
				require.Equal(t, "invalid_client", s.post(oauth.PathToken, "", form).member("error"), "another's")
				require.Equal(t, http.StatusOK, s.post(oauth.PathToken, "", e.asserted(exchange(code), s.server.URL)).status)
			})
		}
		published := func(t *testing.T, changes ...any) *enrolled {
			e := s.enrol(
				t,
				"code",
				storage.AuthMethodPrivateKeyJWT,
				append(changes, "jwks", nil, "jwks_uri", w.URL+"/"+t.Name())...)
			require.NotContains(t, e.response.body, "jwks")
			require.Equal(t, e.metadata["jwks_uri"], e.response.body["jwks_uri"])
			return e
		}
		t.Run("registration-jwks-uri", func(t *testing.T) {
			w.document.Store(keySet(t, publicKey(clientKey(), "k")))
			e := published(t)
			s.verified(e.tokens(e.request("openid")).member("id_token"), e.id, "RS256")
		})
		t.Run("refresh-token-rp-key-rotation", func(t *testing.T) {
			w.document.Store(keySet(t, publicKey(clientKey(), "k")))
			e := published(t, "grant_types", []string{"authorization_code", "refresh_token"})
			first := e.tokens(e.request("openid offline_access", "prompt", "consent"))
			refresh := url.Values{"grant_type": {"refresh_token"}, "refresh_token": {first.member("refresh_token")}}
			e.key, e.keyID = newRSAKey(), "k2"
			w.document.Store(keySet(t, publicKey(e.key, e.keyID)))
			s.clock.Advance(time.Minute)
			second := e.token(refresh)
			require.Equal(t, http.StatusOK, second.status, second.raw)
			_, before := s.verified(first.member("id_token"), e.id, "RS256")
			_, after := s.verified(second.member("id_token"), e.id, "RS256")
			for _, name := range []string{"iss", "sub", "aud", "auth_time"} {
				require.Equal(t, before[name], after[name], name)
			}
			require.Greater(t, after["iat"], before["iat"])
			require.Equal(t, before["sub"], s.userinfo(second.member("access_token")).member("sub"))
			refresh.Set("refresh_token", second.member("refresh_token"))
			e.key, e.keyID = clientKey(), "k"
			require.Equal(t, "invalid_client", e.token(refresh).member("error"), "the key that was there before")
		})
	})
}

func TestConformanceRequestObjectsByValueAndByReference(t *testing.T) {
	w := newWebsite(t, nil)
	s := open(t, storagetest.Engines()[0])
	s.reach(w, "127.0.0.0/8")
	algorithms := s.discovered()["request_object_signing_alg_values_supported"]
	require.Contains(t, algorithms, "RS256")
	require.NotContains(t, algorithms, "none", "by which the suite skips what is not signed")
	for _, responseType := range []string{"code", "id_token", "code id_token token"} {
		t.Run(responseType, func(t *testing.T) { requestObjectModules(t, s, w, responseType) })
	}
	t.Run("request-uri-unsigned", func(t *testing.T) {
		s.requireRefused(s.register(metadata("request_object_signing_alg", "none")), http.StatusBadRequest,
			"invalid_client_metadata", "request_object_signing_alg")
	})
}

func requestObjectModules(t *testing.T, s *stack, w *website, responseType string) {
	address := w.URL + "/" + url.PathEscape(responseType)
	e := s.enrol(t, responseType, storage.AuthMethodPrivateKeyJWT,
		"request_uris", []string{address}, "request_object_signing_alg", "RS256")
	inside := map[string]any{
		"iss": e.id, "aud": s.server.URL, "client_id": e.id, "response_type": responseType, "redirect_uri": redirectURI,
		"scope": "openid", "state": "inner", "nonce": "n-inner",
	}
	signed := signJWT(t, e.key, jose.RS256, withKID("k"), inside)
	unsigned := "eyJhbGciOiJub25lIn0." + strings.Split(signed, ".")[1] + "."
	// What must be outside all the same, and nothing else (OIDC Core 6.1).
	sends := func(pairs ...string) url.Values {
		return sending(url.Values{"client_id": {e.id}, "response_type": {responseType}, "scope": {"openid"}}, pairs...)
	}
	succeeds := func(t *testing.T, parameters url.Values) {
		b := s.browser()
		p := b.authorize(parameters)
		if p = b.signIn(p); p.location == nil {
			p = b.decide(p, "accept")
		}
		require.NotNil(t, p.location, p.body)
		require.Regexp(t, `^`+redirectURI+`[?#]`, p.location.String(), "the address inside")
		require.Equal(t, "inner", p.parameters().Get("state"), p.location)
		token := p.parameters().Get("id_token")
		if token == "" {
			token = e.token(sending(exchange(p.parameters().Get("code")), "code_verifier", "")).member("id_token")
		}
		_, claims := s.verified(token, e.id, "RS256")
		require.Equal(t, "n-inner", claims["nonce"])
	}
	fails := func(t *testing.T, code string, parameters url.Values) {
		p := s.browser().authorize(parameters)
		require.NotNil(t, p.location, p.body)
		require.Regexp(t, `^`+redirectURI+`[?#]`, p.location.String())
		require.Equal(t, responseType == "code", p.location.Fragment == "", "an error goes where the answer would")
		require.Equal(t, code, p.parameters().Get("error"))
		require.Empty(t, p.parameters().Get("state"), "nobody vouches for the one inside")
	}
	t.Run("request-uri-signed-rs256", func(t *testing.T) {
		w.document.Store([]byte(signed))
		succeeds(t, sends("request_uri", address+"#signed"))
	})
	t.Run("ensure-request-object-with-redirect-uri", func(t *testing.T) {
		succeeds(t, sends("request", signed, "redirect_uri", redirectURI+"/invalid"))
	})
	t.Run("unsigned-request-object-supported-correctly-or-rejected-as-unsupported", func(t *testing.T) {
		fails(t, "invalid_request_object", sends("request", unsigned))
	})
	t.Run("request-uri-unsigned-supported-correctly-or-rejected-as-unsupported", func(t *testing.T) {
		w.document.Store([]byte(unsigned))
		s.clock.Advance(10 * time.Second) // until then it is not asked again
		fails(t, "invalid_request_object", sends("request_uri", address+"#unsigned"))
	})
	t.Run("an address that is not registered", func(t *testing.T) {
		fails(t, "invalid_request_uri", sends("request_uri", address+"/other"))
	})
}

func TestConformanceRegisteredAddressesReachOnlyConfiguredPrivateNetworks(t *testing.T) {
	for name, allowed := range map[string][]string{"no network is named": nil, "the network is named": {"127.0.0.0/8"}} {
		t.Run(name, func(t *testing.T) {
			w := newWebsite(t, nil)
			s := open(t, storagetest.Engines()[0])
			s.reach(w, allowed...)
			reached := func(t *testing.T, module func(t *testing.T) (works bool)) {
				w.asked.Store(0)
				require.Equal(t, allowed != nil, module(t))
				require.Equal(t, allowed != nil, w.asked.Load() > 0)
			}
			t.Run("registration-jwks-uri", func(t *testing.T) {
				w.document.Store(keySet(t, publicKey(clientKey(), "k")))
				reached(t, func(t *testing.T) bool {
					e := s.enrol(t, "code", storage.AuthMethodPrivateKeyJWT, "jwks", nil, "jwks_uri", w.URL+"/jwks")
					got := e.token(exchange(s.browser().approved(challenged(e.request("openid"))).Get("code")))
					require.Contains(t, []int{http.StatusOK, http.StatusUnauthorized}, got.status, got.raw)
					return got.status == http.StatusOK
				})
			})
			t.Run("request-uri-signed-rs256", func(t *testing.T) {
				e := s.enrol(t, "code", storage.AuthMethodBasic, "request_uris", []string{w.URL + "/request"})
				w.document.Store([]byte(signJWT(t, e.key, jose.RS256, withKID("k"), e.claims())))
				reached(t, func(t *testing.T) bool {
					p := s.browser().authorize(e.request("openid", "request_uri", w.URL+"/request"))
					return p.location == nil
				})
			})
			t.Run("registration-sector-uri", func(t *testing.T) {
				w.document.Store([]byte(`["` + redirectURI + `"]`))
				reached(t, func(t *testing.T) bool {
					got := s.register(enrolment("code", storage.AuthMethodBasic, "sector_identifier_uri", w.URL+"/sector"))
					require.Contains(t, []int{http.StatusCreated, http.StatusBadRequest}, got.status, got.raw)
					return got.status == http.StatusCreated
				})
			})
			t.Run("backchannel-rp-initiated-logout", func(t *testing.T) {
				e := s.enrol(t, "id_token", storage.AuthMethodBasic,
					"backchannel_logout_uri", w.URL+"/logout", "post_logout_redirect_uris", []string{postLogoutURI})
				reached(t, func(t *testing.T) bool {
					b := s.browser()
					hint := b.approved(e.request("openid")).Get("id_token")
					require.Equal(t, postLogoutURI, b.logout(hinted(hint, postLogoutURI)).location.String())
					return s.waiting() == 0
				})
			})
		})
	}
}

// claims are those of a request object that says nothing but whose it is.
func (e *enrolled) claims() map[string]any { return map[string]any{"iss": e.id, "aud": e.server.URL} }
