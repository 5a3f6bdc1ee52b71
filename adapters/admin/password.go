package admin

import (
	"context"
	"crypto/rand"
	"errors"
	"net/http"

	"ithildin/provider/identity"
	"ithildin/provider/oauth"
	"ithildin/storage"
)

// newPassword is a password that is to be stored.
type newPassword struct {
	hash string
	made string // the password itself, where it was made here
}

// newPassword checks and hashes the password of a new user, or makes one where none is given.
func (a *API) newPassword(ctx context.Context, given, email string) (newPassword, error) {
	return makePassword(given, func(password string) (string, error) {
		rule := func(password string, _ ...string) error { return identity.CheckNewPassword(password, email) }
		return a.provider.Identity().HashPassword(ctx, password, rule)
	})
}

// nextPassword is newPassword for a user who has one, which it may not repeat.
func (a *API) nextPassword(ctx context.Context, given, userID string) (newPassword, error) {
	return makePassword(given, func(password string) (string, error) {
		return a.provider.Identity().HashNewPassword(ctx, userID, password, identity.CheckNewPassword)
	})
}

func makePassword(given string, hash func(string) (string, error)) (p newPassword, err error) {
	password := given
	if given == "" {
		if p.made, err = oauth.RandomText(rand.Reader, oauth.TokenBytes); err != nil {
			return newPassword{}, err
		}
		password = p.made
	}
	p.hash, err = hash(password)
	switch {
	case identity.IsPasswordRefused(err):
		return newPassword{}, invalid("body.password", err.Error(), nil)
	case errors.Is(err, identity.ErrBusy):
		return newPassword{}, newProblem(http.StatusServiceUnavailable, "Too many passwords are hashed now; try again later.")
	}
	return p, err
}

// emailTaken words the conflict of a user who is stored.
func emailTaken(err error) error {
	if errors.Is(err, storage.ErrConflict) {
		return conflict("A user has this e-mail address, or this id, already.")
	}
	return err
}
