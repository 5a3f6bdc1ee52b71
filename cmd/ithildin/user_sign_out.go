package main

import (
	"context"

	"ithildin/cmd/ithildin/internal/config"
	"ithildin/cmd/ithildin/internal/console"
	"ithildin/cmd/ithildin/internal/database"
	"ithildin/storage"
)

type userSignOutCommand struct {
	userArgument
	config.DatabaseFlags
	console.FormatFlag
}

// Help shows how the verb is used.
func (userSignOutCommand) Help() string {
	return `Example:

    ithildin user sign-out doctor@example.com

The user has to sign in again in every browser, and clients of the sessions are notified by the back channel. Tokens
with offline access stay; "ithildin user block" ends them too.`
}

type signedOutRow struct {
	Sessions int `json:"sessions"`
}

// Run ends the sessions and says how many there were.
func (c *userSignOutCommand) Run(ctx context.Context, terminal console.Terminal) error {
	return database.WithStore(ctx, c.DatabaseFlags, func(store *storage.Store) error {
		user, err := findUser(ctx, store, c.User)
		if err != nil {
			return err
		}
		ended, err := store.EndLoginSessions(ctx, user.ID)
		if err != nil {
			return err
		}
		return console.PrintRecord(terminal.Out, c.FormatFlag, signedOutRow{Sessions: len(ended)})
	})
}
