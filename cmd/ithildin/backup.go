package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"

	"ithildin/cmd/ithildin/internal/config"
	"ithildin/cmd/ithildin/internal/console"
	"ithildin/cmd/ithildin/internal/database"
	"ithildin/storage"
)

type backupCommand struct {
	File string `arg:"" placeholder:"FILE" help:"The new file, which must not be there."`
	config.DatabaseFlags
}

// Help shows how the verb is used.
func (backupCommand) Help() string {
	return `The copy is the database as it is at one moment, and a server may run meanwhile. It is read by its owner
alone: it holds hashes of passwords, tax numbers and phone numbers. Keep it, and apart from it the master secret.
PostgreSQL has its own ways: docs/backup.md.

Example:

    ithildin backup --database-url sqlite:/var/lib/ithildin/ithildin.db /var/backups/ithildin/2026-11-29.db`
}

// Run makes the copy.
func (c *backupCommand) Run(ctx context.Context, terminal console.Terminal) error {
	return database.WithOldSchema(c.DatabaseFlags, func(store *storage.Store) error {
		err := store.CopyTo(ctx, c.File)
		switch {
		case errors.Is(err, storage.ErrNotSQLite):
			return console.WithHint("see docs/backup.md for PostgreSQL", errors.New("this copies databases of SQLite only"))
		case errors.Is(err, fs.ErrExist):
			return &console.UsageError{Cause: fmt.Errorf("there is a file %s: want the name of a new one", c.File)}
		case err != nil:
			return err
		}
		_, err = fmt.Fprintln(terminal.Out, "copied the database to", c.File)
		return err
	})
}
