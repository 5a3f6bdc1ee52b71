package main

import (
	"context"

	"ithildin/cmd/ithildin/internal/administration"
	"ithildin/cmd/ithildin/internal/config"
	"ithildin/cmd/ithildin/internal/console"
	"ithildin/cmd/ithildin/internal/database"
)

type userDeleteCommand struct {
	userArgument
	console.ConfirmFlag
	config.TargetFlags
}

// Help shows how the verb is used.
func (userDeleteCommand) Help() string {
	return `Sessions, tokens, roles, approvals and factors of the user are deleted too; audit events stay. The sub of the
user is never reused. "ithildin user block" can be undone, this can't.

Example:

    ithildin user delete doctor@example.com`
}

// Run deletes the user.
func (c *userDeleteCommand) Run(ctx context.Context, terminal console.Terminal) error {
	return administration.With(ctx, c.TargetFlags, func(admin administration.Administration) error {
		user, err := findUser(ctx, admin, c.User)
		if err != nil {
			return err
		}
		if err := c.Confirm(terminal, "Delete the user %s and all that is theirs?", user.Email); err != nil {
			return err
		}
		return database.Explain(admin.DeleteUser(ctx, user.ID), "user "+c.User)
	})
}
