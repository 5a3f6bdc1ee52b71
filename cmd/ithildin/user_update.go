package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/mail"

	"ithildin/cmd/ithildin/internal/administration"
	"ithildin/cmd/ithildin/internal/config"
	"ithildin/cmd/ithildin/internal/console"
	"ithildin/cmd/ithildin/internal/database"
	"ithildin/provider"
	"ithildin/storage"
)

type userUpdateCommand struct {
	userArgument
	Email       *string `placeholder:"EMAIL" help:"New email address, by which the user signs in."`
	TaxID       *string `placeholder:"TEXT" help:"Tax number; an empty value removes it."`
	ProfileFile string  `placeholder:"PATH" help:"@user_update_profile_file"`
	config.TargetFlags
}

// Help shows how the verb is used.
func (userUpdateCommand) Help() string {
	return `Values that are not given stay. A changed email address is no longer verified, unless the profile says so.

Example:

    ithildin user update doctor@example.com --email o.koval@example.com

    ithildin user update doctor@example.com --profile-file doctor.json`
}

// Run changes the user.
func (c *userUpdateCommand) Run(ctx context.Context, terminal console.Terminal) error {
	if c.Email != nil {
		if err := checkEmail(*c.Email); err != nil {
			return err
		}
	}
	profile, err := readProfile(c.ProfileFile, terminal)
	if err != nil {
		return err
	}
	return administration.With(ctx, c.TargetFlags, func(admin administration.Administration) error {
		user, err := findUser(ctx, admin, c.User)
		if err != nil {
			return err
		}
		c.apply(user, profile)
		return database.Explain(admin.UpdateUser(ctx, *user), "user "+user.Email)
	})
}

func (c *userUpdateCommand) apply(user *storage.User, profile json.RawMessage) {
	if c.Email != nil {
		user.Email = *c.Email
		user.Profile = provider.WithoutClaim(user.Profile, "email_verified")
	}
	if c.TaxID != nil {
		user.TaxID = *c.TaxID
	}
	if profile != nil {
		user.Profile = profile
	}
}

func checkEmail(email string) error {
	if address, err := mail.ParseAddress(email); err != nil || address.Address != email {
		return &console.UsageError{Cause: fmt.Errorf("%q is no email address", email)}
	}
	return nil
}

// readProfile reads the claims about a user from a file; nil without one.
func readProfile(path string, terminal console.Terminal) (json.RawMessage, error) {
	if path == "" {
		return nil, nil
	}
	content, err := console.ReadFile(path, terminal.In)
	if err != nil {
		return nil, &console.UsageError{Cause: err}
	}
	if len(bytes.TrimSpace(content)) == 0 {
		return nil, &console.UsageError{Cause: fmt.Errorf("%s is empty", path)}
	}
	if err := provider.ValidateProfile(content); err != nil {
		return nil, &console.UsageError{Cause: fmt.Errorf("%s: %w", path, err)}
	}
	return content, nil
}
