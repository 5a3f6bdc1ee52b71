package identity

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ithildin/storage/storagetest"
)

// strictLimits differ from the defaults in every field.
var strictLimits = Limits{
	FailedSignIns: 2, FailedSignInWindow: 30 * time.Minute, OneTimeCodeLength: 8, OneTimeCodeLifetime: time.Minute,
	OneTimeCodeAttempts: 2, OneTimeCodeFailures: 5, OneTimeCodesSent: 1, OneTimeCodeWindow: 2 * time.Minute,
}

// lastSMS keeps the code of the last message.
type lastSMS struct{ code string }

// Send implements SMSSender.
func (s *lastSMS) Send(_ context.Context, _, value string) error {
	s.code = value[strings.LastIndex(value, " ")+1:]
	return nil
}

func TestFailedSignInsCountAsTheOperatorSays(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		f := newFixture(t, engine, func(o *Options) { o.Components.Limits = strictLimits })
		for range 2 {
			require.ErrorIs(t, f.signIn("192.0.2.7", "not it"), ErrWrongPassword)
		}
		f.clock.Advance(29 * time.Minute)
		require.ErrorIs(t, f.signIn("192.0.2.7", testPassword), ErrSignInLimited)
		f.clock.Advance(2 * time.Minute)
		require.NoError(t, f.signIn("192.0.2.7", testPassword))
	})
}

func TestOneTimeCodesAreAsTheOperatorSays(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		const phone = "+380501234567"
		sms := &lastSMS{}
		f := newFixture(t, engine, func(o *Options) { o.Components.Limits, o.Components.SMS = strictLimits, sms })
		id := f.store.NewID()
		send := func() error { return f.SendOneTimeCode(t.Context(), f.user.ID, id, phone) }
		verify := func(code string) error { return f.VerifyOneTimeCode(t.Context(), f.user.ID, id, phone, code) }
		require.NoError(t, send())
		require.Len(t, sms.code, 8)
		f.clock.Advance(90 * time.Second)
		require.ErrorIs(t, send(), ErrOneTimeCodeLimited, "one in two minutes")
		require.ErrorIs(t, verify(sms.code), ErrOneTimeCodeExpired, "after a minute")
		f.clock.Advance(time.Minute)
		require.NoError(t, send())
		for range 2 {
			require.ErrorIs(t, verify("wrong"), ErrOneTimeCodeInvalid)
		}
		err := verify(sms.code)
		require.ErrorIs(t, err, ErrOneTimeCodeAttempts)
		require.ErrorIs(t, err, ErrOneTimeCodeLastTry, "the fourth failure of five, of three kinds")
		f.clock.Advance(3 * time.Minute)
		require.NoError(t, send())
		f.clock.Advance(time.Minute)
		err = verify(sms.code)
		require.ErrorIs(t, err, ErrOneTimeCodeExpired)
		require.ErrorIs(t, err, ErrOneTimeCodeBlocked)
		user, err := f.store.FindUser(t.Context(), f.user.ID)
		require.NoError(t, err)
		require.True(t, user.IsBlocked)
	})
}
