package config

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ithildin/provider/identity"
)

func TestLimitsHaveTheDefaultsOfTheEHealthAPI(t *testing.T) {
	var p problems
	require.Equal(t, identity.Limits{
		FailedSignIns: 10, FailedSignInWindow: 10 * time.Minute, OneTimeCodeLength: 6,
		OneTimeCodeLifetime: 300 * time.Second, OneTimeCodeAttempts: 3, OneTimeCodeFailures: 3, OneTimeCodesSent: 3,
		OneTimeCodeWindow: time.Minute, PhoneChangeWindow: 24 * time.Hour, PasswordResetLifetime: 25 * time.Minute,
		PasswordResetsOfAccount: 3, PasswordResetsOfNetwork: 20, InvitationFailures: 20,
	}, limitFlags{}.load(&p))
	require.NoError(t, p.err())
}

func TestLimitsAreReadEachIntoItsPlace(t *testing.T) {
	var p problems
	require.Equal(t, identity.Limits{
		FailedSignIns: 5, FailedSignInWindow: 15 * time.Minute, OneTimeCodeLength: 8, OneTimeCodeLifetime: time.Minute,
		OneTimeCodeAttempts: 2, OneTimeCodeFailures: 7, OneTimeCodesSent: 4, OneTimeCodeWindow: 3 * time.Minute,
		PhoneChangeWindow: 5 * time.Hour, PasswordResetLifetime: 6 * time.Minute,
		PasswordResetsOfAccount: 9, PasswordResetsOfNetwork: 400, InvitationFailures: 50,
	}, limitFlags{
		SignInFailures: "5", SignInFailureWindow: "15", OneTimeCodeLength: "8", OneTimeCodeLifetime: "60",
		OneTimeCodeAttempts: "2", OneTimeCodeFailures: "7", OneTimeCodesSent: "4", OneTimeCodeWindow: "3",
		PhoneChangeWindow: "5", PasswordResetLifetime: "6",
		PasswordResets: "9", NetworkPasswordResets: "400", InvitationFailures: "50",
	}.load(&p))
	require.NoError(t, p.err())
}

func TestLimitsOutOfTheirBoundsAreAllNamed(t *testing.T) {
	for _, wrong := range []string{"0", "-1", "2000000", "many", "3.5", "0x3"} {
		f := limitFlags{wrong, wrong, wrong, wrong, wrong, wrong, wrong, wrong, wrong, wrong, wrong, wrong, wrong}
		var p problems
		f.load(&p)
		for _, l := range f.list() {
			require.ErrorContains(t, p.err(), l.name+" is")
		}
	}
	var p problems
	limitFlags{OneTimeCodeLength: "3"}.load(&p)
	require.ErrorContains(t, p.err(), "ITHILDIN_ONE_TIME_CODE_LENGTH is \"3\": want a number from 4 to 10")
}
