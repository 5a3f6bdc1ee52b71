package config

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestJanitorHoursAreParsed(t *testing.T) {
	at := func(hour int) time.Time { return time.Date(2026, 11, 24, hour, 59, 0, 0, time.UTC) }
	var p problems
	s := JanitorFlags{}.load(&p, 0)
	require.NoError(t, p.err())
	require.True(t, s.Expiration.Has(at(0)))
	require.True(t, s.Expiration.Has(at(4)))
	require.False(t, s.Expiration.Has(at(5)))
	require.False(t, s.Deleting.Has(at(0)))
	require.EqualValues(t, 30*day, s.Retention)
	require.Equal(t, 500, s.Batch)
	night := p.hours("X", "22-1")
	require.True(t, night.Has(at(23)) && night.Has(at(0)))
	require.False(t, night.Has(at(12)))
	kyiv := time.FixedZone("Kyiv", 2*3600)
	require.True(t, s.Expiration.Has(at(3).In(kyiv)), "hours are of UTC")

	for _, wrong := range []JanitorFlags{
		{TokenExpirationHours: "24-1"}, {TokenExpirationHours: "1"}, {TokenDeletingHours: "1-4x"}, {TokenRetention: "0"},
		{JanitorBatch: "many"},
	} {
		var p problems
		wrong.load(&p, 0)
		require.Error(t, p.err(), wrong)
	}
}
