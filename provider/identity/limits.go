package identity

import (
	"cmp"
	"time"
)

// Limits are how often somebody may try, and for how long one-time codes and links are good. What is 0 has its default,
// which is that of the eHealth API (contract section 2.3).
type Limits struct {
	// FailedSignIns is how many sign-ins to an account may fail from one address, or on one known device, within
	// FailedSignInWindow. Ten times as many may fail for an account from all addresses, and for an address to all
	// accounts.
	FailedSignIns      int64
	FailedSignInWindow time.Duration

	OneTimeCodeLength   int // digits
	OneTimeCodeLifetime time.Duration
	OneTimeCodeAttempts int64 // of one code
	OneTimeCodeFailures int64 // of one user, over all codes since the last right one; then the user is blocked
	OneTimeCodesSent    int64 // to one user within OneTimeCodeWindow
	OneTimeCodeWindow   time.Duration

	// PhoneChangeWindow is the time within which people may change their phone once by themselves.
	PhoneChangeWindow time.Duration
	// PasswordResetLifetime is how long a link is good by which a forgotten password is set.
	PasswordResetLifetime time.Duration
	// PasswordResetsOfAccount and PasswordResetsOfNetwork are how many such links may be asked for within an hour.
	PasswordResetsOfAccount int64
	PasswordResetsOfNetwork int64
	// InvitationFailures is how many looks at invitations that are not there, and answers that their source refuses, are
	// taken from a network within an hour.
	InvitationFailures int64
}

// DefaultLimits are those of the eHealth API, where it has any.
func DefaultLimits() Limits {
	return Limits{
		FailedSignIns: pairFailures, FailedSignInWindow: 10 * time.Minute,
		OneTimeCodeLength: 6, OneTimeCodeLifetime: 5 * time.Minute, OneTimeCodeAttempts: 3, OneTimeCodeFailures: 3,
		OneTimeCodesSent: 3, OneTimeCodeWindow: time.Minute, PhoneChangeWindow: 24 * time.Hour,
		PasswordResetLifetime: 25 * time.Minute, PasswordResetsOfAccount: 3, PasswordResetsOfNetwork: 20,
		InvitationFailures: 20,
	}
}

// withDefaults fills in what is 0.
func (l Limits) withDefaults() Limits {
	d := DefaultLimits()
	return Limits{
		FailedSignIns:         cmp.Or(l.FailedSignIns, d.FailedSignIns),
		FailedSignInWindow:    cmp.Or(l.FailedSignInWindow, d.FailedSignInWindow),
		OneTimeCodeLength:     cmp.Or(l.OneTimeCodeLength, d.OneTimeCodeLength),
		OneTimeCodeLifetime:   cmp.Or(l.OneTimeCodeLifetime, d.OneTimeCodeLifetime),
		OneTimeCodeAttempts:   cmp.Or(l.OneTimeCodeAttempts, d.OneTimeCodeAttempts),
		OneTimeCodeFailures:   cmp.Or(l.OneTimeCodeFailures, d.OneTimeCodeFailures),
		OneTimeCodesSent:      cmp.Or(l.OneTimeCodesSent, d.OneTimeCodesSent),
		OneTimeCodeWindow:     cmp.Or(l.OneTimeCodeWindow, d.OneTimeCodeWindow),
		PhoneChangeWindow:     cmp.Or(l.PhoneChangeWindow, d.PhoneChangeWindow),
		PasswordResetLifetime: cmp.Or(l.PasswordResetLifetime, d.PasswordResetLifetime),

		PasswordResetsOfAccount: cmp.Or(l.PasswordResetsOfAccount, d.PasswordResetsOfAccount),
		PasswordResetsOfNetwork: cmp.Or(l.PasswordResetsOfNetwork, d.PasswordResetsOfNetwork),
		InvitationFailures:      cmp.Or(l.InvitationFailures, d.InvitationFailures),
	}
}

// Limits are those in force.
func (s *Service) Limits() Limits { return s.components.Limits }
