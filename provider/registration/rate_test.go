package registration

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestRegistrationRateIsCountedPerAddress(t *testing.T) {
	var l rateLimit
	now := time.Unix(1_700_000_000, 0)
	for range 6 {
		require.Zero(t, l.take("192.0.2.1", 6, now))
	}
	require.Equal(t, 10*time.Minute, l.take("192.0.2.1", 6, now).Round(time.Second))
	require.Zero(t, l.take("192.0.2.2", 6, now))
	require.Zero(t, l.take("192.0.2.1", 6, now.Add(10*time.Minute)))
	require.NotZero(t, l.take("192.0.2.1", 6, now.Add(10*time.Minute)))
}

func TestNewAddressesShareOneRegistrationRateWhenTooManyAreActive(t *testing.T) {
	var l rateLimit
	now := time.Unix(1_700_000_000, 0)
	for i := range rememberedAddresses {
		require.Zero(t, l.take(fmt.Sprint(i), 2, now))
	}
	require.Zero(t, l.take("newcomer", 2, now))
	require.Zero(t, l.take("another", 2, now))
	require.NotZero(t, l.take("a third", 2, now))
	require.Zero(t, l.take("0", 2, now), "whoever was there before keeps a rate of its own")
	require.Len(t, l.addresses, rememberedAddresses)
	later := now.Add(time.Hour)
	require.Zero(t, l.take("a third", 2, later))
	require.Len(t, l.addresses, 1, "those that have rested are forgotten")
}
