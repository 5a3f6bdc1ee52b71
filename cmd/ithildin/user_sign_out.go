package main

import (
	"context"

	"ithildin/cmd/ithildin/internal/administration"
	"ithildin/cmd/ithildin/internal/config"
	"ithildin/cmd/ithildin/internal/console"
)

type userSignOutCommand struct {
	userArgument
	config.TargetFlags
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
	return administration.With(ctx, c.TargetFlags, func(admin administration.Administration) error {
		user, err := findUser(ctx, admin, c.User)
		if err != nil {
			return err
		}
		ended, err := admin.EndLoginSessions(ctx, user.ID)
		if err != nil {
			return err
		}
		return console.PrintRecord(terminal.Out, c.FormatFlag, signedOutRow{Sessions: len(ended)})
	})
}
