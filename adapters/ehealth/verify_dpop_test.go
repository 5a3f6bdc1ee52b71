package ehealth_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ithildin/provider"
	"ithildin/provider/dpop/dpoptest"
	"ithildin/storage"
	"ithildin/storage/storagetest"
)

func behindAGateway(o *provider.Options) { o.GatewayOrigins = []string{"https://api.example"} }

func boundTo(key *dpoptest.Key) func(*storage.AccessToken) {
	return func(t *storage.AccessToken) { t.Session.Confirmation = &storage.Confirmation{JKT: key.Thumbprint()} }
}

// apiProof is a proof about GET https://api.example/api/entities.
func apiProof(key *dpoptest.Key, token string, changes ...dpoptest.With) string {
	return key.Proof("GET", "https://api.example/api/entities", time.Unix(worldTime, 0),
		append([]dpoptest.With{dpoptest.For(token)}, changes...)...)
}

// described are the headers by which a gateway says what a proof must be about.
func described(proof string) []string {
	return []string{"DPoP", proof, "X-Original-Method", "GET", "X-Original-URI", "/api/entities?a=b"}
}

func TestVerifyOfABoundTokenWantsAProofOfItsKey(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		w := newWorld(t, engine, behindAGateway)
		key := dpoptest.NewKey(t)
		value := w.token(frontID, "app:authorize", boundTo(key))
		proof := apiProof(key, value)
		require.Equal(t, http.StatusOK, w.verify(value, described(proof)...).status)
		user := w.ask(http.MethodGet, "/admin/tokens/"+value+"/user", headers(described(proof)...), "")
		require.Equal(t, http.StatusOK, user.status, "the user of the request that was verified: %s", user.raw)
		bearer := w.token(frontID, "app:authorize")
		require.Equal(t, http.StatusOK, w.verify(bearer).status)
	})
}

func TestAttackBoundTokenAtVerifyWithoutItsKey(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		w := newWorld(t, engine, behindAGateway)
		key := dpoptest.NewKey(t)
		value, another := w.token(frontID, "app:authorize", boundTo(key)), w.token(frontID, "app:authorize", boundTo(key))
		bearer := w.token(frontID, "app:authorize")
		used := apiProof(key, value)
		require.Equal(t, http.StatusOK, w.verify(value, described(used)...).status)
		const kind, message = "invalid_dpop_proof", "The DPoP proof is missing or invalid."
		w.rejected(w.verify(value), 401, kind, message)
		w.rejected(w.verify(value, described(used)...), 401, kind, message)
		w.rejected(w.verify(value, "DPoP", apiProof(key, value)), 401, kind, message)
		w.rejected(w.verify(value, described(apiProof(key, another))...), 401, kind, message)
		w.rejected(w.verify(value, described(apiProof(dpoptest.NewKey(t), value))...), 401, kind, message)
		elsewhere := apiProof(key, value, dpoptest.Claim("htu", "https://evil.example/api/entities"))
		w.rejected(w.verify(value, described(elsewhere)...), 401, kind, message)
		w.rejected(w.verify(bearer, described(apiProof(key, bearer))...), 401, kind, message)
		w.rejected(w.ask(http.MethodGet, "/admin/tokens/"+value+"/user", headers(), ""), 401, kind, message)

		authorize := w.send(http.MethodPost, "/oauth/apps/authorize", headers("Authorization", "Bearer "+value),
			body("app", map[string]any{"client_id": hospitalID}))
		require.Equal(t, http.StatusUnauthorized, authorize.status, authorize.raw)
	})
}

// The login API asks for no proof: a client whose tokens must be bound signs nobody in there.
func TestAttackLoginGivesNoBearerTokenToAClientWhoseTokensMustBeBound(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		w := newWorld(t, engine)
		w.change(frontID, func(c *storage.Client) { c.Metadata.DPoPBoundAccessTokens = true })
		signIn := w.login(map[string]any{
			"grant_type": "password", "email": doctorEmail, "password": doctorPassword, "client_id": frontID,
			"scope": "app:authorize",
		})
		require.Contains(t, []int{401, 403, 422}, signIn.status, signIn.raw)
	})
}
