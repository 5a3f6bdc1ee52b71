package provider_test

import (
	"crypto/ecdsa"
	"maps"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/stretchr/testify/require"

	"ithildin/provider/dpop"
	"ithildin/provider/dpop/dpoptest"
	"ithildin/provider/oauth"
	"ithildin/provider/registration"
	"ithildin/storage"
	"ithildin/storage/storagetest"
)

// fapiVariant is what a plan of FAPI asks a person to choose.
type fapiVariant struct {
	profile               string
	byCertificate         bool // client_auth_type=mtls; else private_key_jwt
	boundToCertificate    bool // sender_constrain=mtls; else dpop
	plainOAuth            bool // openid=plain_oauth
	signedResponse        bool // fapi_response_mode=jarm
	signedRequest, pushed bool
}

func (v fapiVariant) String() string {
	choices := []string{v.profile}
	add := func(word string, chosen bool) {
		if chosen {
			choices = append(choices, word)
		}
	}
	add("mtls", v.byCertificate)
	add("bound by mtls", v.boundToCertificate)
	add("plain_oauth", v.plainOAuth)
	add("pushed", v.pushed)
	add("signed", v.signedRequest)
	add("jarm", v.signedResponse)
	return strings.Join(choices, ", ")
}

// fapiClient is one of the two clients that a plan of FAPI uses, with all that it holds.
type fapiClient struct {
	fapiVariant
	*stack
	test        *testing.T
	id          string
	key         *ecdsa.PrivateKey
	proofKey    *dpoptest.Key
	certificate *holder
}

// fapiClients registers both clients of a plan, as docs/conformance.md does it.
func fapiClients(t *testing.T, engine storagetest.Engine, variant fapiVariant) (first, second *fapiClient) {
	now := storagetest.NewClock().Now()
	authority := authorityOf(t, nil, now)
	s := newStack(t, engine, everyResponseType, behindAProxy(authority))
	register := func(id string) *fapiClient {
		c := &fapiClient{fapiVariant: variant, stack: s, test: t, id: id, key: newKey(t), proofKey: dpoptest.NewKey(t)}
		if variant.byCertificate || variant.boundToCertificate {
			c.certificate = signed(t, authority, now, nil)
		}
		s.client(id, func(client *storage.Client) {
			m := &client.Metadata
			m.JWKS = &jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: c.key.Public(), KeyID: "k"}}}
			m.CertificateBoundAccessTokens = variant.boundToCertificate
			if variant.byCertificate {
				byCertificate(client)
			}
			require.NoError(t, client.ApplyProfile(variant.profile))
			if variant.profile == storage.ProfileFAPI1Advanced {
				m.ResponseTypes, m.GrantTypes = []string{"code", "code id_token"}, append(m.GrantTypes, "implicit")
			}
			require.NoError(t, registration.ValidateClient(client, registration.Rules{}))
		})
		return c
	}
	return register("first"), register("second")
}

// holding are the headers by which a request proves what the access tokens of the client are bound to.
func (c *fapiClient) holding(method, path string, changes ...dpoptest.With) []string {
	if c.boundToCertificate {
		return nil // the certificate goes with every request
	}
	return []string{dpop.Header, c.proof(c.proofKey, method, path, changes...)}
}

// authenticated adds what the client authenticates by to a form, where that is no certificate.
func (c *fapiClient) authenticated(form url.Values) url.Values {
	form = sending(maps.Clone(form), "client_id", c.id)
	if c.byCertificate {
		return form
	}
	return asserting(form, signJWT(c.test, c.key, jose.ES256, withKID("k"), map[string]any{
		"iss": c.id, "sub": c.id, "aud": c.server.URL, "jti": c.store.NewID(), "exp": c.clock.Now().Unix() + 60,
	}))
}

func (c *fapiClient) token(form url.Values) reply {
	return c.sendAs(c.certificate, http.MethodPost, oauth.PathToken, c.authenticated(form),
		c.holding(http.MethodPost, oauth.PathToken)...)
}

// unproved is token without proof of what the access tokens of the client are bound to.
func (c *fapiClient) unproved(form url.Values) reply {
	certificate := c.certificate
	if c.boundToCertificate {
		certificate = nil
	}
	return c.sendAs(certificate, http.MethodPost, oauth.PathToken, c.authenticated(form))
}

// asks is an authorization request of the client, with changes to its parameters.
func (c *fapiClient) asks(changes ...string) url.Values {
	scope := "openid offline_access"
	if c.plainOAuth {
		scope = "patients:view offline_access"
	}
	parameters := sending(challenged(request(c.id, scope)), "prompt", "consent")
	if c.profile == storage.ProfileFAPI1Advanced {
		parameters.Set("nonce", "n-1")
		if !c.signedResponse {
			parameters.Set("response_type", "code id_token")
		}
	}
	if c.signedResponse {
		parameters.Set("response_mode", "jwt")
	}
	return sending(parameters, changes...)
}

// given is the request as the client sends it: its parameters, or an object that it has signed.
func (c *fapiClient) given(parameters url.Values) url.Values {
	if !c.signedRequest {
		return parameters
	}
	now := c.clock.Now().Unix()
	claims := map[string]any{"iss": c.id, "aud": c.server.URL, "nbf": now, "exp": now + 300}
	for name := range parameters {
		claims[name] = parameters.Get(name)
	}
	return url.Values{"client_id": {c.id}, "request": {signJWT(c.test, c.key, jose.ES256, withKID("k"), claims)}}
}

func (c *fapiClient) push(parameters url.Values, headers ...string) reply {
	form := c.authenticated(c.given(parameters))
	return c.sendAs(c.certificate, http.MethodPost, oauth.PathPushedRequest, form, headers...)
}

// brought is what the browser brings to the authorization endpoint.
func (c *fapiClient) brought(parameters url.Values) url.Values {
	if !c.pushed {
		return c.given(parameters)
	}
	got := c.push(parameters)
	require.Equal(c.test, http.StatusCreated, got.status, got.raw)
	return pushed(c.id, got.member("request_uri"))
}

// answered reads an authorization response, signed or not.
func (c *fapiClient) answered(p page) url.Values {
	require.NotNil(c.test, p.location, p.body)
	parameters := p.parameters()
	if !c.signedResponse {
		require.Equal(c.test, c.server.URL, parameters.Get("iss"))
		return parameters
	}
	read := url.Values{}
	for name, value := range c.signedParameters(parameters, c.id, "ES256") {
		read.Set(name, value.(string))
	}
	return read
}

// asked lets the person answer a request.
func (c *fapiClient) asked(parameters url.Values, decision string) url.Values {
	b := c.browser()
	return c.answered(b.decide(b.signIn(b.authorize(c.brought(parameters))), decision))
}

// code is a code for a request that the person agrees to.
func (c *fapiClient) code(changes ...string) string {
	answered := c.asked(c.asks(changes...), "accept")
	require.NotEmpty(c.test, answered.Get("code"), answered)
	return answered.Get("code")
}

// tokens exchanges a code.
func (c *fapiClient) tokens(code string) reply {
	got := c.token(exchange(code))
	require.Equal(c.test, http.StatusOK, got.status, got.raw)
	return got
}

// resource asks userinfo with an access token and what this client holds; scheme is "" for that of the variant.
func (c *fapiClient) resource(token, scheme string, changes ...dpoptest.With) reply {
	if scheme == "" {
		scheme = tokenTypes[c.boundToCertificate]
	}
	return c.sendAs(c.certificate, http.MethodGet, oauth.PathUserinfo, nil, append(
		c.holding(http.MethodGet, oauth.PathUserinfo, append(changes, dpoptest.For(token))...),
		"Authorization", scheme+" "+token)...)
}

// tokenTypes are those of tokens that are bound to a certificate, and to a key.
var tokenTypes = map[bool]string{true: "Bearer", false: "DPoP"}

func requireOAuthError(t *testing.T, got reply, codes ...string) {
	t.Helper()
	require.Contains(t, []int{http.StatusBadRequest, http.StatusUnauthorized}, got.status, got.raw)
	require.Contains(t, codes, got.member("error"), got.raw)
}

// fapi2Modules are modules of the plans of FAPI 2.0 whose behaviour depends on the variant, by the suite's names.
var fapi2Modules = map[string]func(*testing.T, *fapiClient, *fapiClient){
	"happy-flow": func(t *testing.T, first, second *fapiClient) {
		answered := first.asked(first.asks(), "accept")
		require.Equal(t, "s-1", answered.Get("state"))
		tokens := first.tokens(answered.Get("code"))
		require.Equal(t, tokenTypes[first.boundToCertificate], tokens.member("token_type"))
		token := tokens.member("access_token")
		require.Equal(t, !first.plainOAuth, tokens.member("id_token") != "")
		if first.plainOAuth {
			member := map[bool]string{true: "x5t#S256", false: "jkt"}[first.boundToCertificate]
			require.Contains(t, claimsOf(t, token)["cnf"], member)
			return
		}
		require.Equal(t, "ES256", decodeHeader(t, tokens.member("id_token"))["alg"])
		require.Equal(t, first.userID, first.resource(token, "").member("sub"))
		require.Equal(t, http.StatusUnauthorized, second.resource(token, "").status, "what another client holds")
		inverted := strings.NewReplacer("DPoP", "dpOp", "Bearer", "bEARER").Replace(tokens.member("token_type"))
		require.Equal(t, http.StatusOK, first.resource(token, inverted).status)
		query := first.sendAs(first.certificate, http.MethodGet, oauth.PathUserinfo+"?access_token="+token, nil,
			first.holding(http.MethodGet, oauth.PathUserinfo, dpoptest.For(token))...)
		require.GreaterOrEqual(t, query.status, http.StatusBadRequest, "a token in the address")
	},
	"user-rejects-authentication": func(t *testing.T, first, _ *fapiClient) {
		answered := first.asked(first.asks(), "deny")
		require.Equal(t, "access_denied", answered.Get("error"))
		require.Equal(t, "s-1", answered.Get("state"))
	},
	"ensure-authorization-request-without-state-success": func(t *testing.T, first, _ *fapiClient) {
		answered := first.asked(first.asks("state", ""), "accept")
		require.NotEmpty(t, answered.Get("code"))
		require.NotContains(t, answered, "state")
	},
	"ensure-unsigned-authorization-request-without-using-par-fails": func(t *testing.T, first, _ *fapiClient) {
		require.Equal(t, "invalid_request", first.answered(first.browser().authorize(first.asks())).Get("error"))
	},
	"ensure-holder-of-key-required": func(t *testing.T, first, _ *fapiClient) {
		got := first.unproved(exchange(first.code()))
		requireOAuthError(t, got, "invalid_request", "invalid_dpop_proof", "invalid_client")
	},
	"ensure-authorization-code-is-bound-to-client": func(t *testing.T, first, second *fapiClient) {
		code := first.code()
		requireOAuthError(t, second.token(exchange(code)), "invalid_grant")
		first.tokens(code)
	},
	"ensure-client-id-in-token-endpoint": func(t *testing.T, first, second *fapiClient) {
		form := sending(first.authenticated(exchange(first.code())), "client_id", second.id)
		got := first.sendAs(first.certificate, http.MethodPost, oauth.PathToken, form,
			first.holding(http.MethodPost, oauth.PathToken)...)
		requireOAuthError(t, got, "invalid_client", "invalid_grant", "invalid_request")
	},
	"ensure-pkce-code-verifier-required": func(t *testing.T, first, _ *fapiClient) {
		code := first.code()
		requireOAuthError(t, first.token(sending(exchange(code), "code_verifier", "")), "invalid_grant", "invalid_request")
		requireOAuthError(t, first.token(sending(exchange(code), "code_verifier", strings.Repeat("x", 43))), "invalid_grant")
	},
	"attempt-reuse-authorization-code-after-one-second": func(t *testing.T, first, _ *fapiClient) {
		code := first.code()
		token := first.tokens(code).member("access_token")
		first.clock.Advance(time.Second)
		requireOAuthError(t, first.token(exchange(code)), "invalid_grant")
		require.Equal(t, http.StatusUnauthorized, first.resource(token, "").status)
	},
	"ensure-token-endpoint-fails-with-expired-auth-code": func(t *testing.T, first, _ *fapiClient) {
		code := first.code()
		first.clock.Advance(62 * time.Second)
		requireOAuthError(t, first.token(exchange(code)), "invalid_grant")
	},
	"refresh-token": func(t *testing.T, first, second *fapiClient) {
		refresh := refreshForm(first.tokens(first.code()).member("refresh_token"))
		for range 2 {
			first.clock.Advance(30 * time.Second)
			refreshed := first.token(refresh)
			require.Equal(t, http.StatusOK, refreshed.status, refreshed.raw)
			require.Equal(t, tokenTypes[first.boundToCertificate], refreshed.member("token_type"))
		}
		requireOAuthError(t, second.token(refresh), "invalid_grant")
		requireOAuthError(t, first.unproved(refresh), "invalid_request", "invalid_dpop_proof", "invalid_grant",
			"invalid_client")
		anonymous := first.sendAs(nil, http.MethodPost, oauth.PathToken, sending(refresh, "client_id", first.id),
			first.holding(http.MethodPost, oauth.PathToken)...)
		requireOAuthError(t, anonymous, "invalid_client", "invalid_grant", "invalid_request")
	},
	"par-ensure-reused-request-uri-prior-to-auth-completion-succeeds": func(t *testing.T, first, _ *fapiClient) {
		b, brought := first.browser(), first.brought(first.asks())
		require.Equal(t, "/login/sign-in", b.authorize(brought).url.Path)
		answered := first.answered(b.decide(b.signIn(b.authorize(brought)), "accept"))
		require.NotEmpty(t, answered.Get("code"))
		again := b.authorize(brought)
		require.Equal(t, http.StatusBadRequest, again.status, "par-attempt-reuse-request_uri")
		require.Nil(t, again.location)
	},
	"par-attempt-to-use-request_uri-for-different-client": func(t *testing.T, first, second *fapiClient) {
		brought := sending(first.brought(first.asks()), "client_id", second.id)
		require.Equal(t, http.StatusBadRequest, first.browser().authorize(brought).status)
	},
	"par-attempt-to-use-expired-request_uri": func(t *testing.T, first, _ *fapiClient) {
		got := first.push(first.asks())
		require.LessOrEqual(t, got.body["expires_in"], 600.0)
		first.clock.Advance(time.Duration(got.body["expires_in"].(float64)+1) * time.Second)
		p := first.browser().authorize(pushed(first.id, got.member("request_uri")))
		require.Equal(t, http.StatusBadRequest, p.status)
	},
	"par-authorization-request-containing-request_uri": func(t *testing.T, first, _ *fapiClient) {
		got := first.push(first.asks("request_uri", pushedURI+"x"))
		requireOAuthError(t, got, "invalid_request", "invalid_request_object")
	},
	"ensure-mismatched-dpop-jkt-fails": func(t *testing.T, first, second *fapiClient) {
		requireOAuthError(t, first.push(first.asks("dpop_jkt", second.proofKey.Thumbprint()),
			first.holding(http.MethodPost, oauth.PathPushedRequest)...), "invalid_dpop_proof", "invalid_request")
		code := first.code("dpop_jkt", second.proofKey.Thumbprint())
		requireOAuthError(t, first.token(exchange(code)), "invalid_grant", "invalid_dpop_proof")
		first.tokens(first.code("dpop_jkt", first.proofKey.Thumbprint()))
	},
	"client_credentials": func(t *testing.T, first, _ *fapiClient) {
		got := first.token(credentialsForm)
		require.Equal(t, http.StatusOK, got.status, got.raw)
		require.NotEmpty(t, claimsOf(t, got.member("access_token"))["cnf"])
		requireOAuthError(t, first.unproved(credentialsForm), "invalid_request", "invalid_dpop_proof", "invalid_client")
	},
}

// fapi2Variants are those of client authentication, sender constraint and OpenID Connect, with what the plan fixes.
func fapi2Variants(plan fapiVariant) []fapiVariant {
	variants := make([]fapiVariant, 8)
	for i := range variants {
		variants[i] = plan
		variants[i].byCertificate, variants[i].boundToCertificate, variants[i].plainOAuth = i&1 != 0, i&2 != 0, i&4 != 0
		variants[i].pushed = true
	}
	return variants
}

func eachFAPI2Module(t *testing.T, plan fapiVariant) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		for _, variant := range fapi2Variants(plan) {
			first, second := fapiClients(t, engine, variant)
			for name, module := range fapi2Modules {
				if strings.Contains(name, "dpop") && variant.boundToCertificate {
					continue // there is no key; the suite leaves it out as well
				}
				t.Run(variant.String()+"/"+name, func(t *testing.T) {
					one, other := *first, *second
					one.test, other.test = t, t
					module(t, &one, &other)
				})
			}
		}
	})
}

func TestConformanceFAPI2SecurityProfile(t *testing.T) {
	eachFAPI2Module(t, fapiVariant{profile: storage.ProfileFAPI2})
}

func TestConformanceFAPI2MessageSigning(t *testing.T) {
	plan := fapiVariant{profile: storage.ProfileFAPI2MessageSigning, signedRequest: true}
	eachFAPI2Module(t, plan)
	plan.signedResponse = true
	eachFAPI2Module(t, plan)
}
