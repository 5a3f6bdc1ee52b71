package main

import (
	"context"
	"errors"
	"ithildin/storage"
	"maps"
	"slices"
)

type janitorCommand struct {
	PasswordLifetime string `env:"ITHILDIN_PASSWORD_LIFETIME" placeholder:"DAYS" help:"Age of passwords whose tokens are ended; default 90, 0 for none."`
	janitorFlags
	databaseFlags
	formatFlag
}

// Help shows how the verb is used.
func (janitorCommand) Help() string {
	return `Does at once, whatever the hour, what a running server does every ten minutes in the hours that are set. It may run
beside servers.

Example:

    ithildin janitor --database-url sqlite:ithildin.db`
}

type sweptRow struct {
	Table string `json:"table"`
	Rows  int64  `json:"rows"`
}

// Run prints how many users' tokens were ended, and how many rows went from each table. A job that fails does not keep the
// others from being done.
func (c *janitorCommand) Run(ctx context.Context, terminal console) error {
	var p problems
	lifetime := componentFlags{PasswordLifetime: c.PasswordLifetime}.passwordLifetime(&p)
	s := c.janitorFlags.load(&p, lifetime)
	if err := p.err(); err != nil {
		return err
	}
	return c.withStore(ctx, func(store *storage.Store) error {
		j := &janitor{settings: s, store: store}
		var rows []sweptRow
		var failures []error
		add := func(done map[string]int64, err error) {
			for _, table := range slices.Sorted(maps.Keys(done)) {
				rows = append(rows, sweptRow{Table: table, Rows: done[table]})
			}
			failures = append(failures, err)
		}
		if lifetime > 0 {
			add(j.endOldPasswords(ctx, 0))
		}
		add(store.Sweep(ctx, storage.Sweep{Batch: s.batch, TokenRetention: s.retention}))
		add(j.deleteUnapproved(ctx))
		add(nil, store.TruncateLog(ctx))
		if err := printRows(terminal.out, c.formatFlag, rows); err != nil {
			return err
		}
		return errors.Join(failures...)
	})
}
