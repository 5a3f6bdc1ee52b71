package identity

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"ithildin/storage"
)

// FactorSMS is the one type of second factor that the legacy API knows: a phone that gets one-time codes.
const FactorSMS = storage.FactorSMS

// ErrNoFactor says that a user has no second factor that is active. It is a storage.ErrNotFound too.
var ErrNoFactor = fmt.Errorf("identity: the user has no second factor: %w", storage.ErrNotFound)

// SecondFactor reads the second factor of a user that the legacy API knows. One that is not active counts as none.
// Errors: ErrNoFactor.
func (s *Service) SecondFactor(ctx context.Context, userID string) (*storage.AuthenticationFactor, error) {
	factor, err := s.store.FindAuthenticationFactor(ctx, userID, FactorSMS)
	switch {
	case errors.Is(err, storage.ErrNotFound):
		return nil, ErrNoFactor
	case err != nil:
		return nil, err
	case !factor.IsActive:
		return nil, ErrNoFactor
	}
	return factor, nil
}

// CreateEmptyFactor gives a user without a second factor one whose phone is still to be set. Errors: ErrNoFactor, where
// there is one that an administrator has made inactive.
func (s *Service) CreateEmptyFactor(r *http.Request, userID string) error {
	ctx := s.ActingAsOwner(r, userID)
	now := s.now()
	err := s.store.CreateAuthenticationFactor(ctx, storage.AuthenticationFactor{
		ID: s.store.NewID(), UserID: userID, Type: FactorSMS, IsActive: true, CreatedAt: now, UpdatedAt: now,
	})
	if errors.Is(err, storage.ErrConflict) {
		return ErrNoFactor
	}
	return err
}

// recentSignIn is for how long somebody who has just signed in may replace their second factor.
const recentSignIn = 5 * time.Minute

// MayReplaceFactor says whether a session may give a second factor another phone. Where none is set, it may. A sign-in
// by the password alone, from before the phone was, never may. By the policy factor_change of the client it must be a
// sign-in of the last minutes besides, and one that went through the phone or was stronger: whoever has stolen a
// session has not the phone.
func (s *Service) MayReplaceFactor(
	factor *storage.AuthenticationFactor, session *storage.Session, policy storage.Policy,
) bool {
	switch {
	case factor.Factor == "":
		return true
	case session.ACR == storage.AssurancePassword:
		return false
	case policy.FactorChange == storage.FactorChangeSession:
		return true
	}
	recent := s.now().Sub(session.AuthTime) <= recentSignIn
	return recent && Satisfies(session.ACR, storage.AssuranceOneTimeCode)
}

// How much of a phone is shown, in characters: +38088*****30.
const (
	phoneStart = 6
	phoneEnd   = 2
)

// MaskedFactor is what may be shown of a factor: of a phone, its beginning and its end.
func MaskedFactor(f storage.AuthenticationFactor) string {
	hidden := len(f.Factor) - phoneStart - phoneEnd
	switch {
	case f.Type != FactorSMS || f.Factor == "":
		return f.Factor
	case hidden <= 0: // a number as none is written
		return strings.Repeat("*", len(f.Factor))
	}
	return f.Factor[:phoneStart] + strings.Repeat("*", hidden) + f.Factor[len(f.Factor)-phoneEnd:]
}
