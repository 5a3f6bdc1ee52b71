package main

import (
	"context"
	"errors"

	"ithildin/cmd/ithildin/internal/config"
	"ithildin/cmd/ithildin/internal/console"
	"ithildin/cmd/ithildin/internal/database"
	"ithildin/cmd/ithildin/internal/server"
	"ithildin/storage"
)

type janitorCommand struct {
	PasswordLifetime string `env:"ITHILDIN_PASSWORD_LIFETIME" placeholder:"DAYS" help:"@janitor_password_lifetime"`
	config.JanitorFlags
	config.DatabaseFlags
	console.FormatFlag
}

// Help shows how the verb is used.
func (janitorCommand) Help() string {
	return `It does once, at any hour, what a running server does every ten minutes in the configured hours. Servers may
be running.

Example:

    ithildin janitor --database-url sqlite:ithildin.db`
}

type sweptRow struct {
	Table string `json:"table"`
	Rows  int64  `json:"rows"`
}

// Run prints how many users' tokens were ended, and how many rows went from each table. A job that fails does not
// keep the others from being done.
func (c *janitorCommand) Run(ctx context.Context, terminal console.Terminal) error {
	s, err := config.LoadJanitor(c.JanitorFlags, c.PasswordLifetime)
	if err != nil {
		return err
	}
	return database.WithStore(ctx, c.DatabaseFlags, func(store *storage.Store) error {
		var rows []sweptRow
		failed := server.RunJanitor(ctx, s, store, func(table string, count int64) {
			rows = append(rows, sweptRow{Table: table, Rows: count})
		})
		return errors.Join(console.PrintRows(terminal.Out, c.FormatFlag, rows), failed)
	})
}
