package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"ithildin/cmd/ithildin/internal/config"
	"ithildin/cmd/ithildin/internal/console"
	"ithildin/cmd/ithildin/internal/database"
	"ithildin/migrations"
	"ithildin/storage"
)

type migrateCommand struct {
	Up     migrateUpCommand     `cmd:"" help:"Apply every pending migration."`
	Status migrateStatusCommand `cmd:"" help:"List the migrations and whether they are applied."`
}

type migrateUpCommand struct {
	config.DatabaseFlags
	LockWait time.Duration `default:"15m" help:"How long a statement tries to get its lock." placeholder:"15m"`
}

// Help shows how the verb is used.
func (migrateUpCommand) Help() string {
	return `Running servers of the previous version keep working, while it runs and afterwards. Indexes are built
concurrently. A statement that does not get its lock within a quarter of a second lets requests go first and tries
again for --lock-wait, for example until a backup has ended. An interrupted run is continued by the next
one; of several at once one works and the others wait for it.

On PostgreSQL it must be given the address of the database itself, not of a transaction pooler.

Example:

    ithildin migrate up --database-url-file /run/secrets/database`
}

// Run prints what was applied.
func (c *migrateUpCommand) Run(ctx context.Context, terminal console.Terminal) error {
	return database.WithSchema(c.DatabaseFlags, func(store *storage.Store) error {
		if store.IsPooled() {
			return console.WithHint("give the address of PostgreSQL itself, without binary_parameters=yes",
				errors.New("migrations can't go through a transaction pooler"))
		}
		applied, err := migrations.Up(ctx, store.SQL(), database.EngineOf(store), migrations.LockWait(c.LockWait),
			migrations.Report(func(message string) { fmt.Fprintln(terminal.Err, message) }))
		for _, m := range applied {
			fmt.Fprintln(terminal.Out, "applied", m.Name)
		}
		if err == nil && len(applied) == 0 {
			fmt.Fprintln(terminal.Out, "the database is up to date")
		}
		return err
	})
}

type migrateStatusCommand struct {
	config.DatabaseFlags
	console.FormatFlag
}

// Help shows how the verb is used.
func (migrateStatusCommand) Help() string {
	return `Example:

    ithildin migrate status --format json`
}

type migrationRow struct {
	Version int64  `json:"version"`
	Name    string `json:"name"`
	Applied bool   `json:"applied"`
}

// Run prints every migration.
func (c *migrateStatusCommand) Run(ctx context.Context, terminal console.Terminal) error {
	return database.WithSchema(c.DatabaseFlags, func(store *storage.Store) error {
		list, err := migrations.List(ctx, store.SQL(), database.EngineOf(store))
		if err != nil {
			return err
		}
		rows := make([]migrationRow, len(list))
		for i, m := range list {
			rows[i] = migrationRow(m)
		}
		return console.PrintRows(terminal.Out, c.FormatFlag, rows)
	})
}
