package inbound

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

var sixAnHour = Quota{Name: "six", Requests: 6, Window: time.Hour}

func TestRateIsCountedPerSubject(t *testing.T) {
	l := NewRateLimit(sixAnHour)
	now := time.Unix(1_700_000_000, 0)
	for range 6 {
		require.Zero(t, l.Take("192.0.2.1", now).Wait)
	}
	require.Equal(t, 10*time.Minute, l.Take("192.0.2.1", now).Wait.Round(time.Second))
	require.Zero(t, l.Take("192.0.2.2", now).Wait)
	require.Zero(t, l.Take("192.0.2.1", now.Add(10*time.Minute)).Wait)
	require.NotZero(t, l.Take("192.0.2.1", now.Add(10*time.Minute)).Wait)
}

func TestAllowanceSaysInHeadersWhatIsLeft(t *testing.T) {
	l := NewRateLimit(sixAnHour)
	now := time.Unix(1_700_000_000, 0)
	headers := func() http.Header {
		h := http.Header{}
		l.Take("192.0.2.1", now).WriteTo(h)
		return h
	}
	for left, reset := range []int{600, 1200, 1800, 2400, 3000, 3600} {
		h := headers()
		require.Equal(t, `"six";q=6;w=3600`, h.Get("RateLimit-Policy"))
		require.Equal(t, fmt.Sprintf(`"six";r=%d;t=%d`, 5-left, reset), h.Get("RateLimit"))
		require.Empty(t, h.Get("Retry-After"))
	}
	h := headers()
	require.Equal(t, `"six";r=0;t=600`, h.Get("RateLimit"))
	require.Equal(t, "600", h.Get("Retry-After"))
	unlimited := http.Header{}
	NewRateLimit(Quota{Name: "none", Window: time.Hour}).Take("192.0.2.1", now).WriteTo(unlimited)
	require.Empty(t, unlimited)
}

func TestAttackStrangersOfManyAddressesTakeNobodysAllowance(t *testing.T) {
	l := NewRateLimit(sixAnHour)
	now := time.Unix(1_700_000_000, 0)
	for i := range 2 * rememberedSubjects {
		require.Zero(t, l.Take(fmt.Sprint(i), now).Wait)
	}
	for range 6 {
		require.Zero(t, l.Take("newcomer", now).Wait, "whoever comes later has an allowance of their own")
	}
	require.NotZero(t, l.Take("newcomer", now).Wait)
	require.Equal(t, rememberedSubjects, l.subjects.Len(), "memory is bounded")
}

// told lets one process tell another what it has counted.
func told(from, to *RateLimits, now time.Time) {
	for _, count := range from.Counted(100) {
		to.Charge(count, now)
	}
}

func TestProcessesShareAnAllowance(t *testing.T) {
	now := time.Unix(1_700_000_000, 0)
	one, two := NewRateLimits([]byte("key")), NewRateLimits([]byte("key"))
	atOne, atTwo := one.New(sixAnHour), two.New(sixAnHour)
	for range 4 {
		require.Zero(t, atOne.Take("clinic", now).Wait)
	}
	told(one, two, now)
	require.EqualValues(t, 1, atTwo.Take("clinic", now).Remaining)
	require.EqualValues(t, 5, atTwo.Take("other", now).Remaining)
	require.Zero(t, atTwo.Take("clinic", now).Wait)
	require.NotZero(t, atTwo.Take("clinic", now).Wait)
	require.Empty(t, one.Counted(100), "what has not changed is not told again")
	two.Charge(RateCount{Limit: "six", Subject: []byte("unknown"), Taken: 1 << 60}, now)
	two.Charge(RateCount{Limit: "unknown", Subject: []byte("unknown"), Taken: 1}, now)
	require.Zero(t, atTwo.Take("clinic", now.Add(10*time.Minute)).Wait, "others take no more than there is")
}
