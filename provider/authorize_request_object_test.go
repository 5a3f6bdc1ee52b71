package provider_test

import (
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/stretchr/testify/require"

	"ithildin/provider/oauth"
	"ithildin/storage"
	"ithildin/storage/storagetest"
)

const otherURI = "https://client.example/other"

// requestObjects signs request objects of a client named clinic, which has two redirect URIs.
type requestObjects struct {
	*stack
	test *testing.T
	key  *ecdsa.PrivateKey
}

func newRequestObjects(t *testing.T, engine storagetest.Engine, change func(*storage.Client)) *requestObjects {
	o := &requestObjects{stack: newStack(t, engine), test: t, key: newKey(t)}
	o.register("clinic", change)
	return o
}

func (o *requestObjects) register(id string, change func(*storage.Client)) {
	o.client(id, func(c *storage.Client) {
		c.Connections[0].RedirectURIs = []string{redirectURI, otherURI}
		c.Metadata.JWKS = &jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: o.key.Public(), KeyID: "k"}}}
		if change != nil {
			change(c)
		}
	})
}

func (o *requestObjects) sign(claims map[string]any) string {
	return signJWT(o.test, o.key, jose.ES256, withKID("k"), claims)
}

func (o *requestObjects) signTyped(kind string, claims map[string]any) string {
	return signJWT(o.test, o.key, jose.ES256, map[string]any{"kid": "k", "typ": kind}, claims)
}

// outcome goes from a fresh browser to where the request ends: at the client, or at a page that is no login page.
func (o *requestObjects) outcome(parameters url.Values) page {
	b := o.browser()
	p := b.authorize(parameters)
	if p.location == nil && p.url.Path == "/login/sign-in" {
		p = b.signIn(p)
	}
	if p.location == nil && p.url.Path == "/login/consent" {
		p = b.decide(p, "accept")
	}
	return p
}

func (o *requestObjects) requireError(name, code string, parameters url.Values) {
	o.test.Helper()
	p := o.outcome(parameters)
	require.NotNil(o.test, p.location, "%s: %d %s", name, p.status, p.body)
	require.Equal(o.test, code, p.location.Query().Get("error"), "%s: %s", name, p.location)
	require.NotEmpty(o.test, p.location.Query().Get("error_description"), name)
}

// requireCode demands that a code comes to an address with a state.
func (o *requestObjects) requireCode(name, address, state string, parameters url.Values) string {
	o.test.Helper()
	p := o.outcome(parameters)
	require.NotNil(o.test, p.location, "%s: %d %s", name, p.status, p.body)
	require.NotEmpty(o.test, p.location.Query().Get("code"), "%s: %s", name, p.location)
	require.True(o.test, strings.HasPrefix(p.location.String(), address+"?"), "%s: %s", name, p.location)
	require.Equal(o.test, state, p.location.Query().Get("state"), name)
	return p.location.Query().Get("code")
}

func sending(parameters url.Values, changes ...string) url.Values {
	for i := 0; i < len(changes); i += 2 {
		parameters.Set(changes[i], changes[i+1])
		if changes[i+1] == "" {
			parameters.Del(changes[i])
		}
	}
	return parameters
}

// outside is an OpenID request with a request object, and what it says outside of that.
func outside(object string, changes ...string) url.Values {
	return sending(request("clinic", "openid"), append([]string{"request", object}, changes...)...)
}

func TestRequestObjectParametersPrecedeThoseOutside(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		o := newRequestObjects(t, engine, nil)
		object := o.sign(map[string]any{
			"iss": "clinic", "aud": o.server.URL, "client_id": "clinic", "response_type": "code", "redirect_uri": otherURI,
			"scope": "openid profile", "state": "inner", "max_age": 3600, "nonce": "n-inner", "exp": o.clock.Now().Unix() + 60,
			"claims": map[string]any{"id_token": map[string]any{"auth_time": map[string]any{"essential": true}}},
		})
		code := o.requireCode("all inside", otherURI, "inner", outside(object, "nonce", "n-outer"))
		tokens := o.post(oauth.PathToken, "clinic", url.Values{
			"grant_type": {"authorization_code"}, "code": {code}, "redirect_uri": {otherURI},
		})
		require.Equal(t, http.StatusOK, tokens.status, tokens.raw)
		require.Equal(t, "openid profile", tokens.member("scope"))
		var claims map[string]any
		payload, err := base64.RawURLEncoding.DecodeString(strings.Split(tokens.member("id_token"), ".")[1])
		require.NoError(t, err)
		require.NoError(t, json.Unmarshal(payload, &claims))
		require.Equal(t, "n-inner", claims["nonce"])

		code = o.requireCode("all outside", redirectURI, "s-1", outside(o.sign(map[string]any{"nonce": "n-inner"})))
		require.Equal(t, http.StatusOK, o.redeem("clinic", code).status)
		o.requireCode("an address outside that is not registered", otherURI, "s-1",
			outside(o.sign(map[string]any{"redirect_uri": otherURI}), "redirect_uri", "https://evil.example/"))
		o.requireError("prompt inside", "login_required",
			outside(o.sign(map[string]any{"prompt": "none"}), "prompt", "login"))
		o.requireError("prompt outside", "login_required", outside(o.sign(map[string]any{}), "prompt", "none"))
		o.requireError("scope inside", "invalid_scope", outside(o.sign(map[string]any{"scope": "openid root"})))
		o.requireCode("an empty state inside is none", redirectURI, "", outside(o.sign(map[string]any{"state": ""})))
	})
}

func TestRequestObjectByRFC9101IgnoresParametersOutside(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		o := newRequestObjects(t, engine, nil)
		o.register("strict", func(c *storage.Client) { c.Metadata.RequireSignedRequestObject = true })
		whole := map[string]any{"response_type": "code", "redirect_uri": otherURI, "scope": "openid"}
		for name, parameters := range map[string]url.Values{
			"by its typ":              outside(o.signTyped("oauth-authz-req+jwt", whole), "prompt", "none"),
			"by its typ in capitals":  outside(o.signTyped("OAuth-Authz-Req+JWT", whole), "prompt", "none"),
			"by what the client says": outside(o.sign(whole), "prompt", "none", "client_id", "strict"),
			"without openid outside":  outside(o.sign(whole), "prompt", "none", "scope", "profile"),
			"without scope outside":   outside(o.sign(whole), "prompt", "none", "scope", ""),
		} {
			o.requireCode(name, otherURI, "", parameters)
		}
		o.requireError("nothing inside", "invalid_request", outside(o.signTyped("oauth-authz-req+jwt", map[string]any{
			"redirect_uri": redirectURI, "scope": "openid",
		})))
		p := o.outcome(
			outside(o.signTyped("oauth-authz-req+jwt", map[string]any{"response_type": "code", "scope": "openid"})),
		)
		require.Nil(t, p.location, "the redirect_uri outside is none")
		require.Equal(t, http.StatusBadRequest, p.status)
		o.requireError("no object", "invalid_request", request("strict", "openid"))
		o.requireCode("a plain request of who need not sign", redirectURI, "s-1", request("clinic", "openid"))
	})
}

func TestARequestObjectThatIsWrongIsRefused(t *testing.T) {
	o := newRequestObjects(t, storagetest.Engines()[0], nil)
	now := o.clock.Now().Unix()
	for name, claims := range map[string]map[string]any{
		"another issuer":          {"iss": "other"},
		"an issuer of no text":    {"iss": 1},
		"another client":          {"client_id": "other"},
		"a sub like an assertion": {"sub": "clinic"},
		"another audience":        {"aud": "https://other.example"},
		"another audience, list":  {"aud": []string{"https://other.example", o.server.URL + "/oauth2/authorize"}},
		"no audience in a list":   {"aud": []string{}},
		"expired":                 {"exp": now - 61},
		"an exp of no number":     {"exp": "soon"},
		"not yet":                 {"nbf": now + 61},
		"issued later":            {"iat": now + 61},
		"another response type":   {"response_type": "token"},
		"another object":          {"request": "x.y.z"},
		"another by reference":    {"request_uri": "https://client.example/object"},
		"a truth value":           {"prompt": true},
		"a number":                {"state": 1},
		"null":                    {"nonce": nil},
		"a list":                  {"scope": []string{"openid"}},
		"an object":               {"state": map[string]any{"a": 1}},
		"claims in a list":        {"claims": []string{"name"}},
		"max_age below zero":      {"max_age": -1},
		"max_age in parts":        {"max_age": 1.5},
		"max_age beyond all":      {"max_age": 1e300},
		"a control character":     {"state": "a\x00b"},
		"a name with one":         {"sta\x00te": "a"},
		"too long":                {"state": strings.Repeat("s", 16<<10), "nonce": strings.Repeat("%", 16<<10)},
	} {
		o.requireError(name, "invalid_request_object", outside(o.sign(claims)))
	}
	many := map[string]any{}
	for i := range 101 {
		many[fmt.Sprint("p", i)] = "x"
	}
	o.requireError("too many", "invalid_request_object", outside(o.sign(many)))
	for name, payload := range map[string]string{
		"a member twice":           `{"redirect_uri":"` + otherURI + `","redirect_uri":"` + redirectURI + `"}`,
		"a member twice, escaped":  `{"scope":"openid","sc\u006fpe":"openid profile"}`,
		"a member twice in claims": `{"claims":{"id_token":{},"id_token":{"name":null}}}`,
		"bytes that are no text":   "{\"state\":\"\xff\"}",
		"no object":                `["openid"]`,
		"two objects":              `{}{}`,
		"nothing":                  ``,
	} {
		o.requireError(name, "invalid_request_object", outside(signText(t, o.key, jose.ES256, payload)))
	}
	for name, claims := range map[string]map[string]any{
		"this moment":             {"exp": now - 59, "nbf": now + 59, "iat": now + 59},
		"the audience among more": {"aud": []string{"https://other.example", o.server.URL}},
		"max_age as a text":       {"max_age": "3600"},
		"claims as a text":        {"claims": "{}"},
		"what nobody knows":       {"x-unknown": "x", "jti": "1", "sub": "somebody"},
		"spaces around":           {"response_type": "code"},
	} {
		o.requireCode(name, redirectURI, "s-1", outside(o.sign(claims)))
	}
	o.requireCode("white space", redirectURI, "inner",
		outside(signText(t, o.key, jose.ES256, ` { "state" : "inner" , "max_age" : 60 } `)))
}

func TestARequestObjectIsSignedByItsClient(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		o := newRequestObjects(t, engine, func(c *storage.Client) { c.Metadata.RequestObjectSigningAlg = "" })
		private, err := rsa.GenerateKey(rand.Reader, 2048)
		require.NoError(t, err)
		publicPEM := pem.EncodeToMemory(
			&pem.Block{Type: "RSA PUBLIC KEY", Bytes: x509.MarshalPKCS1PublicKey(&private.PublicKey)},
		)
		useRSA := func(c *storage.Client) {
			c.Metadata.JWKS = &jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: private.Public(), KeyID: "k"}}}
		}
		o.register("any", useRSA)
		o.register("pinned", func(c *storage.Client) { useRSA(c); c.Metadata.RequestObjectSigningAlg = "PS256" })
		o.register("unsigned", func(c *storage.Client) { useRSA(c); c.Metadata.RequestObjectSigningAlg = "none" })
		o.register("keyless", func(c *storage.Client) { c.Metadata.JWKS = nil })
		sealed := func(c *storage.Client) {
			c.Metadata.TokenEndpointAuthMethod = storage.AuthMethodSecretJWT
			known := o.sealedSecret(secretOf("shared"))
			known.Hash = storage.Hash(c.ID) // which must be of one client only
			c.Connections[0].Secrets = []storage.ConnectionSecret{known}
		}
		o.register("secret", func(c *storage.Client) { sealed(c); c.Metadata.RequestObjectSigningAlg = "HS256" })
		o.register("secret-unsaid", sealed)
		o.register("secret-sent", func(c *storage.Client) {
			sealed(c)
			c.Metadata.TokenEndpointAuthMethod, c.Metadata.RequestObjectSigningAlg = storage.AuthMethodBasic, "HS256"
		})
		claims := map[string]any{"state": "inner"}
		none := "eyJhbGciOiJub25lIn0." + strings.Split(o.sign(claims), ".")[1] + "."
		by := func(key any, algorithm jose.SignatureAlgorithm) string {
			return signJWT(t, key, algorithm, withKID("k"), claims)
		}
		shared := []byte(secretOf("shared"))
		for name, c := range map[string]struct {
			client, object string
			good           bool
		}{
			"its key":                           {"clinic", o.sign(claims), true},
			"any algorithm of its key":          {"any", by(private, jose.RS512), true},
			"the registered algorithm":          {"pinned", by(private, jose.PS256), true},
			"another algorithm":                 {"pinned", by(private, jose.RS256), false},
			"nobody":                            {"clinic", none, false},
			"nobody, although registered so":    {"unsigned", none, false},
			"a key, where nobody is registered": {"unsigned", by(private, jose.RS256), false},
			"a stranger":                        {"clinic", by(newKey(t), jose.ES256), false},
			"no registered key":                 {"keyless", o.sign(claims), false},
			"the public key as a secret":        {"any", by(publicPEM, jose.HS256), false},
			"its secret":                        {"secret", by(shared, jose.HS256), true},
			"its secret by another algorithm":   {"secret", by(shared, jose.HS512), false},
			"another secret":                    {"secret", by([]byte(secretOf("other")), jose.HS256), false},
			"a secret that it did not speak of": {"secret-unsaid", by(shared, jose.HS256), false},
			"a secret that it sends in clear":   {"secret-sent", by(shared, jose.HS256), false},
			"something critical": {"clinic", signJWT(t, o.key, jose.ES256,
				map[string]any{"crit": []string{"kid"}, "kid": "k"}, claims), false},
			"a type that is another's": {"clinic", o.signTyped("at+jwt", claims), false},
			"the type of an assertion": {"clinic", o.signTyped("client-authentication+jwt", claims), false},
			"a JWT":                    {"clinic", o.signTyped("JWT", claims), true},
			"a key of its header": {"clinic", signJWT(t, newKey(t), jose.ES256, map[string]any{"kid": "k",
				"jwk": jose.JSONWebKey{Key: newKey(t).Public()}}, claims), false},
			"garbage":                            {"clinic", "garbage", false},
			"five parts, which are an encrypted": {"clinic", "eyJhbGciOiJkaXIifQ..a.b.c", false},
		} {
			parameters := outside(c.object, "client_id", c.client)
			if c.good {
				o.requireCode(name, redirectURI, "inner", parameters)
			} else {
				o.requireError(name, "invalid_request_object", parameters)
			}
		}
	})
}

// What was signed for one purpose, client or place is brought in as the request of another (RFC 9101 10.8, RFC 8725
// 2.8).
func TestAttackRequestObjectSmuggling(t *testing.T) {
	o := newRequestObjects(t, storagetest.Engines()[0], nil)
	o.register("twin", nil) // with the same key
	named := o.sign(map[string]any{"client_id": "clinic", "scope": "openid profile"})
	issued := o.sign(map[string]any{"iss": "clinic", "scope": "openid profile"})
	o.requireCode("its own", redirectURI, "s-1", outside(named))
	o.requireError("the twin's name outside", "invalid_request_object", outside(named, "client_id", "twin"))
	o.requireError("the twin's name outside, iss", "invalid_request_object", outside(issued, "client_id", "twin"))
	p := o.outcome(outside(named, "client_id", ""))
	require.Nil(t, p.location, "the client_id is required outside as well")
	require.Equal(t, http.StatusBadRequest, p.status)
	p = o.outcome(outside(o.sign(map[string]any{"redirect_uri": "https://evil.example/callback"})))
	require.Nil(t, p.location, "an address inside is as good as one outside")
	require.Equal(t, http.StatusBadRequest, p.status)
	twice := outside(named)
	twice.Add("request", o.sign(map[string]any{}))
	o.requireError("two of them", "invalid_request", twice)
	o.requireError("both ways", "invalid_request", outside(named, "request_uri", "https://client.example/object"))
	tokens := o.redeem("clinic", o.requireCode("plain", redirectURI, "s-1", request("clinic", "openid")))
	for name, object := range map[string]string{
		"a client assertion":      signJWT(t, o.key, jose.ES256, withKID("k"), o.assertion("clinic")),
		"an ID token":             tokens.member("id_token"),
		"an access token":         tokens.member("access_token"),
		"an object in the object": o.sign(map[string]any{"request": named}),
	} {
		o.requireError(name, "invalid_request_object", outside(object))
	}
}

func TestRequestObjectIsFetchedOnceForASignIn(t *testing.T) {
	o := newRequestObjects(t, storagetest.Engines()[0], nil)
	b := o.browser()
	p := b.authorize(
		outside(o.sign(map[string]any{"exp": o.clock.Now().Unix() + 60, "redirect_uri": otherURI, "state": "inner"})),
	)
	require.Equal(t, "/login/sign-in", p.url.Path)
	o.clock.Advance(10 * time.Minute)
	p = b.signIn(p)
	if p.location == nil {
		p = b.decide(p, "accept")
	}
	require.NotNil(t, p.location, p.body)
	require.True(t, strings.HasPrefix(p.location.String(), otherURI+"?"), p.location)
	require.NotEmpty(t, p.location.Query().Get("code"))
}

func TestRequestObjectIsFetchedFromRegisteredAddressesOnly(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		w := newWebsite(t, nil)
		o := newRequestObjects(t, engine, func(c *storage.Client) {
			c.Metadata.RequestURIs = []string{w.URL + "/object#registered", w.URL + "/other?a=b", w.URL + "/large"}
		})
		o.reach(w, "127.0.0.0/8")
		w.document.Store([]byte(o.sign(map[string]any{"state": "first"}) + "\n"))
		by := func(uri string) url.Values { return sending(request("clinic", "openid"), "request_uri", uri) }
		o.requireCode("as registered", redirectURI, "first", by(w.URL+"/object"))
		o.requireCode("again", redirectURI, "first", by(w.URL+"/object"))
		require.EqualValues(t, 1, w.asked.Load(), "it is kept")
		w.document.Store([]byte(o.sign(map[string]any{"state": "second"})))
		o.requireCode("with another hash, at once", redirectURI, "first", by(w.URL+"/object#second"))
		require.EqualValues(t, 1, w.asked.Load(), "made-up fragments fetch nothing")
		o.clock.Advance(10 * time.Second)
		o.requireCode("with another hash", redirectURI, "second", by(w.URL+"/object#second"))
		o.requireCode("with a query", redirectURI, "second", by(w.URL+"/other?a=b"))
		require.EqualValues(t, 3, w.asked.Load())
		for name, uri := range map[string]string{
			"another path":   w.URL + "/object/",
			"another query":  w.URL + "/object?a=b",
			"a part of it":   w.URL + "/",
			"another scheme": strings.Replace(w.URL, "https", "http", 1) + "/object",
			"user data":      strings.Replace(w.URL, "https://", "https://user@", 1) + "/object",
			"a URN":          "urn:example:request_object:6esc_11ACC5bwc014ltc14eY22c",
			"a file":         "file:///etc/passwd",
			"a fragment":     "#",
		} {
			o.requireError(name, "invalid_request_uri", by(uri))
		}
		o.requireError("both", "invalid_request", sending(by(w.URL+"/object"), "request", o.sign(map[string]any{})))
		require.EqualValues(t, 3, w.asked.Load(), "nothing else was asked")
		for name, document := range map[string]string{
			"not signed": "eyJhbGciOiJub25lIn0.e30.", "no JWT": "<html>", "empty": "",
		} {
			w.document.Store([]byte(document))
			o.clock.Advance(10 * time.Second)
			p := o.outcome(by(w.URL + "/object#" + url.PathEscape(name)))
			require.NotNil(t, p.location, name)
			require.Equal(t, "invalid_request_object", p.location.Query().Get("error"), name)
		}
		w.document.Store([]byte(strings.Repeat("x", 64<<10+1)))
		o.requireError("too large", "invalid_request_uri", by(w.URL+"/large"))
		o.register("unregistered", nil)
		o.requireError("nothing registered", "invalid_request_uri", sending(by(w.URL+"/object"), "client_id", "unregistered"))
	})
}

func TestAttackSSRFThroughRequestURI(t *testing.T) {
	inner := newWebsite(t, nil)
	outer := newWebsite(t, nil)
	target := strings.Replace(inner.URL, "127.0.0.1", "[::1]", 1)
	addresses := map[string]string{
		"plain":      strings.Replace(inner.URL, "https", "http", 1),
		"loopback":   inner.URL,
		"by name":    strings.Replace(inner.URL, "127.0.0.1", "localhost", 1),
		"metadata":   "https://169.254.169.254/latest/meta-data",
		"redirected": outer.URL + "/?redirect=" + target,
	}
	o := newRequestObjects(t, storagetest.Engines()[0], func(c *storage.Client) {
		for _, address := range addresses {
			c.Metadata.RequestURIs = append(c.Metadata.RequestURIs, address)
		}
	})
	inner.document.Store([]byte(o.sign(map[string]any{})))
	for name, address := range addresses {
		o.reach(outer) // no network is named
		if name == "redirected" {
			o.reach(outer, "127.0.0.0/8")
		}
		p := o.outcome(sending(request("clinic", "openid"), "request_uri", address))
		require.NotNil(t, p.location, name)
		require.Equal(t, "invalid_request_uri", p.location.Query().Get("error"), name)
		require.NotContains(t, p.location.Query().Get("error_description"), "private network", name)
	}
	require.Zero(t, inner.asked.Load())
	require.EqualValues(t, 1, outer.asked.Load())
}

func TestARequestObjectIsVerifiedByThePublishedKeys(t *testing.T) {
	o := newRequestObjects(t, storagetest.Engines()[0], nil)
	w := newWebsite(t, keySet(t, jose.JSONWebKey{Key: o.key.Public(), KeyID: "k"}))
	o.reach(w, "127.0.0.0/8")
	o.register("published", func(c *storage.Client) { c.Metadata.JWKS, c.Metadata.JWKSURI = nil, w.URL })
	object := o.sign(map[string]any{"state": "inner"})
	o.requireCode("published", redirectURI, "inner", outside(object, "client_id", "published"))
	o.register("lost", func(c *storage.Client) { c.Metadata.JWKS, c.Metadata.JWKSURI = nil, "https://127.0.0.1:1/" })
	o.requireError("lost", "invalid_request_object", outside(object, "client_id", "lost"))
}

func TestDiscoveryDescribesTheSupportOfRequestObjects(t *testing.T) {
	s := newStack(t, storagetest.Engines()[0])
	var document map[string]any
	require.NoError(t, json.Unmarshal([]byte(s.browser().get(s.server.URL+oauth.PathDiscovery).body), &document))
	for _, name := range []string{
		"request_parameter_supported", "request_uri_parameter_supported", "require_request_uri_registration",
	} {
		require.Equal(t, true, document[name], name)
	}
	require.Contains(t, document["token_endpoint_auth_methods_supported"], "client_secret_jwt")
	for _, name := range []string{
		"request_object_signing_alg_values_supported", "token_endpoint_auth_signing_alg_values_supported",
	} {
		require.Contains(t, document[name], "RS256", name)
		require.Contains(t, document[name], "HS256", name)
		require.NotContains(t, document[name], "none", name)
	}
}
