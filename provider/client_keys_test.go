package provider_test

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"ithildin/provider/clientauth"
	"ithildin/provider/outbound"
	"ithildin/storage"
	"ithildin/storage/storagetest"
)

// website is where a client publishes what it registered by its address: one document, that changes.
type website struct {
	*httptest.Server
	document atomic.Value
	asked    atomic.Int64
}

func newWebsite(t *testing.T, document []byte) *website {
	w := &website{}
	w.document.Store(document)
	w.Server = httptest.NewTLSServer(http.HandlerFunc(func(response http.ResponseWriter, r *http.Request) {
		w.asked.Add(1)
		if target := r.URL.Query().Get("redirect"); target != "" {
			http.Redirect(response, r, target, http.StatusFound)
			return
		}
		_, _ = response.Write(w.document.Load().([]byte))
	}))
	t.Cleanup(w.Close)
	return w
}

// reach starts the stack again with a network in which the website is reached.
func (s *stack) reach(w *website, allowed ...string) {
	roots := x509.NewCertPool()
	roots.AddCert(w.Certificate())
	options := outbound.Options{RootCAs: roots}
	for _, network := range allowed {
		options.Allowed = append(options.Allowed, netip.MustParsePrefix(network))
	}
	s.outbound = outbound.New(options)
	s.start()
}

func newKey(t *testing.T) *ecdsa.PrivateKey {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	return key
}

func keySet(t *testing.T, keys ...jose.JSONWebKey) []byte {
	encoded, err := json.Marshal(jose.JSONWebKeySet{Keys: keys})
	require.NoError(t, err)
	return encoded
}

// signJWT signs claims of any kind, with headers of any kind.
func signJWT(t *testing.T, key any, algorithm jose.SignatureAlgorithm, headers map[string]any, claims any) string {
	options := &jose.SignerOptions{}
	for name, value := range headers {
		options.WithHeader(jose.HeaderKey(name), value)
	}
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: algorithm, Key: key}, options)
	require.NoError(t, err)
	token, err := jwt.Signed(signer).Claims(claims).Serialize()
	require.NoError(t, err)
	return token
}

// assertion is one of a client, good for a minute.
func (s *stack) assertion(clientID string) jwt.Claims {
	now := s.clock.Now()
	return jwt.Claims{
		Issuer: clientID, Subject: clientID, Audience: jwt.Audience{s.server.URL}, ID: uuid.NewString(),
		IssuedAt: jwt.NewNumericDate(now), Expiry: jwt.NewNumericDate(now.Add(time.Minute)),
	}
}

func (s *stack) sendAssertion(assertion string) reply {
	return (&assertions{stack: s}).send(assertion)
}

func (s *stack) keyedClient(id string, change func(*storage.Metadata)) {
	s.client(id, func(c *storage.Client) {
		c.Metadata.TokenEndpointAuthMethod = storage.AuthMethodPrivateKeyJWT
		c.Connections[0].Secrets = nil
		change(&c.Metadata)
	})
}

func withKID(id string) map[string]any { return map[string]any{"kid": id} }

func TestAClientRotatesTheKeyThatItPublishes(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		first, second := newKey(t), newKey(t)
		w := newWebsite(t, keySet(t, jose.JSONWebKey{Key: first.Public(), KeyID: "1", Use: "sig"}))
		s := newStack(t, engine)
		s.reach(w, "127.0.0.0/8")
		s.keyedClient("published", func(m *storage.Metadata) { m.JWKSURI = w.URL + "/jwks.json" })
		send := func(key *ecdsa.PrivateKey, id string) reply {
			return s.sendAssertion(signJWT(t, key, jose.ES256, withKID(id), s.assertion("published")))
		}
		for range 3 {
			got := send(first, "1")
			require.Equal(t, http.StatusOK, got.status, got.raw)
		}
		require.EqualValues(t, 1, w.asked.Load(), "it is kept")
		w.document.Store(keySet(t, jose.JSONWebKey{Key: second.Public(), KeyID: "2"}))
		require.Equal(t, http.StatusUnauthorized, send(second, "2").status, "it was fetched just now")
		s.clock.Advance(10 * time.Second)
		require.Equal(t, http.StatusOK, send(second, "2").status)
		require.Equal(t, http.StatusUnauthorized, send(first, "1").status, "the first is withdrawn")
		require.EqualValues(t, 2, w.asked.Load(), "nobody can make us fetch more often")
	})
}

func TestOnlyAKeyThatIsMeantForItVerifies(t *testing.T) {
	s := newStack(t, storagetest.Engines()[0])
	small, err := rsa.GenerateKey(rand.Reader, 1024) // which is the point
	require.NoError(t, err)
	large, err := rsa.GenerateKey(rand.Reader, 2048)
	require.NoError(t, err)
	curve := newKey(t)
	public, private, err := ed25519.GenerateKey(rand.Reader)
	require.NoError(t, err)
	w := newWebsite(t, nil)
	s.reach(w, "127.0.0.0/8")
	operations := func(key jose.JSONWebKey, list string) []byte {
		value := string(keySet(t, key))
		return []byte(strings.Replace(value, `{"keys":[{`, `{"keys":[{"key_ops":`+list+`,`, 1))
	}
	for i, c := range []struct {
		name      string
		document  []byte
		key       any
		algorithm jose.SignatureAlgorithm
		status    int
	}{
		{"EdDSA", keySet(t, jose.JSONWebKey{Key: public, KeyID: "k"}), private, jose.EdDSA, 200},
		{"RSA", keySet(t, jose.JSONWebKey{Key: large.Public(), KeyID: "k"}), large, jose.PS512, 200},
		{"RSA of its algorithm", keySet(t, jose.JSONWebKey{Key: large.Public(), KeyID: "k", Algorithm: "RS256"}), large,
			jose.RS256, 200},
		{"RSA of another algorithm", keySet(t, jose.JSONWebKey{Key: large.Public(), KeyID: "k", Algorithm: "RS256"}),
			large, jose.PS256, 401},
		{"a short RSA key", keySet(t, jose.JSONWebKey{Key: small.Public(), KeyID: "k"}), small, jose.RS256, 401},
		{"a key for encryption", keySet(t, jose.JSONWebKey{Key: curve.Public(), KeyID: "k", Use: "enc"}), curve,
			jose.ES256, 401},
		{"a key for nothing known", keySet(t, jose.JSONWebKey{Key: curve.Public(), KeyID: "k", Use: "tea"}), curve,
			jose.ES256, 401},
		{"operations with verify", operations(jose.JSONWebKey{Key: curve.Public(), KeyID: "k"}, `["verify"]`), curve,
			jose.ES256, 200},
		{"operations without verify", operations(jose.JSONWebKey{Key: curve.Public(), KeyID: "k"}, `["encrypt"]`), curve,
			jose.ES256, 401},
		{"no operations at all", operations(jose.JSONWebKey{Key: curve.Public(), KeyID: "k"}, `[]`), curve, jose.ES256, 401},
		{"another kid", keySet(t, jose.JSONWebKey{Key: curve.Public(), KeyID: "other"}), curve, jose.ES256, 401},
		{"a private key", keySet(t, jose.JSONWebKey{Key: curve, KeyID: "k"}), curve, jose.ES256, 401},
		{"a symmetric key", keySet(t, jose.JSONWebKey{Key: []byte(strings.Repeat("s", 64)), KeyID: "k"}),
			[]byte(strings.Repeat("s", 64)), jose.HS256, 401},
		{"beside kinds that nobody knows", []byte(strings.Replace(string(keySet(t, jose.JSONWebKey{Key: curve.Public(),
			KeyID: "k"})),
			`{"keys":[`, `{"keys":[{"kty":"novel"},{"kty":"EC"},7,`, 1)), curve, jose.ES256, 200},
		{"no set", []byte(`[]`), curve, jose.ES256, 401},
		{"a set without keys", []byte(`{}`), curve, jose.ES256, 401},
		{"no JSON", []byte(`<html>`), curve, jose.ES256, 401},
		{"too many keys", []byte(`{"keys":[` + strings.Repeat(`{},`, 64) + `{}]}`), curve, jose.ES256, 401},
		{"too large", []byte(`{"keys":[],"x":"` + strings.Repeat("x", 64<<10) + `"}`), curve, jose.ES256, 401},
	} {
		t.Run(c.name, func(t *testing.T) {
			id := fmt.Sprint("client-", i)
			w.document.Store(c.document)
			s.keyedClient(id, func(m *storage.Metadata) { m.JWKSURI = fmt.Sprint(w.URL, "/", i) })
			got := s.sendAssertion(signJWT(t, c.key, c.algorithm, withKID("k"), s.assertion(id)))
			require.Equal(t, c.status, got.status, got.raw)
		})
	}
}

// A client makes the provider fetch from the network that it stands in.
func TestAttackSSRFThroughJWKSURI(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		key := newKey(t)
		inner := newWebsite(t, keySet(t, jose.JSONWebKey{Key: key.Public(), KeyID: "k"}))
		plaintext := httptest.NewServer(inner.Config.Handler)
		t.Cleanup(plaintext.Close)
		s := newStack(t, engine)
		s.reach(inner) // whose certificate is trusted, but whose network is not named
		for name, address := range map[string]string{
			"plain":    plaintext.URL,
			"loopback": inner.URL,
			"by-name":  strings.Replace(inner.URL, "127.0.0.1", "localhost", 1),
			"metadata": "https://169.254.169.254/latest/meta-data",
			"userinfo": strings.Replace(inner.URL, "https://", "https://user@", 1),
			"file":     "file:///etc/passwd",
		} {
			s.keyedClient(name, func(m *storage.Metadata) { m.JWKSURI = address })
			got := s.sendAssertion(signJWT(t, key, jose.ES256, withKID("k"), s.assertion(name)))
			require.Equal(t, http.StatusUnauthorized, got.status, name)
			require.Contains(t, got.member("error_description"), "jwks_uri", name)
			require.NotContains(t, got.raw, "private network", "what happened inside is for the log")
			require.NotContains(t, got.raw, address)
		}
		require.Zero(t, inner.asked.Load())
	})
}

func TestAttackSSRFThroughARedirectOfJWKSURI(t *testing.T) {
	key := newKey(t)
	outer, inner := newWebsite(t, nil), newWebsite(t, keySet(t, jose.JSONWebKey{Key: key.Public(), KeyID: "k"}))
	s := newStack(t, storagetest.Engines()[0])
	s.reach(outer, "127.0.0.0/8")
	target := strings.Replace(inner.URL, "127.0.0.1", "[::1]", 1)
	s.keyedClient("redirected", func(m *storage.Metadata) { m.JWKSURI = outer.URL + "/?redirect=" + target })
	got := s.sendAssertion(signJWT(t, key, jose.ES256, withKID("k"), s.assertion("redirected")))
	require.Equal(t, http.StatusUnauthorized, got.status)
	require.Contains(t, got.member("error_description"), "jwks_uri")
	require.EqualValues(t, 1, outer.asked.Load())
	require.Zero(t, inner.asked.Load())
}

func TestAKeySetThatIsAwayForAWhileHarmsNobody(t *testing.T) {
	key := newKey(t)
	w := newWebsite(t, keySet(t, jose.JSONWebKey{Key: key.Public(), KeyID: "k"}))
	s := newStack(t, storagetest.Engines()[0])
	s.reach(w, "127.0.0.0/8")
	s.keyedClient("published", func(m *storage.Metadata) { m.JWKSURI = w.URL })
	send := func() int {
		return s.sendAssertion(signJWT(t, key, jose.ES256, withKID("k"), s.assertion("published"))).status
	}
	require.Equal(t, http.StatusOK, send())
	w.document.Store([]byte("Bad Gateway"))
	s.clock.Advance(time.Hour)
	require.Equal(t, http.StatusOK, send())
	s.clock.Advance(time.Hour)
	require.Equal(t, http.StatusUnauthorized, send())
}

func FuzzParseKeySet(f *testing.F) {
	f.Add(
		[]byte(
			`{"keys":[{"kty":"RSA","n":"AQAB","e":"AQAB"},{"kty":"EC","crv":"P-256","x":"","y":""},{"kty":"oct","k":"AA"}]}`,
		),
	)
	f.Fuzz(func(t *testing.T, document []byte) {
		if set, err := clientauth.ParseKeySet(document); err == nil && len(set.Keys) > 64 {
			t.Fatal("more keys than there may be")
		}
	})
}
