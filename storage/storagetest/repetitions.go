package storagetest

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ithildin/storage"
)

// repetitions are the cases of refresh tokens that were exchanged before and come again after their grace.
func repetitions(t *testing.T, s *suite) {
	past := s.clock.Advance
	begin := func(t *testing.T, changes ...func(*storage.Client)) (*storage.Client, func(int64) probe) {
		client := Client(t, s.store, storage.PresetStandard, append(changes, Opaque)...)
		grant := Grant(t, s.store, client, User(t, s.store))
		s.refresh(t, client, byGeneration(grant.ID, 0))
		return client, func(generation int64) probe { return byGeneration(grant.ID, generation) }
	}
	t.Run("After its grace a refresh token returns the same successor until the successor is used", func(t *testing.T) {
		client, token := begin(t)
		for range 3 {
			past(client.Policy.RefreshGrace)
			e := s.refresh(t, client, token(0))
			require.EqualValues(t, 1, e.token.Successor())
			require.True(t, e.token.Repeats())
		}
		require.EqualValues(t, 2, s.refresh(t, client, token(1)).token.Successor())
	})
	t.Run("The retry time is bounded", func(t *testing.T) {
		client, token := begin(t)
		past(client.Policy.RefreshRetry - time.Second)
		s.refresh(t, client, token(0))
		past(time.Second)
		s.requireReuse(t, client, token(0))
	})
	t.Run("A client without a grace has no retry time", func(t *testing.T) {
		client, token := begin(t, withoutGrace)
		s.requireReuse(t, client, token(0))
	})
	t.Run("A refresh token whose successor was used counts as reuse", func(t *testing.T) {
		client, token := begin(t)
		s.refresh(t, client, token(1))
		s.requireReuse(t, client, token(0))
	})
	t.Run("A refresh token presented while its successor is being used revokes the family", func(t *testing.T) {
		client, token := begin(t)
		past(client.Policy.RefreshGrace)
		late := newExchange(s.store, client)
		require.NoError(t, late.presentRefreshToken(t.Context(), token(0)))
		s.refresh(t, client, token(1))
		require.ErrorIs(t, late.rotate(t.Context()), storage.ErrReuse)
		require.ErrorIs(t, newExchange(s.store, client).presentRefreshToken(t.Context(), token(2)), storage.ErrNotFound)
	})
	t.Run("Two holders who refresh in turn are detected after a few generations", func(t *testing.T) {
		client, token := begin(t)
		generation := int64(0)
		for ; generation < 5; generation++ {
			past(client.Policy.RefreshGrace)
			s.refresh(t, client, token(generation)) // the other holder
			s.refresh(t, client, token(generation+1))
		}
		past(client.Policy.RefreshGrace)
		s.requireReuse(t, client, token(generation))
	})
	t.Run("Repetitions in generations that are not consecutive are not added up", func(t *testing.T) {
		client, token := begin(t)
		for generation := int64(0); generation < 20; generation += 2 {
			past(client.Policy.RefreshGrace)
			s.refresh(t, client, token(generation))
			s.refresh(t, client, token(generation+1))
			s.refresh(t, client, token(generation+2))
		}
	})
	t.Run("A request that waited for the database is judged by its time of arrival", func(t *testing.T) {
		client, token := begin(t)
		past(time.Second)
		waiting, older := newExchange(s.store, client), newExchange(s.store, client)
		past(client.Policy.RefreshGrace + 3*time.Second)
		s.refresh(t, client, token(1))
		require.NoError(t, waiting.presentRefreshToken(t.Context(), token(0)), "its successor was not used when it came")
		require.NoError(t, waiting.rotate(t.Context()))
		require.EqualValues(t, 1, waiting.token.Successor())
		s.refresh(t, client, token(2))
		require.ErrorIs(t, older.presentRefreshToken(t.Context(), token(0)), storage.ErrNotFound, "refused, and nothing ends")
		s.refresh(t, client, token(3))
	})
}
