package storagetest

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ithildin/storage"
)

func signingKeys(t *testing.T, s *suite) {
	replace := func(previousID string, next storage.SigningKey) bool {
		replaced, err := s.store.ReplaceSigningKey(t.Context(), previousID, next, s.store.Now().Add(time.Minute),
			s.store.Now().Add(2*time.Minute))
		require.NoError(t, err)
		return replaced
	}
	first, second := s.signingKey("RS256"), s.signingKey("RS256")
	t.Run("The first key of an algorithm is made once", func(t *testing.T) {
		require.True(t, replace("", first))
		require.False(t, replace("", second))
		require.True(t, replace("", s.signingKey("ES256")))
	})
	t.Run("A key is replaced once", func(t *testing.T) {
		require.True(t, replace(first.ID, second))
		require.False(t, replace(first.ID, s.signingKey("RS256")))
		require.False(t, replace("unknown", s.signingKey("RS256")))
		require.Equal(t, 2, s.count(t, "signing_keys", "algorithm = $1", "RS256"))
	})
	t.Run("A key is read as it was stored, and sealed in the row", func(t *testing.T) {
		keys, err := s.store.SigningKeys(t.Context())
		require.NoError(t, err)
		require.Contains(t, keys, second)
		first.RetiresAt, first.ExpiresAt = s.store.Now().Add(time.Minute), s.store.Now().Add(2*time.Minute)
		require.Contains(t, keys, first)
		require.Zero(t, s.count(t, "signing_keys", "sealed LIKE $1", "%"+string(first.PrivateKey)+"%"))
	})
	t.Run("An expired key is not read, and is deleted", func(t *testing.T) {
		s.clock.Advance(2 * time.Minute)
		keys, err := s.store.SigningKeys(t.Context())
		require.NoError(t, err)
		require.NotContains(t, keys, first)
		for _, want := range []int64{1, 0} {
			deleted, err := s.store.DeleteExpiredSigningKeys(t.Context(), s.store.Now())
			require.NoError(t, err)
			require.Equal(t, want, deleted)
		}
	})
	t.Run("Only a change of the keys raises the version", func(t *testing.T) {
		before := s.configurationVersion(t)
		require.False(t, replace("unknown", s.signingKey("RS256")))
		require.Equal(t, before, s.configurationVersion(t))
		require.True(t, replace(second.ID, s.signingKey("RS256")))
		require.Greater(t, s.configurationVersion(t), before)
	})
}

// signingKey makes a key that is active now.
func (s *suite) signingKey(algorithm string) storage.SigningKey {
	id := s.store.NewID()
	return storage.SigningKey{
		ID: id, Algorithm: algorithm, PrivateKey: []byte("private " + id), CreatedAt: s.store.Now(),
		ActivatesAt: s.store.Now(),
	}
}

func (s *suite) configurationVersion(t *testing.T) int64 {
	t.Helper()
	version, err := s.store.ConfigurationVersion(t.Context())
	require.NoError(t, err)
	return version
}

func tokenIDs(t *testing.T, s *suite) {
	attempt := s.store.NewID()
	use := func(ctx context.Context, namespace, issuer, jti, attempt string) error {
		return s.store.UseJTI(ctx, namespace, issuer, jti, attempt, s.store.Now().Add(time.Hour))
	}
	t.Run("A token id is used once, by an attempt that may be sent twice", func(t *testing.T) {
		require.NoError(t, use(t.Context(), "client_assertion", "client", "1", attempt))
		require.NoError(t, use(t.Context(), "client_assertion", "client", "1", attempt))
		require.ErrorIs(t, use(t.Context(), "client_assertion", "client", "1", s.store.NewID()), storage.ErrUsed)
	})
	t.Run("Token ids are separate for each namespace and issuer", func(t *testing.T) {
		require.NoError(t, use(t.Context(), "dpop", "client", "1", s.store.NewID()))
		require.NoError(t, use(t.Context(), "client_assertion", "other", "1", s.store.NewID()))
	})
	t.Run("Without the first use of its token id a request writes nothing", func(t *testing.T) {
		client := Client(t, s.store, storage.PresetStandard, Opaque)
		u := User(t, s.store)
		redeem := func(jti string) (*exchange, error) {
			value, _ := Code(t, s.store, client, u)
			e := newExchange(s.store, client)
			require.NoError(t, e.presentCode(t.Context(), value))
			e.presentTokenID(jti)
			return e, e.redeemCode(t.Context())
		}
		won, err := redeem("of a code")
		require.NoError(t, err)
		require.NoError(t, won.batch.Flush(t.Context()), "sent twice, it wins twice")
		lost, err := redeem("of a code")
		require.ErrorIs(t, err, storage.ErrReplayed)
		kept, err := s.store.FindCode(t.Context(), lost.code.ID)
		require.NoError(t, err)
		require.Zero(t, kept.UsedAt)
		require.Zero(t, s.count(t, "grants", "id = $1", lost.code.GrantID))

		again := newExchange(s.store, client)
		again.code = won.code
		again.presentTokenID("of a code that was used")
		require.ErrorIs(t, again.redeemCode(t.Context()), storage.ErrUsed)

		grant := Grant(t, s.store, client, u)
		for _, refresh := range []func(*exchange) error{
			func(e *exchange) error { return e.rotate(t.Context()) },
			func(e *exchange) error { return e.refreshInPlace(t.Context()) },
		} {
			e := newExchange(s.store, client)
			require.NoError(t, e.presentRefreshToken(t.Context(), byGeneration(grant.ID, 0)))
			e.presentTokenID("of a code")
			require.ErrorIs(t, refresh(e), storage.ErrReplayed)
		}
		found, err := s.store.FindGrant(t.Context(), grant.ID)
		require.NoError(t, err)
		require.Zero(t, found.Generation)
		require.Zero(t, s.count(t, "access_tokens", "grant_id = $1", grant.ID))

		alone := s.store.NewBatch()
		alone.UseJTI("dpop", "key", "alone", s.store.Now().Add(time.Minute))
		require.NoError(t, alone.Flush(t.Context()))
		require.ErrorIs(t, use(t.Context(), "dpop", "key", "alone", s.store.NewID()), storage.ErrUsed)
	})
	t.Run("A token id may be any text of any length", func(t *testing.T) {
		strange := "\x00\xff" + string(make([]byte, 1<<16))
		require.NoError(t, use(t.Context(), "client_assertion", "client", strange, attempt))
		require.ErrorIs(t, use(t.Context(), "client_assertion", "client", strange, s.store.NewID()), storage.ErrUsed)
	})
}
