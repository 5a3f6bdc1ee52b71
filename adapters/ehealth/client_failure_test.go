package ehealth_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"ithildin/storage"
	"ithildin/storage/storagetest"
)

// requireLimited is the answer to one wrong secret too many.
func requireLimited(t *testing.T, got reply) {
	t.Helper()
	require.Equal(t, http.StatusTooManyRequests, got.status, got.raw)
	require.Equal(t, "rate_limit_exceeded", got.member("error.type"))
	require.Equal(t, "API rate limit exceeded", got.member("error.message"))
	require.NotEmpty(t, got.header.Get("Retry-After"))
}

func TestAttackGuessedClientSecretsAtTheLegacyTokenEndpointAreLimited(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		s := filled(t, engine)
		guess := func() reply {
			wrong := code()
			wrong["client_secret"] = "wrong"
			return s.exchange(wrong)
		}
		for range 20 { // each is one failure, however often its secret is looked at
			require.Equal(t, "Invalid client id or secret.", guess().member("error.message"))
		}
		requireLimited(t, guess())
		events, err := s.store.ListEvents(t.Context(), storage.EventFilter{Kind: "client_authentication_failed", Limit: 10})
		require.NoError(t, err)
		require.Len(t, events, 2, "the first and the tenth")
		require.Equal(t, http.StatusCreated, s.exchange(code()).status, "the right secret passes")
	})
}

func TestAttackGuessedAPIKeysAreLimited(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		w := newWorld(t, engine)
		client, err := w.store.LoadClient(t.Context(), misID)
		w.must(err)
		for _, weak := range []string{"015b566ed9", "025b566ed9"} {
			lookup, err := w.store.WeakSecretLookup(t.Context(), weak)
			w.must(err)
			w.must(w.store.AddConnectionSecret(t.Context(), client.Connections[0].ID, storage.ConnectionSecret{
				ID: uuid.NewString(), PasswordHash: "$2a$04$" + "unusable", Lookup: lookup,
			}, time.Time{}))
		}
		verify := func(key string) reply { return w.ask(http.MethodGet, "/admin/api_key/"+key+"/verify", nil, "") }
		require.Equal(t, http.StatusOK, verify("015b566ed9").status)
		token := w.token(hospitalID, "legal_entity:read")
		for range 20 {
			w.rejected(w.verify(token, "api-key", "wrong"), 422, "request_malformed", "API-KEY header is invalid.")
		}
		requireLimited(t, verify("wrong"))
		requireLimited(t, verify("025b566ed9"))
		require.Equal(t, http.StatusOK, verify("015b566ed9").status, "one that was right before is right")
		require.Equal(t, http.StatusOK, verify(misKey).status, "and so is one that nobody can guess")
	})
}
