package main

import (
	"context"

	"ithildin/storage"
)

type userDeleteCommand struct {
	userArgument
	confirmFlag
	databaseFlags
}

// Help shows how the verb is used.
func (userDeleteCommand) Help() string {
	return `Sessions, tokens, roles, approvals and factors of the user go too; audit events stay. The sub of the user is never given
to another. "ithildin user block" can be undone, this can't.

Example:

    ithildin user delete doctor@example.com`
}

// Run deletes the user.
func (c *userDeleteCommand) Run(ctx context.Context, terminal console) error {
	return withStore(ctx, c.databaseFlags, func(store *storage.Store) error {
		user, err := findUser(ctx, store, c.User)
		if err != nil {
			return err
		}
		if err := c.confirm(terminal, "Delete the user %s and all that is theirs?", user.Email); err != nil {
			return err
		}
		return explain(store.DeleteUser(ctx, user.ID), "user "+c.User)
	})
}
