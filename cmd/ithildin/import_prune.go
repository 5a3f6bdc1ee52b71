package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"

	"ithildin/adapters/mithril"
	"ithildin/cmd/ithildin/internal/console"
	"ithildin/cmd/ithildin/internal/database"
	"ithildin/storage"
)

// dryRunWithPrune reports what the import and its pruning would do. The target must be there: it is read.
func (c *importMithrilCommand) dryRunWithPrune(
	ctx context.Context, terminal console.Terminal, options mithril.Options,
) error {
	return database.WithSealedStore(ctx, c.DatabaseFlags, c.SecretFlags, func(store *storage.Store) error {
		absent, err := mithril.FindAbsent(ctx, options.Source, store)
		if err != nil {
			return err
		}
		report, failed := mithril.Run(ctx, options)
		return c.report(terminal.Out)(report, absent, failed)
	})
}

// prune says what an import brought and the source has no more, and deletes it where the answer is yes.
func (c *importMithrilCommand) prune(
	ctx context.Context, terminal console.Terminal, source string, store *storage.Store,
) ([]*mithril.Absent, error) {
	absent, err := mithril.FindAbsent(ctx, source, store)
	if err != nil || len(absent) == 0 {
		return nil, err
	}
	printAbsent(terminal.Err, absent)
	if err := c.Confirm(terminal, "Delete all of these?"); err != nil {
		return nil, err
	}
	failed := mithril.Prune(ctx, store, absent)
	details := map[string]string{}
	for _, a := range absent {
		details[a.Name] = strconv.FormatInt(a.Deleted, 10)
	}
	return absent, errors.Join(failed, store.RecordAct(ctx, storage.EventImportPruned, details))
}

// printAbsent writes how many rows of each kind are absent and the names of the first, and how many were deleted.
func printAbsent(out io.Writer, absent []*mithril.Absent) {
	for _, a := range absent {
		fmt.Fprintf(out, "%-22s %9d absent %7d deleted\n", a.Name, a.Count, a.Deleted)
	}
	for _, a := range absent {
		for _, name := range a.First {
			fmt.Fprintf(out, "%s: absent: %s\n", a.Name, name)
		}
		if more := a.Count - int64(len(a.First)); more > 0 {
			fmt.Fprintf(out, "%s: absent: and %d more\n", a.Name, more)
		}
		if a.MadeHere > 0 {
			fmt.Fprintf(out, "%s: with them are deleted %d rows that no import brought\n", a.Name, a.MadeHere)
		}
		for _, note := range a.Notes {
			fmt.Fprintf(out, "%s: %s\n", a.Name, note)
		}
	}
}
