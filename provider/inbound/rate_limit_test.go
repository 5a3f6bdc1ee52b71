package inbound

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestRateIsCountedPerSubject(t *testing.T) {
	var l RateLimit
	now := time.Unix(1_700_000_000, 0)
	for range 6 {
		require.Zero(t, l.Take("192.0.2.1", 6, now))
	}
	require.Equal(t, 10*time.Minute, l.Take("192.0.2.1", 6, now).Round(time.Second))
	require.Zero(t, l.Take("192.0.2.2", 6, now))
	require.Zero(t, l.Take("192.0.2.1", 6, now.Add(10*time.Minute)))
	require.NotZero(t, l.Take("192.0.2.1", 6, now.Add(10*time.Minute)))
}

func TestNewSubjectsShareOneRateWhenTooManyAreActive(t *testing.T) {
	var l RateLimit
	now := time.Unix(1_700_000_000, 0)
	for i := range rememberedSubjects {
		require.Zero(t, l.Take(fmt.Sprint(i), 2, now))
	}
	require.Zero(t, l.Take("newcomer", 2, now))
	require.Zero(t, l.Take("another", 2, now))
	require.NotZero(t, l.Take("a third", 2, now))
	require.Zero(t, l.Take("0", 2, now), "whoever was there before keeps a rate of its own")
	require.Len(t, l.subjects, rememberedSubjects)
	later := now.Add(time.Hour)
	require.Zero(t, l.Take("a third", 2, later))
	require.Len(t, l.subjects, 1, "those that have rested are forgotten")
}
