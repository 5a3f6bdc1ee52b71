package ehealth

import (
	"context"
	"errors"

	"ithildin/provider/identity"
	"ithildin/storage"
)

// userFactor is what the body of a user says about a second factor (USER_2FA_ENABLED of the old system).
type userFactor struct {
	enabled bool
	given   bool   // the body has a phone, or says that there is none
	phone   string // "" where there is none yet: the user is asked for one at the next sign-in
	failed  *contractError
}

// readFactor takes 2fa_enable, of which only true counts, in place of the setting, and the phone. What is wrong with
// the phone counts only where a factor is made or changed, after all that is wrong with the user.
func (a *usersAPI) readFactor(c *check) userFactor {
	f := userFactor{enabled: !a.twoFactorOff}
	if value, given := c.fields["2fa_enable"]; given {
		f.enabled = string(value) == "true"
	}
	if f.given = c.present("factor"); f.given {
		phone := newCheck(c.fields)
		f.phone, f.failed = phone.optionalPhone("factor"), phone.failed()
	}
	return f
}

// create makes the factor of a new user.
func (f userFactor) create(ctx context.Context, store *storage.Store, userID string) error {
	if !f.enabled {
		return nil
	}
	if f.failed != nil {
		return f.failed
	}
	now := store.Now()
	return store.CreateAuthenticationFactor(ctx, storage.AuthenticationFactor{
		ID: store.NewID(), UserID: userID, Type: identity.FactorSMS, Factor: f.phone, IsActive: true,
		CreatedAt: now, UpdatedAt: now,
	})
}

// update makes the factor of a known user or gives it the phone, where the body has one.
func (f userFactor) update(ctx context.Context, store *storage.Store, userID string) error {
	if !f.enabled || !f.given {
		return nil
	}
	factor, err := store.FindAuthenticationFactor(ctx, userID, identity.FactorSMS)
	if errors.Is(err, storage.ErrNotFound) {
		return f.create(ctx, store, userID)
	}
	if err != nil {
		return err
	}
	if f.failed != nil {
		return f.failed
	}
	factor.Factor = f.phone
	return store.UpdateAuthenticationFactor(ctx, *factor)
}
