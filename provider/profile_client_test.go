package provider_test

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/stretchr/testify/require"

	"ithildin/provider/dpop/dpoptest"
	"ithildin/provider/oauth"
	"ithildin/provider/registration"
	"ithildin/storage"
	"ithildin/storage/storagetest"
)

// profiledClient is a client that is under a security profile and signs what it sends.
type profiledClient struct {
	*requestObjects
	proofKey *dpoptest.Key
}

func newProfiledClient(
	t *testing.T, engine storagetest.Engine, profile string, changes ...func(*storage.Client),
) profiledClient {
	return profiledOn(t, newStack(t, engine, everyResponseType), profile, changes...)
}

func profiledOn(t *testing.T, s *stack, profile string, changes ...func(*storage.Client)) profiledClient {
	o := &requestObjects{stack: s, test: t, key: newKey(t)}
	o.register("clinic", func(c *storage.Client) {
		require.NoError(t, c.ApplyProfile(profile))
		if profile == storage.ProfileFAPI1Advanced {
			c.Metadata.ResponseTypes = []string{"code", "code id_token"}
			c.Metadata.GrantTypes = append(c.Metadata.GrantTypes, "implicit")
		}
		for _, change := range changes {
			change(c)
		}
		require.NoError(t, registration.ValidateClient(c, registration.Rules{}))
	})
	return profiledClient{o, dpoptest.NewKey(t)}
}

// assertion are the claims of a client assertion.
func (c profiledClient) assertion() map[string]any {
	return map[string]any{
		"iss": "clinic", "sub": "clinic", "aud": c.server.URL, "jti": c.store.NewID(), "exp": c.clock.Now().Unix() + 60,
	}
}

// asserting adds a client assertion to a form.
func asserting(form url.Values, assertion string) url.Values {
	return sending(form, "client_assertion", assertion,
		"client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer")
}

func (c profiledClient) push(form url.Values) reply {
	return c.post(oauth.PathPushedRequest, "", asserting(form, c.sign(c.assertion())))
}

// exchange sends a token request with a proof of the client's key of DPoP.
func (c profiledClient) exchange(form url.Values) reply {
	return c.tokensBy(c.proofKey, "", asserting(form, c.sign(c.assertion())))
}

// object is a request whose parameters are in a request object; change alters its claims.
func (c profiledClient) object(parameters url.Values, change func(map[string]any)) url.Values {
	now := c.clock.Now().Unix()
	claims := map[string]any{"iss": "clinic", "aud": c.server.URL, "nbf": now, "exp": now + 300}
	for name := range parameters {
		claims[name] = parameters.Get(name)
	}
	if change != nil {
		change(claims)
	}
	return url.Values{"request": {c.sign(claims)}, "client_id": {"clinic"}}
}

func TestAClientOfFAPI2GoesTheWholeWay(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		a := newProfiledClient(t, engine, storage.ProfileFAPI2)
		b := a.browser()
		got := a.push(challenged(request("clinic", "openid offline_access")))
		require.Equal(t, http.StatusCreated, got.status, got.raw)
		code := b.code(pushed("clinic", got.member("request_uri")))
		tokens := a.exchange(exchange(code))
		require.Equal(t, http.StatusOK, tokens.status, tokens.raw)
		require.Equal(t, "DPoP", tokens.member("token_type"))
		require.Equal(t, "ES256", decodeHeader(t, tokens.member("id_token"))["alg"])
		require.Equal(t, "ES256", decodeHeader(t, tokens.member("access_token"))["alg"])
		refresh := func() reply {
			return a.exchange(refreshForm(tokens.member("refresh_token")))
		}
		proof := a.resourceProof(a.proofKey, tokens.member("access_token"))
		require.Equal(t, a.userID, a.userinfoProved("DPoP", tokens.member("access_token"), proof).member("sub"))
		for range 3 {
			a.clock.Advance(time.Hour)
			require.Equal(t, http.StatusOK, refresh().status, "refresh tokens do not rotate")
		}
		bearer := a.post(oauth.PathToken, "", asserting(refreshForm(tokens.member("refresh_token")), a.sign(a.assertion())))
		require.Equal(t, "invalid_dpop_proof", bearer.member("error"), "a token without a key: %s", bearer.raw)
		late := a.push(challenged(request("clinic", "openid")))
		expired := b.code(pushed("clinic", late.member("request_uri")))
		a.clock.Advance(61 * time.Second)
		got = a.exchange(exchange(expired))
		require.Equal(t, "invalid_grant", got.member("error"), "a code lives for a minute")
	})
}

func TestAClientOfFAPI2MustPushWithPKCEAndForACode(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		a := newProfiledClient(t, engine, storage.ProfileFAPI2)
		p := a.browser().authorize(challenged(request("clinic", "openid")))
		require.Equal(t, "invalid_request", p.parameters().Get("error"))
		for name, form := range map[string]url.Values{
			"no challenge":     request("clinic", "openid"),
			"a plain one":      sending(challenged(request("clinic", "openid")), "code_challenge_method", "plain"),
			"no redirect URI":  sending(challenged(request("clinic", "openid")), "redirect_uri", ""),
			"another response": sending(challenged(requestOf("code id_token", "clinic", "openid"))),
		} {
			got := a.push(form)
			require.Equal(t, http.StatusBadRequest, got.status, "%s: %s", name, got.raw)
		}
	})
}

func TestTheAudienceOfAClientAssertionIsThatOfItsProfile(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		for _, profile := range []string{
			storage.ProfileFAPI2, storage.ProfileFAPI2MessageSigning, storage.ProfileFAPI1Advanced,
		} {
			a := newProfiledClient(t, engine, profile)
			for name, audience := range map[string]any{
				"the token endpoint": a.server.URL + oauth.PathToken, "the endpoint": a.server.URL + oauth.PathPushedRequest,
				"a list": []string{a.server.URL}, "another": "https://other.example",
			} {
				form := sending(challenged(requestOf("code", "clinic", "openid")), "response_mode", "jwt")
				if profile != storage.ProfileFAPI2 {
					form = a.object(form, nil)
				}
				claims := a.assertion()
				claims["aud"] = audience
				got := a.post(oauth.PathPushedRequest, "", asserting(form, a.sign(claims)))
				want := http.StatusUnauthorized
				if profile == storage.ProfileFAPI1Advanced && name != "another" {
					want = http.StatusCreated // the opposite rule
				}
				require.Equal(t, want, got.status, "%s, %s: %s", profile, name, got.raw)
			}
		}
	})
}

// A client whose algorithm was left open can't sign with one that its profile forbids, even where its key could.
func TestAttackClientAssertionWithAnAlgorithmThatTheProfileForbids(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		key, err := rsa.GenerateKey(rand.Reader, 2048)
		require.NoError(t, err)
		a := newProfiledClient(t, engine, storage.ProfileFAPI2, func(c *storage.Client) {
			c.Metadata.JWKS = &jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: key.Public(), KeyID: "k"}}}
		})
		signed := func(algorithm jose.SignatureAlgorithm, claims map[string]any) string {
			return signJWT(t, key, algorithm, withKID("k"), claims)
		}
		for algorithm, status := range map[jose.SignatureAlgorithm]int{
			jose.RS256: http.StatusUnauthorized, jose.PS512: http.StatusUnauthorized, jose.PS256: http.StatusCreated,
		} {
			form := asserting(challenged(request("clinic", "openid")), signed(algorithm, a.assertion()))
			got := a.post(oauth.PathPushedRequest, "", form)
			require.Equal(t, status, got.status, "%s: %s", algorithm, got.raw)
		}
		now := a.clock.Now().Unix()
		for algorithm, code := range map[jose.SignatureAlgorithm]string{
			jose.RS256: "invalid_request_object", jose.PS256: "",
		} {
			claims := map[string]any{"iss": "clinic", "aud": a.server.URL, "nbf": now, "exp": now + 60}
			for name, values := range challenged(request("clinic", "openid")) {
				claims[name] = values[0]
			}
			got := a.post(oauth.PathPushedRequest, "",
				asserting(url.Values{"request": {signed(algorithm, claims)}}, signed(jose.PS256, a.assertion())))
			require.Equal(t, code, got.member("error"), "%s: %s", algorithm, got.raw)
		}
	})
}

const pushedURI = "urn:ietf:params:oauth:request_uri:"

func TestARequestObjectOfFAPIIsBounded(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		a := newProfiledClient(t, engine, storage.ProfileFAPI2MessageSigning)
		now := float64(a.clock.Now().Unix())
		for name, c := range map[string]struct {
			change func(map[string]any)
			good   bool
		}{
			"as it should be":        {func(map[string]any) {}, true},
			"one of many audiences":  {func(c map[string]any) { c["aud"] = []string{"https://x.example", a.server.URL} }, true},
			"valid in eight seconds": {func(c map[string]any) { c["nbf"] = now + 8 }, true},
			"good for an hour":       {func(c map[string]any) { c["exp"] = now + 3600 }, true},
			"no audience":            {func(c map[string]any) { delete(c, "aud") }, false},
			"another audience":       {func(c map[string]any) { c["aud"] = "https://other.example" }, false},
			"no exp":                 {func(c map[string]any) { delete(c, "exp") }, false},
			"no nbf":                 {func(c map[string]any) { delete(c, "nbf") }, false},
			"expired":                {func(c map[string]any) { c["nbf"], c["exp"] = now-300, now-100 }, false},
			"good for longer":        {func(c map[string]any) { c["exp"] = now + 3700 }, false},
			"old":                    {func(c map[string]any) { c["nbf"], c["exp"] = now-3700, now-3700+3600+10 }, false},
			"valid in two minutes":   {func(c map[string]any) { c["nbf"] = now + 120 }, false},
			"another issuer":         {func(c map[string]any) { c["iss"] = "other" }, false},
			"a request_uri":          {func(c map[string]any) { c["request_uri"] = pushedURI + "x" }, false},
			"no redirect URI":        {func(c map[string]any) { delete(c, "redirect_uri") }, false},
		} {
			form := a.object(challenged(request("clinic", "openid")), c.change)
			form.Set("redirect_uri", redirectURI) // which does not count
			got := a.push(form)
			if c.good {
				require.Equal(t, http.StatusCreated, got.status, "%s: %s", name, got.raw)
				continue
			}
			require.Equal(t, http.StatusBadRequest, got.status, "%s: %s", name, got.raw)
		}
		unsigned := a.push(challenged(request("clinic", "openid")))
		require.Equal(t, "invalid_request", unsigned.member("error"), unsigned.raw)
	})
}

// What a client of FAPI says outside of its request object does not count, also where it need not sign.
func TestAttackParametersBesideARequestObjectOfFAPI(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		a := newProfiledClient(t, engine, storage.ProfileFAPI2)
		form := a.object(challenged(request("clinic", "openid")), nil)
		for name, value := range map[string]string{
			"scope": "openid profile", "state": "outer", "nonce": "outer", "prompt": "none", "max_age": "0",
		} {
			form.Set(name, value)
		}
		got := a.push(form)
		require.Equal(t, http.StatusCreated, got.status, got.raw)
		b := a.browser()
		p := b.decide(b.signIn(b.authorize(pushed("clinic", got.member("request_uri")))), "accept")
		require.Equal(t, "s-1", p.parameters().Get("state"))
		tokens := a.exchange(exchange(p.parameters().Get("code")))
		require.Equal(t, "openid", tokens.member("scope"), tokens.raw)
		require.NotContains(t, claimsOf(t, tokens.member("id_token")), "nonce")
	})
}

func TestAClientOfFAPI1GetsACodeInASignedResponseOrBesideAnIDToken(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		a := newProfiledClient(t, engine, storage.ProfileFAPI1Advanced)
		b := a.browser()
		b.signIn(b.authorize(a.object(requestOf("code id_token", "clinic", "openid"), nil)))
		answered := b.approved(a.object(requestOf("code id_token", "clinic", "openid"), nil))
		require.NotEmpty(t, answered.Get("code"))
		sum := sha256.Sum256([]byte("s-1"))
		require.Equal(t, base64.RawURLEncoding.EncodeToString(sum[:16]), claimsOf(t, answered.Get("id_token"))["s_hash"])
		signed := b.authorize(a.object(sending(requestOf("code", "clinic", "openid"), "response_mode", "jwt"), nil))
		require.NotEmpty(t, a.signedParameters(signed.parameters(), "clinic", "ES256")["code"])
		without := b.authorize(a.object(sending(request("clinic", "openid"), "response_mode", "jwt"), nil))
		require.Equal(t, "invalid_request", a.signedParameters(without.parameters(), "clinic", "ES256")["error"], "a nonce")
		plain := b.authorize(a.object(request("clinic", "openid"), nil))
		require.Equal(t, "invalid_request", plain.parameters().Get("error"))
		query := b.authorize(a.object(sending(requestOf("code id_token", "clinic", "openid"), "response_mode", "query"), nil))
		require.Equal(t, "unsupported_response_mode", query.parameters().Get("error"))
		unsigned := b.authorize(requestOf("code id_token", "clinic", "openid"))
		require.Equal(t, "invalid_request", unsigned.parameters().Get("error"))

		unproved := a.push(a.object(requestOf("code id_token", "clinic", "openid"), nil))
		require.Equal(t, "invalid_request", unproved.member("error"), "PKCE of what is pushed: %s", unproved.raw)
		with := a.push(a.object(challenged(requestOf("code id_token", "clinic", "openid")), nil))
		require.Equal(t, http.StatusCreated, with.status, with.raw)
		require.NotEmpty(t, b.approved(pushed("clinic", with.member("request_uri"))).Get("code"))
	})
}

// A client may change its registration, and not leave the profile that its operator has put it under.
func TestARegisteredClientKeepsToTheProfileOfItsOperator(t *testing.T) {
	s := registering(t, everyResponseType)
	made := s.registered(metadata())
	client, err := s.store.LoadClient(t.Context(), made.member("client_id"))
	require.NoError(t, err)
	require.Equal(t, storage.ProfileBaseline, client.Policy.Profile)
	require.NoError(t, client.ApplyProfile(storage.ProfileOAuth21))
	require.NoError(t, s.store.UpdateClient(t.Context(), *client))
	update := func(changes ...any) reply {
		body := metadata(append(changes, "client_id", client.ID)...)
		return s.call(http.MethodPut, made.member("registration_client_uri"), made.member("registration_access_token"), body)
	}
	require.Equal(t, http.StatusOK, update("client_name", "Лікарня").status)
	s.requireRefused(update("response_types", []string{"code id_token"}, "grant_types",
		[]string{"authorization_code", "implicit"}), http.StatusBadRequest, "invalid_client_metadata",
		"response_types: the profile oauth21 demands code")
}
