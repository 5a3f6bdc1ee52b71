package provider_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"net/http"
	"net/url"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"ithildin/provider/oauth"
	"ithildin/storage"
	"ithildin/storage/storagetest"
)

// assertions signs client assertions of a client with a registered key.
type assertions struct {
	stack *stack
	key   *ecdsa.PrivateKey
}

func newAssertions(t *testing.T, engine storagetest.Engine) *assertions {
	return newAssertionsOn(t, newStack(t, engine))
}

func newAssertionsOn(t *testing.T, s *stack) *assertions {
	a := &assertions{stack: s}
	var err error
	a.key, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	a.stack.client("keyed", func(c *storage.Client) {
		c.Metadata.TokenEndpointAuthMethod = storage.AuthMethodPrivateKeyJWT
		c.Metadata.JWKS = &jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: a.key.Public(), KeyID: "k1", Algorithm: "ES256"}}}
		c.Connections[0].Secrets = nil
	})
	return a
}

func (a *assertions) claims() jwt.Claims {
	now := a.stack.clock.Now()
	return jwt.Claims{
		Issuer: "keyed", Subject: "keyed", Audience: jwt.Audience{a.stack.server.URL}, ID: uuid.NewString(),
		IssuedAt: jwt.NewNumericDate(now), Expiry: jwt.NewNumericDate(now.Add(time.Minute)),
	}
}

func (a *assertions) sign(t *testing.T, key any, algorithm jose.SignatureAlgorithm, claims jwt.Claims) string {
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: algorithm, Key: key},
		(&jose.SignerOptions{}).WithHeader("kid", "k1"))
	require.NoError(t, err)
	token, err := jwt.Signed(signer).Claims(claims).Serialize()
	require.NoError(t, err)
	return token
}

func (a *assertions) send(assertion string) reply {
	return a.stack.post(oauth.PathToken, "", url.Values{
		"grant_type":            {"client_credentials"},
		"client_assertion_type": {"urn:ietf:params:oauth:client-assertion-type:jwt-bearer"},
		"client_assertion":      {assertion},
	})
}

func TestAClientAuthenticatesByItsKey(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		a := newAssertions(t, engine)
		assertion := a.sign(t, a.key, jose.ES256, a.claims())
		require.Equal(t, http.StatusOK, a.send(assertion).status)
		again := a.send(assertion)
		require.Equal(t, http.StatusUnauthorized, again.status, "an assertion is good once")
		require.Equal(t, "invalid_client", again.member("error"))

		stranger, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		require.NoError(t, err)
		for name, bad := range map[string]string{
			"another key":     a.sign(t, stranger, jose.ES256, a.claims()),
			"a shared secret": a.sign(t, []byte(secret+"keyed-and-long-enough"), jose.HS256, a.claims()),
			"expired": a.sign(t, a.key, jose.ES256, with(a.claims(),
				func(c *jwt.Claims) { c.Expiry = jwt.NewNumericDate(a.stack.clock.Now().Add(-2 * time.Minute)) })),
			"for too long": a.sign(t, a.key, jose.ES256, with(a.claims(),
				func(c *jwt.Claims) { c.Expiry = jwt.NewNumericDate(a.stack.clock.Now().Add(24 * time.Hour)) })),
			"another audience": a.sign(t, a.key, jose.ES256, with(a.claims(),
				func(c *jwt.Claims) { c.Audience = jwt.Audience{"https://other.example"} })),
			"no audience":    a.sign(t, a.key, jose.ES256, with(a.claims(), func(c *jwt.Claims) { c.Audience = nil })),
			"no jti":         a.sign(t, a.key, jose.ES256, with(a.claims(), func(c *jwt.Claims) { c.ID = "" })),
			"another issuer": a.sign(t, a.key, jose.ES256, with(a.claims(), func(c *jwt.Claims) { c.Issuer = "other" })),
			"no exp":         a.sign(t, a.key, jose.ES256, with(a.claims(), func(c *jwt.Claims) { c.Expiry = nil })),
		} {
			got := a.send(bad)
			require.Equal(t, http.StatusUnauthorized, got.status, "%s: %s", name, got.raw)
			require.Equal(t, "invalid_client", got.member("error"), name)
		}
	})
}

func TestClientAssertionIssuedSecondsInTheFutureIsAccepted(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		a := newAssertions(t, engine)
		ahead := with(a.claims(),
			func(c *jwt.Claims) { c.IssuedAt = jwt.NewNumericDate(a.stack.clock.Now().Add(3 * time.Second)) })
		require.Equal(t, http.StatusOK, a.send(a.sign(t, a.key, jose.ES256, ahead)).status)
	})
}

func TestClientAssertionThatFailedIsNotUsedUp(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		a := newAssertions(t, engine)
		claims := a.claims()
		wrong := with(claims, func(c *jwt.Claims) { c.Audience = jwt.Audience{"https://other.example"} })
		require.Equal(t, http.StatusUnauthorized, a.send(a.sign(t, a.key, jose.ES256, wrong)).status)
		require.Equal(t, http.StatusOK, a.send(a.sign(t, a.key, jose.ES256, claims)).status)
	})
}

func TestClientAssertionIsAcceptedOnceOfManyConcurrentRequests(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		a := newAssertions(t, engine)
		assertion := a.sign(t, a.key, jose.ES256, a.claims())
		var won atomic.Int64
		var all sync.WaitGroup
		for range 20 {
			all.Go(func() {
				if a.send(assertion).status == http.StatusOK {
					won.Add(1)
				}
			})
		}
		all.Wait()
		require.EqualValues(t, 1, won.Load())
	})
}

func with(claims jwt.Claims, change func(*jwt.Claims)) jwt.Claims {
	change(&claims)
	return claims
}
