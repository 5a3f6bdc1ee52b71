package main

import (
	"context"
	"errors"
	"strconv"

	"ithildin/cmd/ithildin/internal/config"
	"ithildin/cmd/ithildin/internal/console"
	"ithildin/cmd/ithildin/internal/database"
	"ithildin/storage"
)

type afterRestoreCommand struct {
	console.ConfirmFlag
	config.DatabaseFlags
	console.FormatFlag
}

// Help shows how the verb is used.
func (afterRestoreCommand) Help() string {
	return `A database that was restored to an earlier time does not know what was used, replaced or revoked since then.
This ends, before the servers start: sessions, codes, grants with their refresh tokens, opaque access tokens, pushed
requests, one-time codes, links to set a password, open invitations, remembered browsers, and initial access tokens. So
everybody signs in anew. Accounts, clients, roles, secrets and keys are left as they were restored: what was changed
since is in the exported audit. docs/backup.md has all steps.

Example:

    ithildin after-restore --database-url-file /run/secrets/database`
}

// Run ends what was restored, and prints how many rows of each table it ended. An interrupted run is continued by the
// next one.
func (c *afterRestoreCommand) Run(ctx context.Context, terminal console.Terminal) error {
	return database.WithStore(ctx, c.DatabaseFlags, func(store *storage.Store) error {
		if err := c.Confirm(terminal, "End every session, token, code and link in this database?"); err != nil {
			return err
		}
		var rows []sweptRow
		details := map[string]string{}
		failed := store.EndRolledBack(ctx, func(table string, count int64) {
			rows = append(rows, sweptRow{Table: table, Rows: count})
			details[table] = strconv.FormatInt(count, 10)
		})
		recorded := store.RecordAct(ctx, storage.EventRolledBackEnded, details)
		return errors.Join(console.PrintRows(terminal.Out, c.FormatFlag, rows), failed, recorded)
	})
}
