package identity

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"net/http"
	"strings"
	"unicode/utf8"

	"ithildin/storage"
)

// MaximumUsername is the longest email address (RFC 5321 4.5.3.1.3), in characters.
const MaximumUsername = 254

// Why a password does not sign anybody in.
var (
	ErrWrongPassword = errors.New("identity: unknown user or wrong password")
	ErrSignInLimited = errors.New("identity: too many failed sign-ins")
	ErrUserBlocked   = errors.New("identity: the user is blocked")
)

// The reasons of failed sign-ins, as the audit keeps them.
const (
	reasonUnknownUser   = "unknown_user"
	reasonWrongPassword = "wrong_password"
	ReasonUserBlocked   = "user_blocked"
)

// PasswordAttempt is a sign-in by a password.
type PasswordAttempt struct {
	ClientID string // to which the person signs in; "" where it is to no client
	Username string // an email address, as it was typed
	Password string
	Device   Device // the zero Device where the person's browser is not known, or there is none
}

// CheckPassword says who signs in. Failures are limited and kept in the audit. An unknown user and a wrong password
// take the same steps; a blocked user is told so only after the right password. Errors: ErrWrongPassword,
// ErrSignInLimited, ErrUserBlocked, ErrBusy.
func (s *Service) CheckPassword(r *http.Request, a PasswordAttempt) (*storage.User, error) {
	a.Username = strings.TrimSpace(a.Username)
	if !a.isPossible() {
		return nil, ErrWrongPassword
	}
	user, reason, err := s.authenticate(r, a)
	if reason == "" {
		return user, err
	}
	if err := s.RecordFailure(r, MethodPassword, a.ClientID, user.ID, reason); err != nil {
		return nil, err // before an answer that the audit would not have
	}
	return nil, err
}

// isPossible is false for what can't be right. No account is asked for then, so that nothing is guessed.
func (a PasswordAttempt) isPossible() bool {
	return a.Username != "" && a.Password != "" &&
		!TooLong(a.Username, MaximumUsername) && !TooLong(a.Password, MaximumPassword) &&
		utf8.ValidString(a.Username) && utf8.ValidString(a.Password) && !strings.ContainsRune(a.Username, 0)
}

// authenticate says who signs in, or why not. With a reason, which the audit keeps, comes the user as far as known.
func (s *Service) authenticate(
	r *http.Request, a PasswordAttempt,
) (user *storage.User, reason string, err error) {
	ctx := r.Context()
	// Guesses from elsewhere must not make a known device wait either.
	release, err := s.attempts.acquire(ctx, cmp.Or(a.Device.ID, a.Username))
	if err != nil {
		return nil, "", err
	}
	defer release()
	user, err = s.store.FindUserByEmail(ctx, a.Username)
	if errors.Is(err, storage.ErrNotFound) {
		user, err = &storage.User{}, nil
	}
	if err != nil {
		return nil, "", err
	}
	try, within, err := s.beginAttempt(ctx, s.limitsOf(r, a, user))
	if err != nil {
		return nil, "", err
	}
	if !within {
		// Attempts over the limit are only counted: whoever makes them could otherwise fill the audit. Without its row, a
		// person who keeps trying is not kept out for longer.
		if err := try.forget(ctx); err != nil {
			return nil, "", err
		}
		countLimited(s, MethodPassword)
		return nil, "", ErrSignInLimited
	}
	ok, stale, err := s.passwords.Verify(ctx, user.Password, a.Password)
	if err != nil {
		return nil, "", errors.Join(err, try.forget(ctx))
	}
	switch {
	case !ok && user.ID == "":
		return user, reasonUnknownUser, ErrWrongPassword
	case !ok:
		return user, reasonWrongPassword, ErrWrongPassword
	}
	if err := try.succeeded(ctx); err != nil {
		return nil, "", err
	}
	if user.IsBlocked {
		return user, ReasonUserBlocked, ErrUserBlocked
	}
	if stale {
		s.upgrade(ctx, user, a.Password)
	}
	return user, "", nil
}

// upgrade hashes a password anew. That it does not succeed keeps nobody out: the next sign-in tries again.
func (s *Service) upgrade(ctx context.Context, user *storage.User, password string) {
	phc, err := s.passwords.Hash(ctx, password)
	if err == nil {
		err = s.store.UpgradePassword(ctx, user.ID, user.Password, phc)
	}
	if err != nil {
		s.logger.LogAttrs(ctx, slog.LevelWarn, "password hash not upgraded",
			slog.String("user_id", user.ID), slog.Any("error", err))
	}
}

// RecordFailure keeps a sign-in that failed in the audit, with a reason that names no secret, and counts it under the
// method that failed.
func (s *Service) RecordFailure(r *http.Request, method, clientID, userID, reason string) error {
	s.countSignIn(method, signInFailed)
	return s.Record(r, storage.Event{
		Kind: storage.EventSignInFailed, ClientID: clientID, UserID: userID, Details: map[string]string{"reason": reason},
	})
}

// SignIn is a sign-in that is complete.
type SignIn struct {
	ClientID  string
	UserID    string
	SessionID string // "" where it began no session of a browser
	Proof     Proof
}

// RecordSignIn keeps a sign-in that is complete in the audit, and counts it.
func (s *Service) RecordSignIn(r *http.Request, done SignIn) error {
	s.countSignIn(done.Proof.method(), signInSucceeded)
	details := map[string]string{"amr": strings.Join(done.Proof.AMR, " ")}
	if done.SessionID != "" {
		details["session_id"] = done.SessionID
	}
	if done.Proof.PasskeyID != "" {
		details["passkey_id"] = done.Proof.PasskeyID
	}
	return s.Record(r, storage.Event{
		Kind: storage.EventSignIn, ClientID: done.ClientID, UserID: done.UserID, Details: details,
	})
}
