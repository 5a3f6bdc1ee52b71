package storagetest

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ithildin/storage"
)

// rateCount stores a count of a process of its own.
func (s *suite) rateCount(t *testing.T) storage.RateCount {
	t.Helper()
	c := storage.RateCount{Limit: "token", Subject: storage.Hash(s.store.NewID()), Holder: s.store.NewID(), Taken: 7}
	require.NoError(t, s.store.StoreRateCounts(t.Context(), []storage.RateCount{c}, time.Hour))
	return c
}

func rateCounts(t *testing.T, s *suite) {
	ctx := t.Context()
	seenBy := func(holder string, since time.Time, most int) []storage.RateCount {
		counts, err := s.store.RateCountsOfOthers(ctx, holder, since, most)
		require.NoError(t, err)
		return counts
	}
	t.Run("Others see the latest count of a process, and the process does not", func(t *testing.T) {
		began := s.store.Now()
		c := s.rateCount(t)
		c.Taken = 9
		require.NoError(t, s.store.StoreRateCounts(ctx, []storage.RateCount{c}, time.Hour))
		require.Equal(t, []storage.RateCount{c}, seenBy(s.store.NewID(), began, 10))
		require.Empty(t, seenBy(c.Holder, began, 10))
	})
	t.Run("What is older is not seen again", func(t *testing.T) {
		s.rateCount(t)
		s.clock.Advance(time.Minute)
		c := s.rateCount(t)
		require.Equal(t, []storage.RateCount{c}, seenBy(s.store.NewID(), s.store.Now(), 10))
	})
	t.Run("Many counts are stored at once, and so many are seen as were asked for", func(t *testing.T) {
		s.clock.Advance(time.Minute)
		holder := s.store.NewID()
		var many []storage.RateCount
		for n := range 250 {
			many = append(many, storage.RateCount{
				Limit: "token", Subject: storage.Hash(fmt.Sprint(n)), Holder: holder, Taken: int64(n),
			})
		}
		require.NoError(t, s.store.StoreRateCounts(ctx, many, time.Hour))
		require.Len(t, seenBy(s.store.NewID(), s.store.Now(), 1000), 250)
		require.Len(t, seenBy(s.store.NewID(), s.store.Now(), 100), 100)
		require.NoError(t, s.store.StoreRateCounts(ctx, nil, time.Hour), "none is no write")
	})
}
