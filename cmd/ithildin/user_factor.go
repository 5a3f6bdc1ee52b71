package main

import (
	"context"
	"errors"
	"slices"

	"ithildin/cmd/ithildin/internal/administration"
	"ithildin/cmd/ithildin/internal/config"
	"ithildin/cmd/ithildin/internal/console"
	"ithildin/cmd/ithildin/internal/database"
	"ithildin/storage"
)

type userFactorCommand struct {
	List    userFactorListCommand    `cmd:"" help:"List the second factors of a user."`
	Enable  userFactorEnableCommand  `cmd:"" help:"Enable a second factor."`
	Disable userFactorDisableCommand `cmd:"" help:"Disable a second factor."`
	Reset   userFactorResetCommand   `cmd:"" help:"Remove the phone of a second factor."`
	Remove  userFactorRemoveCommand  `cmd:"" help:"Remove second factors of a user."`
}

type userFactorListCommand struct {
	userArgument
	config.TargetFlags
	console.FormatFlag
}

// Help shows how the verb is used.
func (userFactorListCommand) Help() string {
	return `Example:

    ithildin user factor list doctor@example.com`
}

type userFactorRow struct {
	Type       string         `json:"type"`
	Factor     string         `json:"factor"`
	Active     bool           `json:"active"`
	Left       int64          `json:"left,omitempty"`
	CreatedAt  console.Moment `json:"created_at"`
	LastUsedAt console.Moment `json:"last_used_at"`
	ID         string         `json:"id"`
}

// Run prints the factors with what may be shown of them.
func (c *userFactorListCommand) Run(ctx context.Context, terminal console.Terminal) error {
	return administration.With(ctx, c.TargetFlags, func(admin administration.Administration) error {
		user, err := findUser(ctx, admin, c.User)
		if err != nil {
			return err
		}
		factors, err := admin.ListSecondFactors(ctx, user.ID)
		if err != nil {
			return err
		}
		var rows []userFactorRow
		for _, f := range factors {
			rows = append(rows, userFactorRow{f.Kind, f.Name, f.IsActive, f.Left, console.Moment(f.CreatedAt),
				console.Moment(f.LastUsedAt), f.ID})
		}
		return console.PrintRows(terminal.Out, c.FormatFlag, rows)
	})
}

// userFactorArgument names factors of a user.
type userFactorArgument struct {
	userArgument
	Type     string `default:"SMS" help:"The type of the factors, as user factor list shows it."`
	FactorID string `name:"id" placeholder:"UUID" help:"One factor of the type, by its id; without it, all of them."`
	config.TargetFlags
	config.SecretFlags
}

// each finds the factors and changes each of them; all are changed, or none is.
func (a userFactorArgument) each(
	ctx context.Context, change func(context.Context, administration.Users, string, storage.SecondFactor) error,
) error {
	return administration.WithSealable(ctx, a.TargetFlags, a.SecretFlags, func(admin administration.Administration) error {
		user, err := findUser(ctx, admin, a.User)
		if err != nil {
			return err
		}
		factors, err := admin.ListSecondFactors(ctx, user.ID)
		if err != nil {
			return err
		}
		factors = slices.DeleteFunc(factors, func(f storage.SecondFactor) bool {
			return f.Kind != a.Type || a.FactorID != "" && f.ID != a.FactorID
		})
		if len(factors) == 0 {
			return database.Explain(storage.ErrNotFound, "factor "+a.Type+" of user "+a.User)
		}
		return admin.Together(ctx, func(ctx context.Context) error {
			for _, factor := range factors {
				if err := change(ctx, admin, user.ID, factor); err != nil {
					return err
				}
			}
			return nil
		})
	})
}

// activate makes the factors active, or inactive.
func (a userFactorArgument) activate(ctx context.Context, active bool) error {
	if a.Type == storage.FactorRecoveryCode || a.Type == storage.FactorPasskey {
		return &console.UsageError{Cause: errors.New("passkeys and recovery codes are always active; remove them: " +
			"user factor remove")}
	}
	return a.each(ctx, func(ctx context.Context, admin administration.Users, userID string, f storage.SecondFactor) error {
		return admin.ActivateSecondFactor(ctx, userID, f.Kind, f.ID, active)
	})
}

type userFactorEnableCommand struct{ userFactorArgument }

// Help shows how the verb is used.
func (userFactorEnableCommand) Help() string {
	return `Example:

    ithildin user factor enable doctor@example.com`
}

// Run makes the factors count again.
func (c *userFactorEnableCommand) Run(ctx context.Context) error { return c.activate(ctx, true) }

type userFactorDisableCommand struct {
	userFactorArgument
	console.ConfirmFlag
}

// Help shows how the verb is used.
func (userFactorDisableCommand) Help() string {
	return `The user signs in without the factor until user factor enable.

Example:

    ithildin user factor disable doctor@example.com

    ithildin user factor disable doctor@example.com --type TOTP`
}

// Run makes the factors count no more.
func (c *userFactorDisableCommand) Run(ctx context.Context, terminal console.Terminal) error {
	if err := c.Confirm(terminal, "Let %s sign in without %s?", c.User, c.Type); err != nil {
		return err
	}
	return c.activate(ctx, false)
}

type userFactorResetCommand struct {
	userArgument
	config.TargetFlags
	config.SecretFlags
	console.ConfirmFlag
}

// Help shows how the verb is used.
func (userFactorResetCommand) Help() string {
	return `The phone is removed. The next sign-in with the password of the user sets another one, unless the user has
another second factor, by which the sign-in is confirmed then. If somebody else may know the password, set a new one too
(ithildin user set-password). Authenticator apps and recovery codes are removed: ithildin user factor remove.

Example:

    ithildin user factor reset doctor@example.com`
}

// Run takes away what the factor is checked by.
func (c *userFactorResetCommand) Run(ctx context.Context, terminal console.Terminal) error {
	return administration.WithSealable(ctx, c.TargetFlags, c.SecretFlags, func(admin administration.Administration) error {
		user, err := findUser(ctx, admin, c.User)
		if err != nil {
			return err
		}
		factors, err := admin.ListSecondFactors(ctx, user.ID)
		if err != nil {
			return err
		}
		i := slices.IndexFunc(factors, func(f storage.SecondFactor) bool { return f.Kind == storage.FactorSMS })
		if i < 0 {
			return database.Explain(storage.ErrNotFound, "factor "+storage.FactorSMS+" of user "+c.User)
		}
		if err := c.Confirm(terminal, "Reset %s of %s?", storage.FactorSMS, c.User); err != nil {
			return err
		}
		return admin.ResetPhone(ctx, user.ID, factors[i].ID)
	})
}

type userFactorRemoveCommand struct {
	userFactorArgument
	console.ConfirmFlag
}

// Help shows how the verb is used.
func (userFactorRemoveCommand) Help() string {
	return `The factors are gone, and the recovery codes with the last of them. A user whose roles ask for a second
factor adds another one at the next sign-in with the password. If somebody else may know the password, set a new one
too (ithildin user set-password).

Example:

    ithildin user factor remove doctor@example.com --type TOTP

    ithildin user factor remove doctor@example.com --type passkey

    ithildin user factor remove doctor@example.com --type recovery_code`
}

// Run removes the factors.
func (c *userFactorRemoveCommand) Run(ctx context.Context, terminal console.Terminal) error {
	if err := c.Confirm(terminal, "Remove %s of %s?", c.Type, c.User); err != nil {
		return err
	}
	return c.each(ctx, func(ctx context.Context, admin administration.Users, userID string, f storage.SecondFactor) error {
		return admin.RemoveSecondFactor(ctx, userID, f.Kind, f.ID)
	})
}
