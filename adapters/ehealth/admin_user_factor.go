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
}

// readFactor takes 2fa_enable, of which only true counts, in place of the setting, and the phone.
func (a *usersAPI) readFactor(c *check) userFactor {
	f := userFactor{enabled: !a.twoFactorOff}
	if value, given := c.fields["2fa_enable"]; given {
		f.enabled = string(value) == "true"
	}
	if _, f.given = c.fields["factor"]; f.given {
		f.phone = c.optionalPhone("factor")
	}
	return f
}

// create makes the factor of a new user.
func (f userFactor) create(ctx context.Context, store *storage.Store, userID string) error {
	if !f.enabled {
		return nil
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
	factor.Factor = f.phone
	return store.UpdateAuthenticationFactor(ctx, *factor)
}
