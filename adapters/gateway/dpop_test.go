package gateway_test

import (
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ithildin/provider/dpop/dpoptest"
	"ithildin/storage"
	"ithildin/storage/storagetest"
)

// proved are the headers of a request with a bound token and proofs.
func proved(token string, proofs ...string) []string {
	pairs := []string{"Authorization", "DPoP " + token, "api-key", misKey}
	for _, proof := range proofs {
		pairs = append(pairs, "DPoP", proof)
	}
	return pairs
}

func (s *stack) tokenOf(key *dpoptest.Key) string {
	return s.boundToken(hospitalID, "legal_entity:read", storage.KindAccessToken,
		&storage.Confirmation{JKT: key.Thumbprint()})
}

func proofAt(key *dpoptest.Key, method, url string, changes ...dpoptest.With) string {
	return key.Proof(method, url, time.Unix(now, 0), changes...)
}

func TestGatewayAllowsABoundTokenWithAProofOfItsKey(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		s := newStack(t, engine)
		key := dpoptest.NewKey(t)
		token := s.tokenOf(key)
		for _, target := range []string{"/api/entities", "/api/entities/1?x=1", "/api/entities/%D0%9A"} {
			got := s.ask("GET", target, proved(token, proofAt(key, "GET", "https://api.example"+target, dpoptest.For(token)))...)
			require.Equal(t, http.StatusOK, got.status, got.body)
			require.Equal(t, doctorID, got.header.Get("X-Consumer-Id"))
			require.Empty(t, got.header.Get("WWW-Authenticate"))
		}
		proof := proofAt(key, "POST", "https://api.example/api/entities", dpoptest.For(token))
		got := s.send(http.MethodPost, s.admin.URL+"/gateway/envoy/api/entities", proved(token, proof)...)
		require.Equal(t, http.StatusOK, got.status, got.body)
	})
}

func TestGatewayTellsTheClientTheNonceOfItsNextProof(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		s := newStack(t, engine)
		key := dpoptest.NewKey(t)
		token := s.tokenOf(key)
		ask := func(changes ...dpoptest.With) reply {
			return s.ask("GET", "/api/entities", proved(token, proofAt(key, "GET", "https://api.example/api/entities",
				append(changes, dpoptest.For(token))...))...)
		}
		refused := ask(dpoptest.Claim("nonce", "of another time"))
		require.Equal(t, http.StatusUnauthorized, refused.status)
		require.Contains(t, refused.header.Get("WWW-Authenticate"), `DPoP algs="ES256 PS256 EdDSA", error="use_dpop_nonce"`)
		nonce := refused.header.Get("DPoP-Nonce")
		require.NotEmpty(t, nonce)
		require.Equal(t, http.StatusOK, ask(dpoptest.Claim("nonce", nonce)).status)
	})
}

func TestAttackBoundTokenAtAGatewayWithoutItsKey(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		s := newStack(t, engine)
		key, thief := dpoptest.NewKey(t), dpoptest.NewKey(t)
		token, another := s.tokenOf(key), s.tokenOf(key)
		unbound := s.token(hospitalID, "legal_entity:read", storage.KindAccessToken)
		const address = "https://api.example/api/entities"
		proof := func(changes ...dpoptest.With) string {
			return proofAt(key, "GET", address, append([]dpoptest.With{dpoptest.For(token)}, changes...)...)
		}
		used := proof()
		require.Equal(t, http.StatusOK, s.ask("GET", "/api/entities", proved(token, used)...).status)
		for name, pairs := range map[string][]string{
			"as a bearer token":              bearer(token),
			"as a bearer token with a proof": append(bearer(token), "DPoP", proof()),
			"as a cookie":                    {"Cookie", "authorization=" + token, "api-key", misKey, "DPoP", proof()},
			"without a proof":                proved(token),
			"with two proofs":                proved(token, proof(), proof()),
			"with a proof that was used":     proved(token, used),
			"with another key":               proved(token, proofAt(thief, "GET", address, dpoptest.For(token))),
			"with a proof of no token":       proved(token, proof(dpoptest.Claim("ath", nil))),
			"with a proof of another token":  proved(token, proof(dpoptest.For(another))),
			"with a proof of another method": proved(token, proof(dpoptest.Claim("htm", "POST"))),
			"with a proof of another path":   proved(token, proof(dpoptest.Claim("htu", address+"/1"))),
			"a bearer token with a proof":    proved(unbound, proof(dpoptest.For(unbound))),
		} {
			got := s.ask("GET", "/api/entities", pairs...)
			require.Equal(t, http.StatusUnauthorized, got.status, name)
			require.Empty(t, got.header.Get("X-Consumer-Id"), name)
		}
		got := s.send(http.MethodGet, s.admin.URL+"/gateway/authorize", append([]string{
			"X-Original-Method", "GET", "X-Original-URI", "/api/entities", "X-Forwarded-Host", "evil.example",
		}, proved(token, proof(dpoptest.Claim("htu", "https://evil.example/api/entities")))...)...)
		require.Equal(t, http.StatusUnauthorized, got.status, "the Host of a request is whatever its sender says")
	})
}

// A gateway sends on whatever headers a client has written, so that no certificate in one is believed there.
func TestAttackCertificateHeaderSpoofingAtAGateway(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		s := newStack(t, engine)
		token := s.boundToken(hospitalID, "legal_entity:read", storage.KindAccessToken,
			&storage.Confirmation{X5TS256: "bwcK0esc3ACC3DB2Y5_lESsXE8o9ltc05O89jdN-dg2"})
		got := s.ask("GET", "/api/entities", append(bearer(token), "Client-Cert", ":AAAA:")...)
		require.Equal(t, http.StatusUnauthorized, got.status)
	})
}

func TestAttackDPoPReplayAtAGatewayAsARace(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		s := newStack(t, engine)
		key := dpoptest.NewKey(t)
		token := s.tokenOf(key)
		proof := proofAt(key, "GET", "https://api.example/api/entities", dpoptest.For(token))
		statuses := make(chan int, 16)
		var running sync.WaitGroup
		for range cap(statuses) {
			running.Go(func() { statuses <- s.ask("GET", "/api/entities", proved(token, proof)...).status })
		}
		running.Wait()
		close(statuses)
		passed := 0
		for status := range statuses {
			if status == http.StatusOK {
				passed++
			}
		}
		require.Equal(t, 1, passed)
	})
}

func TestNginxSendsProofsOnAndTellsTheClientItsNonce(t *testing.T) {
	s := newStack(t, storagetest.Engines()[0])
	nginx := s.startNginx()
	key := dpoptest.NewKey(t)
	token := s.tokenOf(key)
	ask := func(changes ...dpoptest.With) reply {
		return s.send(http.MethodGet, nginx+"/api/entities?a=b", proved(token,
			proofAt(key, "GET", "https://api.example/api/entities", append(changes, dpoptest.For(token))...))...)
	}
	got := ask()
	require.Equal(t, http.StatusOK, got.status, got.body)
	require.NotContains(t, got.header, "Dpop-Nonce")
	refused := ask(dpoptest.Claim("nonce", "of another time"))
	require.Equal(t, http.StatusUnauthorized, refused.status, refused.body)
	require.Equal(t, "Invalid DPoP proof", refused.message())
	require.Contains(t, refused.header.Get("WWW-Authenticate"), `error="use_dpop_nonce"`)
	require.Equal(t, http.StatusOK, ask(dpoptest.Claim("nonce", refused.header.Get("DPoP-Nonce"))).status)
}
