package storagetest

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ithildin/storage"
)

// idempotencyKeys are about creations that are sent again.
func idempotencyKeys(t *testing.T, s *suite) {
	use := func(operator, key, request, resource string) (earlier string, err error) {
		made, err := s.store.NewIdempotencyKey(t.Context(), operator, key, request)
		require.NoError(t, err)
		err = s.store.Together(t.Context(), func(ctx context.Context) error {
			earlier, err = s.store.UseIdempotencyKey(ctx, made, resource)
			return err
		})
		return earlier, err
	}
	isFirst := func(operator, key, request, resource string) bool {
		earlier, err := use(operator, key, request, resource)
		require.NoError(t, err)
		return earlier == ""
	}
	t.Run("A key stands for one resource of one operator, for a day", func(t *testing.T) {
		require.True(t, isFirst("olena", "k", "request", "first"))
		earlier, err := use("olena", "k", "request", "second")
		require.NoError(t, err)
		require.Equal(t, "first", earlier)
		require.True(t, isFirst("ivan", "k", "request", "third"))
		require.True(t, isFirst("olena", "other", "request", "fourth"))
		s.clock.Advance(storage.IdempotencyKeyLifetime + time.Second)
		require.True(t, isFirst("olena", "k", "another request", "fifth"))
	})
	t.Run("A key with another request is refused", func(t *testing.T) {
		require.True(t, isFirst("olena", "refused", "request", "first"))
		_, err := use("olena", "refused", "another request", "second")
		require.ErrorIs(t, err, storage.ErrUsed)
	})
	t.Run("A key of a creation that failed is free", func(t *testing.T) {
		failed := errors.New("the creation failed")
		key, err := s.store.NewIdempotencyKey(t.Context(), "olena", "failed", "request")
		require.NoError(t, err)
		err = s.store.Together(t.Context(), func(ctx context.Context) error {
			_, err := s.store.UseIdempotencyKey(ctx, key, "first")
			require.NoError(t, err)
			return failed
		})
		require.ErrorIs(t, err, failed)
		require.True(t, isFirst("olena", "failed", "request", "second"))
	})
	t.Run("Keys that are over are swept", func(t *testing.T) {
		require.NotZero(t, s.count(t, "idempotency_keys", "expires_at > $1", 0))
		s.clock.Advance(storage.IdempotencyKeyLifetime + time.Second)
		_, err := s.store.Sweep(t.Context(), storage.Sweep{Batch: 100, TokenRetention: storage.TokenRetention})
		require.NoError(t, err)
		require.Zero(t, s.count(t, "idempotency_keys", "expires_at > $1", 0))
	})
	t.Run("A row is held in a transaction of Together only", func(t *testing.T) {
		u := User(t, s.store)
		require.Error(t, s.store.HoldUser(t.Context(), u.ID))
		for id, want := range map[string]error{u.ID: nil, s.store.NewID(): storage.ErrNotFound} {
			err := s.store.Together(t.Context(), func(ctx context.Context) error { return s.store.HoldUser(ctx, id) })
			require.ErrorIs(t, err, want)
		}
	})
}
