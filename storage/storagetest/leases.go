package storagetest

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func leases(t *testing.T, s *suite) {
	mine, yours := s.store.NewID(), s.store.NewID()
	acquire := func(holder string) bool {
		held, err := s.store.AcquireLease(t.Context(), "janitor", holder, time.Minute)
		require.NoError(t, err)
		return held
	}
	t.Run("A lease has one holder, who may prolong it", func(t *testing.T) {
		require.True(t, acquire(mine))
		require.False(t, acquire(yours))
		s.clock.Advance(59 * time.Second)
		require.True(t, acquire(mine))
		s.clock.Advance(59 * time.Second)
		require.False(t, acquire(yours))
	})
	t.Run("A lease ends when it expires", func(t *testing.T) {
		s.clock.Advance(time.Second)
		require.True(t, acquire(yours))
		require.False(t, acquire(mine))
	})
	t.Run("A lease is released by its holder only", func(t *testing.T) {
		require.NoError(t, s.store.ReleaseLease(t.Context(), "janitor", mine))
		require.False(t, acquire(mine))
		require.NoError(t, s.store.ReleaseLease(t.Context(), "janitor", yours))
		require.True(t, acquire(mine))
	})
}
