package identity

import (
	"context"
	"net/http"
	"time"

	"ithildin/provider/inbound"
	"ithildin/storage"
)

// PasswordReset is the operator's policy for people who forgot their password.
type PasswordReset struct {
	// Lifetime is how long a link is good for; 0: PasswordResetLifetime.
	Lifetime time.Duration
	// EndsTokens says that everything ends which clients were given for the user. Otherwise their tokens stay, as they did
	// in the eHealth system; sessions and tokens of the login API end in any case.
	EndsTokens bool
}

// PasswordResetLifetime is how long a link is good for, unless the operator says otherwise.
const PasswordResetLifetime = 25 * time.Minute

// PasswordResetRefusals is how many passwords a link may be tried with in vain.
const PasswordResetRefusals = 5

// How many links may be asked for: for an account and from a network within an hour, and for an account within a
// minute.
const (
	passwordResetsOfAccount = 3
	passwordResetsOfNetwork = 20
	passwordResetWindow     = time.Hour
	passwordResetPause      = time.Minute
)

// PasswordResets lets people set a password that they forgot.
type PasswordResets struct{ *Service }

// Count counts that a link was asked for, for an e-mail address as it was typed, and says whether it may
// be sent.
func (s PasswordResets) Count(r *http.Request, email string) (bool, error) {
	account, err := s.store.SignInSubject(r.Context(), "password reset of account", email)
	if err != nil {
		return false, err
	}
	network, err := s.store.SignInSubject(r.Context(), "password reset from network",
		inbound.Network(s.clientAddress(r)))
	if err != nil {
		return false, err
	}
	subjects, now := [][]byte{account, network}, s.now()
	if _, err := s.store.RecordSignInFailure(r.Context(), subjects, now.Add(passwordResetWindow)); err != nil {
		return false, err
	}
	within, err := s.store.CountSignInFailures(r.Context(), subjects, now.Add(-passwordResetWindow))
	if err != nil {
		return false, err
	}
	lately, err := s.store.CountSignInFailures(r.Context(), subjects[:1], now.Add(-passwordResetPause))
	if err != nil {
		return false, err
	}
	return within[0] <= passwordResetsOfAccount && within[1] <= passwordResetsOfNetwork && lately[0] <= 1, nil
}

// Set sets a password by a link that the user got by mail, and uses the link up; a password that may not be
// taken counts against it. The sessions that ended are returned. Errors: those of CheckNewPassword, ErrPasswordUsed,
// ErrBusy; storage.ErrUsed, where the link is over.
func (s PasswordResets) Set(
	ctx context.Context, r *storage.PasswordReset, password string,
) ([]storage.EndedSession, error) {
	phc, err := s.HashNewPassword(ctx, r.UserID, password, CheckNewPassword)
	if IsPasswordRefused(err) {
		if counting := s.store.CountPasswordResetRefusal(ctx, r.ID); counting != nil {
			return nil, counting
		}
	}
	if err != nil {
		return nil, err
	}
	ended, err := s.store.UsePasswordReset(ctx, r, phc, s.components.PasswordReset.EndsTokens)
	if err == nil {
		s.Notify(ctx, Notice{Kind: storage.EventPasswordSet, UserID: r.UserID})
	}
	return ended, err
}
