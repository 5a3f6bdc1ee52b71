package main

import (
	"context"

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
}

type userFactorListCommand struct {
	userArgument
	config.DatabaseFlags
	config.SecretFlags
	console.FormatFlag
}

// Help shows how the verb is used.
func (userFactorListCommand) Help() string {
	return `Example:

    ithildin user factor list doctor@example.com`
}

type userFactorRow struct {
	Type      string         `json:"type"`
	Factor    string         `json:"factor"`
	Active    bool           `json:"active"`
	CreatedAt console.Moment `json:"created_at"`
	UpdatedAt console.Moment `json:"updated_at"`
}

// Run prints the factors with what may be shown of them.
func (c *userFactorListCommand) Run(ctx context.Context, terminal console.Terminal) error {
	return database.WithSealableStore(ctx, c.DatabaseFlags, c.SecretFlags, func(store *storage.Store) error {
		user, err := findUser(ctx, store, c.User)
		if err != nil {
			return err
		}
		factors, err := store.ListAuthenticationFactors(ctx, user.ID)
		if err != nil {
			return err
		}
		var rows []userFactorRow
		for _, f := range factors {
			rows = append(rows, userFactorRow{f.Type, f.Factor, f.IsActive, console.Moment(f.CreatedAt),
				console.Moment(f.UpdatedAt)})
		}
		return console.PrintRows(terminal.Out, c.FormatFlag, rows)
	})
}

// userFactorArgument names a factor of a user.
type userFactorArgument struct {
	userArgument
	Type string `default:"SMS" help:"The type of the factor, as user factor list shows it."`
	config.DatabaseFlags
	config.SecretFlags
}

// change finds the factor and stores it as change leaves it.
func (a userFactorArgument) change(ctx context.Context, change func(*storage.AuthenticationFactor) error) error {
	return database.WithSealableStore(ctx, a.DatabaseFlags, a.SecretFlags, func(store *storage.Store) error {
		user, err := findUser(ctx, store, a.User)
		if err != nil {
			return err
		}
		factor, err := store.FindAuthenticationFactor(ctx, user.ID, a.Type)
		if err != nil {
			return database.Explain(err, "factor "+a.Type+" of user "+a.User)
		}
		if err := change(factor); err != nil {
			return err
		}
		return store.UpdateAuthenticationFactor(ctx, *factor)
	})
}

type userFactorEnableCommand struct{ userFactorArgument }

// Help shows how the verb is used.
func (userFactorEnableCommand) Help() string {
	return `Example:

    ithildin user factor enable doctor@example.com`
}

// Run makes the factor count again.
func (c *userFactorEnableCommand) Run(ctx context.Context) error {
	return c.change(ctx, func(f *storage.AuthenticationFactor) error { f.IsActive = true; return nil })
}

type userFactorDisableCommand struct {
	userFactorArgument
	console.ConfirmFlag
}

// Help shows how the verb is used.
func (userFactorDisableCommand) Help() string {
	return `The user signs in without the factor until user factor enable.

Example:

    ithildin user factor disable doctor@example.com`
}

// Run makes the factor count no more.
func (c *userFactorDisableCommand) Run(ctx context.Context, terminal console.Terminal) error {
	return c.userFactorArgument.change(ctx, func(f *storage.AuthenticationFactor) error {
		f.IsActive = false
		return c.Confirm(terminal, "Let %s sign in without %s?", c.User, c.Type)
	})
}

type userFactorResetCommand struct {
	userFactorArgument
	console.ConfirmFlag
}

// Help shows how the verb is used.
func (userFactorResetCommand) Help() string {
	return `The phone is removed. The next sign-in with the password of the user sets another one. If somebody else may
know the password, set a new one too (ithildin user set-password).

Example:

    ithildin user factor reset doctor@example.com`
}

// Run takes away what the factor is checked by.
func (c *userFactorResetCommand) Run(ctx context.Context, terminal console.Terminal) error {
	return c.userFactorArgument.change(ctx, func(f *storage.AuthenticationFactor) error {
		f.Factor, f.Secret = "", nil
		return c.Confirm(terminal, "Reset %s of %s?", c.Type, c.User)
	})
}
