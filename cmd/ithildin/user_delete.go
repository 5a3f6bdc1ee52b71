package main

import (
	"context"

	"ithildin/cmd/ithildin/internal/config"
	"ithildin/cmd/ithildin/internal/console"
	"ithildin/cmd/ithildin/internal/database"
	"ithildin/storage"
)

type userDeleteCommand struct {
	userArgument
	console.ConfirmFlag
	config.DatabaseFlags
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
	return database.WithStore(ctx, c.DatabaseFlags, func(store *storage.Store) error {
		user, err := findUser(ctx, store, c.User)
		if err != nil {
			return err
		}
		if err := c.Confirm(terminal, "Delete the user %s and all that is theirs?", user.Email); err != nil {
			return err
		}
		return database.Explain(store.DeleteUser(ctx, user.ID), "user "+c.User)
	})
}
