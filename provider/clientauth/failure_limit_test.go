package clientauth_test

import (
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ithildin/provider/clientauth"
)

func TestAttackFailuresOfOthersMakeAFailureLimitForgetAGuesser(t *testing.T) {
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	limit := clientauth.NewFailureLimit()
	for range 20 {
		wait, _, _ := limit.Failed("guesser", now)
		require.Zero(t, wait)
	}
	for i := range 25_000 {
		limit.Failed(strconv.Itoa(i), now)
		if i%1000 == 0 {
			require.True(t, limit.Exceeded("guesser", now), "after %d others", i)
		}
	}
	wait, total, _ := limit.Failed("guesser", now)
	require.Equal(t, 6*time.Second, wait)
	require.EqualValues(t, 21, total)
}
