package provider_test

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/go-jose/go-jose/v4"
	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"ithildin/provider/oauth"
	"ithildin/storage"
	"ithildin/storage/storagetest"
)

// A public key is taken for a secret, or no signature for one (RFC 8725 2.1): method, algorithm and key must fit.
func TestAttackJWTAlgorithmConfusion(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		s := newStack(t, engine)
		key, err := rsa.GenerateKey(rand.Reader, 2048)
		require.NoError(t, err)
		encoded := x509.MarshalPKCS1PublicKey(&key.PublicKey)
		publicPEM := pem.EncodeToMemory(&pem.Block{Type: "RSA PUBLIC KEY", Bytes: encoded})
		keys := &jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: key.Public(), KeyID: "k"}}}
		s.keyedClient("keyed", func(m *storage.Metadata) { m.JWKS = keys })
		s.keyedClient("pinned", func(m *storage.Metadata) { m.JWKS, m.TokenEndpointAuthSigningAlg = keys, "PS256" })
		s.signingClient("signing", func(c *storage.Client) { c.Metadata.JWKS = keys })
		s.signingClient("pinned-secret", func(c *storage.Client) { c.Metadata.TokenEndpointAuthSigningAlg = "HS512" })
		none := func(id string) string {
			signed := signJWT(t, key, jose.RS256, withKID("k"), s.assertion(id))
			return "eyJhbGciOiJub25lIn0." + strings.Split(signed, ".")[1] + "."
		}
		for name, c := range map[string]struct {
			assertion string
			status    int
		}{
			"the public key as a secret":       {signJWT(t, publicPEM, jose.HS256, withKID("k"), s.assertion("keyed")), 401},
			"the public key's DER as a secret": {signJWT(t, encoded, jose.HS256, withKID("k"), s.assertion("keyed")), 401},
			"the public key as another's secret": {signJWT(t, publicPEM, jose.HS256, withKID("k"), s.assertion("signing")),
				401},
			"no signature":                       {none("keyed"), 401},
			"no signature with a secret":         {none("signing"), 401},
			"a key where a secret is registered": {signJWT(t, key, jose.RS256, withKID("k"), s.assertion("signing")), 401},
			"the registered algorithm":           {signJWT(t, key, jose.PS256, withKID("k"), s.assertion("pinned")), 200},
			"another algorithm of the same key":  {signJWT(t, key, jose.RS256, withKID("k"), s.assertion("pinned")), 401},
			"the registered one of a secret": {signJWT(t, []byte(secretOf("pinned-secret")), jose.HS512, nil,
				s.assertion("pinned-secret")), 200},
			"another algorithm of the same secret": {signJWT(t, []byte(secretOf("pinned-secret")), jose.HS256, nil,
				s.assertion("pinned-secret")), 401},
		} {
			got := s.sendAssertion(c.assertion)
			require.Equal(t, c.status, got.status, "%s: %s", name, got.raw)
		}
	})
}

// The header leads to a key of the attacker (RFC 8725 2.10): what it says of keys only chooses among the registered
// ones.
func TestAttackKeyIDInjection(t *testing.T) {
	s := newStack(t, storagetest.Engines()[0])
	key, stranger := newKey(t), newKey(t)
	w := newWebsite(t, keySet(t, jose.JSONWebKey{Key: stranger.Public(), KeyID: "k"}))
	s.reach(w, "127.0.0.0/8")
	s.keyedClient("keyed", func(m *storage.Metadata) {
		m.JWKS = &jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: key.Public(), KeyID: "k"}}}
	})
	for name, header := range map[string]map[string]any{
		"jwk":             {"kid": "k", "jwk": jose.JSONWebKey{Key: stranger.Public(), KeyID: "k"}},
		"jku":             {"kid": "k", "jku": w.URL},
		"x5u":             {"kid": "k", "x5u": w.URL},
		"a path":          {"kid": "../../../../dev/null"},
		"SQL":             {"kid": "k' OR '1'='1"},
		"an address":      {"kid": w.URL},
		"a control":       {"kid": "k\x00\r\nX: y"},
		"no kid":          {},
		"critical":        {"kid": "k", "crit": []string{"exp"}, "exp": 1},
		"a kid of no use": {"kid": strings.Repeat("k", 5000)},
	} {
		got := s.sendAssertion(signJWT(t, stranger, jose.ES256, header, s.assertion("keyed")))
		require.Equal(t, http.StatusUnauthorized, got.status, "%s: %s", name, got.raw)
		require.Equal(t, "invalid_client", got.member("error"), name)
	}
	for name, header := range map[string]map[string]any{
		"critical":        {"crit": []string{"kid"}, "kid": "k"},
		"nothing, but so": {"crit": []string{}, "kid": "k"},
		"another type":    {"kid": "k", "typ": "at+jwt"},
		"a request":       {"kid": "k", "typ": "oauth-authz-req+jwt"},
		"no text as type": {"kid": "k", "typ": 1},
		"unencoded":       {"kid": "k", "b64": true},
	} {
		got := s.sendAssertion(signJWT(t, key, jose.ES256, header, s.assertion("keyed")))
		require.Equal(t, http.StatusUnauthorized, got.status, "%s: %s", name, got.raw)
	}
	for _, kind := range []string{"JWT", "client-authentication+jwt"} {
		header := map[string]any{"kid": "k", "typ": kind}
		require.Equal(t, http.StatusOK, s.sendAssertion(signJWT(t, key, jose.ES256, header, s.assertion("keyed"))).status,
			kind)
	}
	require.Zero(t, w.asked.Load())
}

func TestAnAssertionIsItsClientsAlone(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		s := newStack(t, engine)
		key := newKey(t)
		for _, id := range []string{"one", "two"} {
			s.keyedClient(id, func(m *storage.Metadata) {
				m.JWKS = &jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: key.Public(), KeyID: "shared"}}}
			})
		}
		claims := s.assertion("one")
		one := signJWT(t, key, jose.ES256, nil, claims)
		claims.Issuer, claims.Subject = "two", "two"
		two := signJWT(t, key, jose.ES256, nil, claims)
		got := s.post(oauth.PathToken, "", url.Values{
			"grant_type": {"client_credentials"}, "client_id": {"two"}, "client_assertion": {one},
			"client_assertion_type": {"urn:ietf:params:oauth:client-assertion-type:jwt-bearer"},
		})
		require.Equal(t, "invalid_client", got.member("error"), "in another's name")
		claims.Issuer, claims.Subject = "one", "two"
		require.Equal(t, http.StatusUnauthorized, s.sendAssertion(signJWT(t, key, jose.ES256, nil, claims)).status)
		require.Equal(t, http.StatusOK, s.sendAssertion(one).status)
		require.Equal(t, http.StatusOK, s.sendAssertion(two).status, "a jti is used up for its own client only")
		require.Equal(t, http.StatusUnauthorized, s.sendAssertion(one).status)
	})
}

func TestAnAssertionNamesThisProvider(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		s := newStack(t, engine)
		s.signingClient("endpoint", nil)
		s.signingClient("issuer", func(c *storage.Client) { c.Policy.AssertionAudience = storage.AssertionAudienceIssuer })
		issuer := s.server.URL
		token, introspect, revoke := issuer+oauth.PathToken, issuer+oauth.PathIntrospect, issuer+oauth.PathRevoke
		for _, c := range []struct {
			client, called string
			audience       any
			status         int
		}{
			{"endpoint", oauth.PathToken, issuer, 200},
			{"endpoint", oauth.PathToken, token, 200},
			{"endpoint", oauth.PathToken, []string{"https://other.example", token}, 200},
			{"endpoint", oauth.PathToken, introspect, 401},
			{"endpoint", oauth.PathToken, []string{}, 401},
			{"endpoint", oauth.PathToken, nil, 401},
			{"endpoint", oauth.PathToken, 7, 401},
			{"endpoint", oauth.PathToken, issuer + "/", 401},
			{"endpoint", oauth.PathIntrospect, introspect, 200},
			{"endpoint", oauth.PathIntrospect, []string{token}, 200},
			{"endpoint", oauth.PathIntrospect, revoke, 401},
			{"endpoint", oauth.PathRevoke, revoke, 200},
			{"issuer", oauth.PathToken, issuer, 200},
			{"issuer", oauth.PathToken, []string{issuer}, 401},
			{"issuer", oauth.PathToken, token, 401},
			{"issuer", oauth.PathIntrospect, introspect, 401},
			{"issuer", oauth.PathIntrospect, issuer, 200},
			{"issuer", oauth.PathToken, nil, 401},
		} {
			base := s.assertion(c.client)
			claims := map[string]any{
				"iss": base.Issuer,
				"sub": base.Subject,
				"jti": base.ID,
				"exp": base.Expiry,
				"aud": c.audience,
			}
			got := s.post(c.called, "", url.Values{
				"grant_type": {"client_credentials"}, "token": {"unknown"},
				"client_assertion_type": {"urn:ietf:params:oauth:client-assertion-type:jwt-bearer"},
				"client_assertion":      {signedBy(t, secretOf(c.client), claims)},
			})
			require.Equal(t, c.status, got.status, "%+v: %s", c, got.raw)
		}
	})
}

// signText signs a payload as it stands.
func signText(t *testing.T, key any, algorithm jose.SignatureAlgorithm, payload string) string {
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: algorithm, Key: key}, nil)
	require.NoError(t, err)
	signed, err := signer.Sign([]byte(payload))
	require.NoError(t, err)
	token, err := signed.CompactSerialize()
	require.NoError(t, err)
	return token
}

func TestAClaimIsGivenOnceAndInItsOwnLetters(t *testing.T) {
	s := newStack(t, storagetest.Engines()[0])
	s.signingClient("signing", nil)
	send := func(format string) reply {
		payload := strings.NewReplacer("ISSUER", s.server.URL, "JTI", uuid.NewString(), "EXP",
			fmt.Sprint(s.clock.Now().Unix()+60)).
			Replace(
				`{"iss":"signing","sub":"signing","jti":"JTI","aud":"ISSUER"` + format + `}`,
			)
		return s.sendAssertion(signText(t, []byte(secretOf("signing")), jose.HS256, payload))
	}
	require.Equal(t, http.StatusOK, send(`,"exp":EXP`).status)
	for _, more := range []string{
		`,"exp":EXP,"aud":"https://other.example"`, `,"exp":EXP,"sub":"other"`, `,"exp":EXP,"exp":1`, `,"EXP":EXP`,
		`,"exp":"EXP"`,
		`,"exp":1e400`, `,"exp":1e300`, `,"exp":-1`, `,"exp":EXP}{`, `,"exp":EXP,"nbf":1e300`,
	} {
		require.Equal(t, http.StatusUnauthorized, send(more).status, more)
	}
}
