package login

import (
	"errors"
	"net/http"
	"strings"

	"ithildin/storage"
)

// Why a password does not sign anybody in.
var (
	ErrWrongPassword = errors.New("login: unknown user or wrong password")
	ErrSignInLimited = errors.New("login: too many failed sign-ins")
	ErrUserBlocked   = errors.New("login: the user is blocked")
)

// CheckPassword says who signs in to a client by a password, for a face that has no pages of its own: under the limits
// of the pages, but without known devices, and with the same audit. Errors: ErrWrongPassword, ErrSignInLimited,
// ErrUserBlocked (after the right password only), ErrBusy.
func (s *Service) CheckPassword(r *http.Request, clientID, email, password string) (*storage.User, error) {
	email = strings.TrimSpace(email)
	if checkTyped(email, password) != nil {
		return nil, ErrWrongPassword
	}
	user, problem, err := s.authenticate(r, email, password, device{})
	if err != nil {
		return nil, err
	}
	if problem == nil {
		return user, nil
	}
	if err := s.recordRefusal(r, Interaction{ClientID: clientID}, user, problem); err != nil {
		return nil, err
	}
	switch problem {
	case refusedLimited:
		return nil, ErrSignInLimited
	case refusedBlocked:
		return nil, ErrUserBlocked
	}
	return nil, ErrWrongPassword
}

// RecordSignIn keeps a sign-in that is complete in the audit, for a face that has no pages of its own.
func (s *Service) RecordSignIn(r *http.Request, clientID, userID string, amr []string) error {
	return s.record(r, storage.Event{
		Kind: eventSignIn, ClientID: clientID, UserID: userID, Details: map[string]string{"amr": strings.Join(amr, " ")},
	})
}
