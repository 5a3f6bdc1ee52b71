package admin_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"ithildin/adapters/admin"
	"ithildin/provider/dpop/dpoptest"
	"ithildin/storage"
	"ithildin/storage/storagetest"
)

// boundToken is an access token of a user with the right to read, bound to a key or a certificate.
func (s *stack) boundToken(bound storage.Confirmation) string {
	user := storagetest.User(s.t, s.store)
	_, role := s.userToken(user, "admin:read")
	value := "bound to " + bound.JKT + bound.X5TS256
	require.NoError(s.t, s.store.CreateAccessToken(s.t.Context(), storage.AccessToken{
		ID: storage.Hash(value), AccessTokenID: s.store.NewID(), Kind: storage.KindAccessToken,
		ClientID: storagetest.Client(s.t, s.store, storage.PresetStandard).ID, UserID: user.ID, Scope: role.Scope[0],
		Session:   &storage.Session{UserID: user.ID, Subject: user.ID, Confirmation: &bound},
		CreatedAt: s.store.Now(), ExpiresAt: s.store.Now().Add(3600e9),
	}))
	return value
}

func TestAccessTokenBoundToAKeyOpensWithAProofOfIt(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		s, key := newStack(t, engine), dpoptest.NewKey(t)
		token := s.boundToken(storage.Confirmation{JKT: key.Thumbprint()})
		at := "https://admin.example" + admin.Prefix + "/users"
		ask := func(authorization, proof string) reply {
			return s.ask("", http.MethodGet, "/users", nil, "Authorization", authorization, "DPoP", proof)
		}
		proof := func(changes ...dpoptest.With) string {
			return key.Proof(http.MethodGet, at, s.store.Now(), append(changes, dpoptest.For(token))...)
		}
		once := proof()
		require.Equal(t, http.StatusOK, ask("DPoP "+token, once).status)
		ask("DPoP "+token, once).isProblem(http.StatusUnauthorized)

		stale := ask("DPoP "+token, proof(dpoptest.Claim("nonce", "of another time")))
		stale.isProblem(http.StatusUnauthorized, "DPoP-Nonce")
		require.Contains(t, stale.header.Get("WWW-Authenticate"), `error="use_dpop_nonce"`)
		require.Equal(t, http.StatusOK,
			ask("DPoP "+token, proof(dpoptest.Claim("nonce", stale.header.Get("DPoP-Nonce")))).status)
	})
}

func TestAttackBoundTokenAtTheAdminAPIWithoutItsKey(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		s, key, another := newStack(t, engine), dpoptest.NewKey(t), dpoptest.NewKey(t)
		token := s.boundToken(storage.Confirmation{JKT: key.Thumbprint()})
		bearer, _ := s.clientToken("admin:read")
		certified := s.boundToken(storage.Confirmation{X5TS256: "a thumbprint"})
		at, now := "https://admin.example"+admin.Prefix+"/users", s.store.Now()
		for name, c := range map[string][]string{
			"as a bearer token":           {"Bearer " + token, ""},
			"as a bearer token, proved":   {"Bearer " + token, key.Proof(http.MethodGet, at, now, dpoptest.For(token))},
			"without a proof":             {"DPoP " + token, ""},
			"a proof of another key":      {"DPoP " + token, another.Proof(http.MethodGet, at, now, dpoptest.For(token))},
			"a proof of no token":         {"DPoP " + token, key.Proof(http.MethodGet, at, now)},
			"a proof of another token":    {"DPoP " + token, key.Proof(http.MethodGet, at, now, dpoptest.For(bearer))},
			"a proof of another address":  {"DPoP " + token, key.Proof(http.MethodGet, at+"/x", now, dpoptest.For(token))},
			"a proof of another method":   {"DPoP " + token, key.Proof(http.MethodPost, at, now, dpoptest.For(token))},
			"a bearer token with a proof": {"DPoP " + bearer, key.Proof(http.MethodGet, at, now, dpoptest.For(bearer))},
			"bound to a certificate":      {"Bearer " + certified, ""},
		} {
			t.Run(name, func(t *testing.T) {
				header := []string{"Authorization", c[0]}
				if c[1] != "" {
					header = append(header, "DPoP", c[1])
				}
				s.ask("", http.MethodGet, "/users", nil, header...).isProblem(http.StatusUnauthorized)
			})
		}
	})
}
