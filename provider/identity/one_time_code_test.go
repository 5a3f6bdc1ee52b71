package identity

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ithildin/storage/storagetest"
)

func TestPhoneNumberGetsALimitedNumberOfCodesADay(t *testing.T) {
	f := newFixture(t, storagetest.Engines()[0], func(o *Options) { o.Components.SMS = silentSMS{} })
	send := func(user int) error {
		return f.SendOneTimeCode(t.Context(), fmt.Sprint("user ", user), f.store.NewID(), "+380501234567")
	}
	for i := range oneTimeCodesADay {
		require.NoError(t, send(i))
	}
	require.ErrorIs(t, send(oneTimeCodesADay), ErrOneTimeCodeLimited, "whoever it is for")
	require.NoError(t, f.SendOneTimeCode(t.Context(), "user", f.store.NewID(), "+380671112233"))
	f.clock.Advance(oneTimeCodeDay + time.Second)
	require.NoError(t, send(0))
}

type silentSMS struct{}

// Send implements SMSSender.
func (silentSMS) Send(context.Context, string, string) error { return nil }
