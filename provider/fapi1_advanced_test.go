package provider_test

import (
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/stretchr/testify/require"

	"ithildin/provider/dpop"
	"ithildin/provider/dpop/dpoptest"
	"ithildin/provider/oauth"
	"ithildin/storage"
	"ithildin/storage/storagetest"
)

// The tests of this file go through section 5.2.2 of FAPI 1.0 Advanced, whose items they name, and through what section
// 5.2.2 of FAPI 1.0 Baseline adds.

// fapi1Client is a client of FAPI 1.0 Advanced with a certificate of an authority that is trusted for clients.
type fapi1Client struct {
	profiledClient
	authority, own *holder
}

func newFAPI1Client(t *testing.T, engine storagetest.Engine, changes ...func(*storage.Client)) fapi1Client {
	now := storagetest.NewClock().Now()
	authority := authorityOf(t, nil, now)
	s := newStack(t, engine, everyResponseType, behindAProxy(authority))
	own := signed(t, authority, now, nil)
	return fapi1Client{profiledOn(t, s, storage.ProfileFAPI1Advanced, changes...), authority, own}
}

// pushAs pushes a request with a client assertion.
func (c fapi1Client) pushAs(h *holder, form url.Values) reply {
	return c.sendAs(h, http.MethodPost, oauth.PathPushedRequest, asserting(form, c.sign(c.assertion())))
}

// tokensAs sends a token request with a client assertion and a certificate; nil for none.
func (c fapi1Client) tokensAs(h *holder, form url.Values, headers ...string) reply {
	return c.sendAs(h, http.MethodPost, oauth.PathToken, asserting(form, c.sign(c.assertion())), headers...)
}

// code goes all the way to a code, in a signed response to a signed request by value.
func (c fapi1Client) code(scope string) string {
	b := c.browser()
	answered := b.approved(c.object(sending(requestOf("code", "clinic", scope), "response_mode", "jwt"), nil))
	code, _ := c.signedParameters(answered, "clinic", "ES256")["code"].(string)
	require.NotEmpty(c.t, code)
	return code
}

// Items 1, 5, 6 and 14.
func TestAClientOfFAPI1GetsTokensThatAreBoundToItsCertificateByEachMethod(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		for method, change := range map[string]func(*storage.Client){
			storage.AuthMethodPrivateKeyJWT: func(*storage.Client) {},
			storage.AuthMethodTLS: func(c *storage.Client) {
				c.Metadata.TokenEndpointAuthMethod, c.Metadata.TLSClientAuthSubjectDN = storage.AuthMethodTLS, "CN=clinic"
			},
			storage.AuthMethodSelfSignedTLS: nil,
		} {
			own := signed(t, nil, storagetest.NewClock().Now(), nil)
			if change == nil {
				change = func(c *storage.Client) {
					c.Metadata.TokenEndpointAuthMethod = storage.AuthMethodSelfSignedTLS
					c.Metadata.JWKS.Keys = append(c.Metadata.JWKS.Keys, jose.JSONWebKey{
						Key: own.key.Public(), KeyID: "tls", Certificates: []*x509.Certificate{own.certificate},
					})
				}
			}
			a := newFAPI1Client(t, engine, change)
			if method != storage.AuthMethodSelfSignedTLS {
				own = a.own
			}
			ask := func(h *holder, form url.Values) reply {
				if method == storage.AuthMethodPrivateKeyJWT {
					return a.tokensAs(h, form)
				}
				return a.sendAs(h, http.MethodPost, oauth.PathToken, sending(form, "client_id", "clinic"))
			}
			tokens := ask(own, exchangeForm(a.code("openid offline_access")))
			require.Equal(t, http.StatusOK, tokens.status, "%s: %s", method, tokens.raw)
			sum := sha256.Sum256(own.certificate.Raw)
			require.Equal(t, map[string]any{"x5t#S256": base64.RawURLEncoding.EncodeToString(sum[:])},
				claimsOf(t, tokens.member("access_token"))["cnf"], method)
			require.Equal(t, "openid offline_access", tokens.member("scope"), "Baseline, item 15")
			token := "Bearer " + tokens.member("access_token")
			another := signed(t, a.authority, a.clock.Now(), nil)
			for other, status := range map[*holder]int{
				own: http.StatusOK, nil: http.StatusUnauthorized, another: http.StatusUnauthorized,
			} {
				got := a.sendAs(other, http.MethodGet, oauth.PathUserinfo, nil, "Authorization", token)
				require.Equal(t, status, got.status, "%s: %s", method, got.raw)
			}
			without := ask(nil, refreshForm(tokens.member("refresh_token")))
			require.NotEqual(t, http.StatusOK, without.status, "%s: no token is issued without a certificate", method)
			with := ask(own, refreshForm(tokens.member("refresh_token")))
			require.Equal(t, http.StatusOK, with.status, "%s: %s", method, with.raw)
		}
	})
}

// Items 5 and 6: a proof of DPoP is no certificate.
func TestAttackDPoPProofInPlaceOfTheCertificateOfFAPI1(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		a := newFAPI1Client(t, engine)
		proof := a.proof(dpoptest.NewKey(t), http.MethodPost, oauth.PathToken)
		for name, headers := range map[string][]string{"nothing": nil, "a proof": {dpop.Header, proof}} {
			got := a.tokensAs(nil, exchangeForm(a.code("openid")), headers...)
			require.Equal(t, http.StatusBadRequest, got.status, "%s: %s", name, got.raw)
			require.Equal(t, "invalid_request", got.member("error"), name)
			require.NotContains(t, got.raw, "access_token\"", name)
		}
	})
}

// Items 2, 3, 10, 11, 13, 15 and 17, items 8 to 10 of Baseline with sections 5.2.2.2 and 5.2.2.3, by value and pushed.
func TestARequestOfFAPI1MustBeWhole(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		a := newFAPI1Client(t, engine, func(c *storage.Client) { c.Connections[0].RedirectURIs = []string{redirectURI} })
		now := float64(a.clock.Now().Unix())
		without := func(name string) func(map[string]any) { return func(c map[string]any) { delete(c, name) } }
		with := func(name string, value any) func(map[string]any) { return func(c map[string]any) { c[name] = value } }
		for name, change := range map[string]func(map[string]any){
			"whole":                   nil,
			"of an hour":              with("exp", now+3600),
			"without a state":         without("state"),
			"for several":             with("aud", []string{"https://x.example", a.server.URL}),
			"no scope":                without("scope"),
			"an empty scope":          with("scope", " "),
			"no redirect URI":         without("redirect_uri"),
			"another redirect URI":    with("redirect_uri", redirectURI+"/more"),
			"no nonce":                without("nonce"),
			"no exp":                  without("exp"),
			"no nbf":                  without("nbf"),
			"no aud":                  without("aud"),
			"another aud":             with("aud", "https://other.example"),
			"good for more":           with("exp", now+3601),
			"of more than an hour":    func(c map[string]any) { c["nbf"], c["exp"] = now-3601, now-3601+3600 },
			"expired":                 func(c map[string]any) { c["nbf"], c["exp"] = now-3600, now-61 },
			"a plain code":            without("response_mode"),
			"a token by the browser":  with("response_type", "code id_token token"),
			"no scope openid, state":  func(c map[string]any) { c["scope"] = "patients:view"; delete(c, "state") },
			"a plain code challenge":  with("code_challenge_method", "plain"),
			"another client's id":     with("client_id", "other"),
			"a request object within": with("request", "x"),
		} {
			parameters := sending(challenged(requestOf("code", "clinic", "openid")), "response_mode", "jwt")
			good := name == "whole" || name == "of an hour" || name == "without a state" || name == "for several"
			outer := a.object(parameters, change)
			for outside, value := range map[string]string{ // which do not count
				"scope": "openid", "redirect_uri": redirectURI, "nonce": "outer", "state": "outer", "response_type": "code",
				"response_mode": "jwt",
			} {
				outer.Set(outside, value)
			}
			want := http.StatusBadRequest
			if good {
				want = http.StatusCreated
			}
			got := a.pushAs(nil, outer)
			require.Equal(t, want, got.status, "%s: %s", name, got.raw)
			outer.Del("client_assertion")
			outer.Del("client_assertion_type")
			p := a.outcome(outer)
			isCode := p.location != nil && p.location.Query().Has("response") &&
				claimsOf(t, p.location.Query().Get("response"))["code"] != nil
			require.Equal(t, good, isCode, "%s: %d %v %s", name, p.status, p.location, p.body)
		}
	})
}

// Item 2: what is not signed, or by RS256, or by nobody, is no request.
func TestARequestOfFAPI1MustBeSigned(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		a := newFAPI1Client(t, engine)
		plain := sending(challenged(requestOf("code", "clinic", "openid")), "response_mode", "jwt")
		require.Equal(t, "invalid_request", a.pushAs(nil, plain).member("error"))
		none := a.object(plain, nil)
		none.Set("request", "eyJhbGciOiJub25lIn0."+"eyJpc3MiOiJjbGluaWMifQ"+".")
		require.Equal(t, "invalid_request_object", a.pushAs(nil, none).member("error"))
		a.key = newKey(t)
		strange := a.object(plain, nil)
		a.key = newKey(t)
		require.NotEqual(t, http.StatusCreated, a.pushAs(nil, strange).status)
	})
}

// Items 11 and 18.
func TestAPushedRequestOfFAPI1MustHaveACodeChallenge(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		a := newFAPI1Client(t, engine)
		parameters := func() url.Values {
			return sending(requestOf("code", "clinic", "openid"), "response_mode", "jwt")
		}
		require.Equal(t, "invalid_request", a.pushAs(nil, a.object(parameters(), nil)).member("error"))
		got := a.pushAs(nil, a.object(challenged(parameters()), nil))
		require.Equal(t, http.StatusCreated, got.status, got.raw)
		answered := a.browser().approved(pushed("clinic", got.member("request_uri")))
		code, _ := a.signedParameters(answered, "clinic", "ES256")["code"].(string)
		wrong := sending(exchange(code), "code_verifier", "another-verifier-that-is-long-enough-to-be-one-too")
		require.Equal(t, "invalid_grant", a.tokensAs(a.own, wrong).member("error"))
		require.Equal(t, http.StatusOK, a.tokensAs(a.own, exchange(code)).status)
	})
}

// Section 5.2.2.1: the ID token beside a code vouches for the code and the state.
func TestTheIDTokenOfFAPI1IsADetachedSignature(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		a := newFAPI1Client(t, engine)
		answered := a.browser().approved(a.object(requestOf("code id_token", "clinic", "openid profile"), nil))
		half := func(value string) string {
			sum := sha256.Sum256([]byte(value))
			return base64.RawURLEncoding.EncodeToString(sum[:16])
		}
		_, claims := a.verified(answered.Get("id_token"), "clinic", "ES256")
		require.Equal(t, half("s-1"), claims["s_hash"])
		require.Equal(t, half(answered.Get("code")), claims["c_hash"])
		require.Equal(t, "n-1", claims["nonce"])
		require.NotContains(t, claims, "name", "nothing about the person goes through the browser")
		tokens := a.tokensAs(a.own, exchangeForm(answered.Get("code")))
		require.Equal(t, http.StatusOK, tokens.status, tokens.raw)
		_, second := a.verified(tokens.member("id_token"), "clinic", "ES256")
		require.Equal(t, claims["sub"], second["sub"])
	})
}

// Items 12 to 14 and 16 of Baseline.
func TestACodeOfFAPI1IsGoodOnceAndForItsClientAlone(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		a := newFAPI1Client(t, engine)
		code := a.code("openid")
		require.GreaterOrEqual(t, len(code), 22, "128 bits in base64url")
		tokens := a.tokensAs(a.own, exchangeForm(code))
		require.Equal(t, http.StatusOK, tokens.status, tokens.raw)
		require.Equal(t, "invalid_grant", a.tokensAs(a.own, exchangeForm(code)).member("error"))
		bearer := "Bearer " + tokens.member("access_token")
		got := a.sendAs(a.own, http.MethodGet, oauth.PathUserinfo, nil, "Authorization", bearer)
		require.Equal(t, http.StatusUnauthorized, got.status, "what the code was exchanged for is revoked")
		late := a.code("openid")
		a.clock.Advance(61 * time.Second)
		require.Equal(t, "invalid_grant", a.tokensAs(a.own, exchangeForm(late)).member("error"))
	})
}

// Item 19 of Baseline: two ids of a client that differ authenticate nobody.
func TestAttackTwoClientIDsInOneRequest(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		a := newFAPI1Client(t, engine)
		a.client("secret", nil)
		signed := a.tokensAs(a.own, sending(exchangeForm(a.code("openid")), "client_id", "secret"))
		require.Equal(t, http.StatusUnauthorized, signed.status, signed.raw)
		require.Equal(t, "invalid_client", signed.member("error"))
		basic := a.post(oauth.PathToken, "secret", url.Values{"grant_type": {"client_credentials"}, "client_id": {"clinic"}})
		require.Equal(t, "invalid_client", basic.member("error"), basic.raw)
	})
}

// FAPI 2.0 lets a client authenticate and bind its tokens by a certificate too.
func TestAClientOfFAPI2MayUseItsCertificateInPlaceOfKeys(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		now := storagetest.NewClock().Now()
		authority := authorityOf(t, nil, now)
		s := newStack(t, engine, everyResponseType, behindAProxy(authority))
		a := profiledOn(t, s, storage.ProfileFAPI2, func(c *storage.Client) {
			c.Metadata.TokenEndpointAuthMethod, c.Metadata.TLSClientAuthSubjectDN = storage.AuthMethodTLS, "CN=clinic"
			c.Metadata.JWKS = nil
			c.Metadata.DPoPBoundAccessTokens, c.Metadata.CertificateBoundAccessTokens = false, true
		})
		own := signed(t, authority, now, nil)
		form := sending(challenged(request("clinic", "openid")), "client_id", "clinic")
		require.Equal(t, http.StatusUnauthorized, a.sendAs(nil, http.MethodPost, oauth.PathPushedRequest, form).status)
		got := a.sendAs(own, http.MethodPost, oauth.PathPushedRequest, form)
		require.Equal(t, http.StatusCreated, got.status, got.raw)
		code := a.browser().code(pushed("clinic", got.member("request_uri")))
		tokens := a.sendAs(own, http.MethodPost, oauth.PathToken, sending(exchange(code), "client_id", "clinic"))
		require.Equal(t, http.StatusOK, tokens.status, tokens.raw)
		require.Contains(t, claimsOf(t, tokens.member("access_token")), "cnf")
		unnamed := sending(challenged(request("clinic", "patients:view")), "client_id", "clinic", "redirect_uri", "")
		got = a.sendAs(own, http.MethodPost, oauth.PathPushedRequest, unnamed)
		require.Equal(t, http.StatusBadRequest, got.status, "the redirect URI must be named, OpenID or not: %s", got.raw)
	})
}
