package identity

import (
	"context"
	"net/http"
	"time"

	"ithildin/provider/inbound"
	"ithildin/storage"
)

// PasswordResetRefusals is how many passwords a link may be tried with in vain.
const PasswordResetRefusals = 5

// A link may be asked for once within passwordResetPause for an account, and as often as Limits say within
// passwordResetWindow.
const (
	passwordResetWindow = time.Hour
	passwordResetPause  = time.Minute
)

// PasswordResets lets people set a password that they forgot.
type PasswordResets struct{ *Service }

// Count counts that a link was asked for, for an e-mail address as it was typed, and says whether it may be sent.
func (s PasswordResets) Count(r *http.Request, email string) (within bool, err error) {
	within = true
	limits := s.Limits()
	for _, l := range []limit{
		{"password reset of account", email, passwordResetWindow, limits.PasswordResetsOfAccount},
		{"password reset of account just now", email, passwordResetPause, 1},
		{
			"password reset from network", inbound.Network(s.clientAddress(r)), passwordResetWindow,
			limits.PasswordResetsOfNetwork,
		},
	} {
		_, withinThis, err := l.count(r.Context(), s.Service)
		if err != nil {
			return false, err
		}
		within = within && withinThis
	}
	return within, nil
}

// Set sets a password by a link that the user got by mail, and uses the link up; a password that may not be taken
// counts against it. The sessions that ended are returned. Errors: those of CheckNewPassword, ErrPasswordUsed, ErrBusy;
// storage.ErrUsed, where the link is over.
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
	return s.store.UsePasswordReset(ctx, r, phc, s.components.PasswordResetEndsTokens)
}
