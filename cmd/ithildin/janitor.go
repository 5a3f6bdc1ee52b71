package main

import (
	"context"
	"maps"
	"slices"

	"ithildin/storage"
)

type janitorCommand struct {
	databaseFlags
	formatFlag
}

// Help shows how the verb is used.
func (janitorCommand) Help() string {
	return `A running server does the same every ten minutes. It may run beside servers.

Example:

    ithildin janitor --database-url sqlite:ithildin.db`
}

type sweptRow struct {
	Table string `json:"table"`
	Rows  int64  `json:"rows"`
}

// Run prints how many rows went from each table.
func (c *janitorCommand) Run(ctx context.Context, terminal console) error {
	return c.withStore(ctx, func(store *storage.Store) error {
		deleted, err := store.Sweep(ctx, sweepBatch)
		if err != nil {
			return err
		}
		var rows []sweptRow
		for _, table := range slices.Sorted(maps.Keys(deleted)) {
			rows = append(rows, sweptRow{Table: table, Rows: deleted[table]})
		}
		return printRows(terminal.out, c.formatFlag, rows)
	})
}
