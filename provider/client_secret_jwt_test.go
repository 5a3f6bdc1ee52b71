package provider_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"ithildin/provider/oauth"
	"ithildin/storage"
	"ithildin/storage/storagetest"
)

// secretOf is 64 bytes, which is enough for each algorithm.
func secretOf(name string) string { return (name + strings.Repeat("-0123456789abcdef", 8))[:64] }

func (s *stack) sealedSecret(secret string) storage.ConnectionSecret {
	id := s.store.NewID()
	return storage.ConnectionSecret{ID: id, Hash: storage.Hash(secret), Sealed: s.store.SealSecret(id, secret)}
}

// signingClient is one that signs with its secret.
func (s *stack) signingClient(id string, change func(*storage.Client)) {
	s.client(id, func(c *storage.Client) {
		c.Metadata.TokenEndpointAuthMethod = storage.AuthMethodSecretJWT
		c.Connections[0].Secrets = []storage.ConnectionSecret{s.sealedSecret(secretOf(id))}
		if change != nil {
			change(c)
		}
	})
}

func signedBy(t *testing.T, secret string, claims any) string {
	return signJWT(t, []byte(secret), jose.HS256, nil, claims)
}

func TestAClientSignsWithItsSecret(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		s := newStack(t, engine)
		s.signingClient("signing", nil)
		for _, algorithm := range []jose.SignatureAlgorithm{jose.HS256, jose.HS384, jose.HS512} {
			got := s.sendAssertion(signJWT(t, []byte(secretOf("signing")), algorithm, nil, s.assertion("signing")))
			require.Equal(t, http.StatusOK, got.status, got.raw)
		}
		once := signedBy(t, secretOf("signing"), s.assertion("signing"))
		require.Equal(t, http.StatusOK, s.sendAssertion(once).status)
		require.Equal(t, http.StatusUnauthorized, s.sendAssertion(once).status, "an assertion is good once")
		require.Equal(t, http.StatusUnauthorized,
			s.sendAssertion(signedBy(t, secretOf("other"), s.assertion("signing"))).status)
	})
}

func TestSecretOfAClientIsEitherSentOrSignedWith(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		s := newStack(t, engine)
		s.signingClient("signing", nil)
		s.client("sending", func(c *storage.Client) {
			c.Connections[0].Secrets = []storage.ConnectionSecret{s.sealedSecret(secretOf("sending"))}
		})
		own := url.Values{
			"grant_type":    {"client_credentials"},
			"client_id":     {"signing"},
			"client_secret": {secretOf("signing")},
		}
		got := s.post(oauth.PathToken, "", own)
		require.Equal(t, http.StatusUnauthorized, got.status, "in the body")
		require.Equal(t, "invalid_client", got.member("error"))
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.server.URL+oauth.PathToken,
			strings.NewReader("grant_type=client_credentials"))
		require.NoError(t, err)
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.SetBasicAuth("signing", secretOf("signing"))
		require.Equal(t, http.StatusUnauthorized, s.send(r).status, "in the header")
		require.Equal(t, http.StatusUnauthorized,
			s.sendAssertion(signedBy(t, secretOf("sending"), s.assertion("sending"))).status)
		require.Equal(t, http.StatusUnauthorized, s.post(oauth.PathToken, "", url.Values{
			"grant_type": {"client_credentials"}, "client_id": {"signing"},
		}).status, "nothing at all")
	})
}

func TestOfSeveralSecretsTheOneThatVerifiesSelectsTheConnection(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		s := newStack(t, engine)
		const otherURI = "https://second.example/callback"
		s.signingClient("signing", func(c *storage.Client) {
			old, expired := s.sealedSecret(secretOf("old")), s.sealedSecret(secretOf("expired"))
			old.ExpiresAt, expired.ExpiresAt = s.store.Now().Add(time.Minute), s.store.Now()
			unsealed := storage.ConnectionSecret{ID: uuid.NewString(), Hash: storage.Hash(secretOf("unsealed"))}
			c.Connections[0].Secrets = append(c.Connections[0].Secrets, old, expired, unsealed)
			second := *c.Connections[0]
			second.ID, second.RedirectURIs = uuid.NewString(), []string{otherURI}
			second.Secrets = []storage.ConnectionSecret{s.sealedSecret(secretOf("second"))}
			c.Connections = append(c.Connections, &second)
		})
		for name, status := range map[string]int{
			"signing": 200, "old": 200, "second": 200, "expired": 401, "unsealed": 401,
		} {
			require.Equal(t, status, s.sendAssertion(signedBy(t, secretOf(name), s.assertion("signing"))).status, name)
		}
		parameters := request("signing", "openid")
		parameters.Set("redirect_uri", otherURI)
		redeem := func(secret string) reply {
			return s.post(oauth.PathToken, "", url.Values{
				"grant_type": {"authorization_code"}, "code": {s.browser().code(parameters)}, "redirect_uri": {otherURI},
				"client_assertion_type": {"urn:ietf:params:oauth:client-assertion-type:jwt-bearer"},
				"client_assertion":      {signedBy(t, secret, s.assertion("signing"))},
			})
		}
		require.Equal(t, "invalid_grant", redeem(secretOf("signing")).member("error"),
			"the first connection has another address")
		require.Equal(t, http.StatusOK, redeem(secretOf("second")).status)
	})
}

func TestSecretTooShortForAnAlgorithmVerifiesNoAssertion(t *testing.T) {
	s := newStack(t, storagetest.Engines()[0])
	short := strings.Repeat("s", 40)
	s.signingClient("signing",
		func(c *storage.Client) { c.Connections[0].Secrets = []storage.ConnectionSecret{s.sealedSecret(short)} })
	require.Equal(t, http.StatusOK, s.sendAssertion(signedBy(t, short, s.assertion("signing"))).status)
	for algorithm, bytes := range map[jose.SignatureAlgorithm]int{jose.HS384: 48, jose.HS512: 64} {
		padded := append([]byte(short), make([]byte, bytes-len(short))...) // HMAC pads a short key with zeros: the same MAC
		got := s.sendAssertion(signJWT(t, padded, algorithm, nil, s.assertion("signing")))
		require.Equal(t, http.StatusUnauthorized, got.status)
	}
}

func TestSecretThatCannotBeUnsealedIsAServerError(t *testing.T) {
	s := newStack(t, storagetest.Engines()[0])
	s.signingClient("signing", func(c *storage.Client) { c.Connections[0].Secrets[0].Sealed = "lost.secret" })
	got := s.sendAssertion(signedBy(t, secretOf("signing"), s.assertion("signing")))
	require.Equal(t, http.StatusInternalServerError, got.status)
	require.Equal(t, "server_error", got.member("error"))
	require.NotContains(t, got.raw, "seal")
}
