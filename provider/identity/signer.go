package identity

import (
	"context"
	"errors"
	"fmt"

	"ithildin/storage"
)

// Why a valid signature does not sign anybody in; ErrUserBlocked and ErrPersonUnknown are among them too.
var (
	ErrSignerUnknown      = errors.New("identity: the tax id of the signature is nobody's here, or several users have it")
	ErrTaxIDMismatch      = errors.New("identity: the registry of persons has another tax id for the user")
	ErrPersonsUnavailable = errors.New("identity: the registry of persons is not available")
)

// FindSigner finds the user of the tax id in a valid signature and, where there is a registry of persons, asks it
// whether the tax id is that person's. Errors: ErrSignerUnknown; with the user ErrUserBlocked, ErrPersonUnknown,
// ErrTaxIDMismatch, ErrPersonsUnavailable; any other is the database's.
func (s *Service) FindSigner(ctx context.Context, taxID string) (*storage.User, error) {
	user, err := s.store.FindUserByTaxID(ctx, taxID)
	switch {
	case errors.Is(err, storage.ErrNotFound):
		return nil, ErrSignerUnknown
	case err != nil:
		return nil, err
	case user.IsBlocked:
		return user, ErrUserBlocked
	case s.components.Persons == nil:
		return user, nil
	case user.PersonID == "":
		return user, ErrPersonUnknown
	}
	registered, err := s.components.Persons.FindPerson(ctx, user.PersonID)
	switch {
	case errors.Is(err, ErrPersonUnknown):
		return user, err
	case err != nil:
		return user, fmt.Errorf("%w: %w", ErrPersonsUnavailable, err)
	case registered != taxID:
		return user, ErrTaxIDMismatch
	}
	return user, nil
}
