package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os/signal"
	"syscall"
	"time"

	"ithildin/cmd/ithildin/internal/config"
	"ithildin/cmd/ithildin/internal/console"
	"ithildin/cmd/ithildin/internal/database"
	"ithildin/storage"
)

const (
	// followPause is how often audit export --follow asks for new events.
	followPause = time.Second
	// followSettle is how old an event is when audit export --follow writes it, unless told otherwise: longer than a statement
	// may take, so that none with an earlier time appears behind it.
	followSettle = 12 * time.Second
)

type auditExportCommand struct {
	eventFlags
	Follow bool           `help:"Go on with new events until the process is ended."`
	Settle *time.Duration `placeholder:"DURATION" help:"Leave out events that are younger; default 12s with --follow, else 0s."`
	config.DatabaseFlags
}

// Help shows how the verb is used.
func (auditExportCommand) Help() string {
	return `Each line is a JSON object with a cursor. An export that begins with --after and the cursor of the last line goes on exactly there: nothing is left out, and nothing comes twice. An event is kept when its change is, a moment after its time; with --settle that moment is waited for.

Example:

    ithildin audit export --since 2026-01-31 > audit.ndjson

    ithildin audit export --follow --after "$(tail -n 1 audit.ndjson | jq -r .cursor)" >> audit.ndjson`
}

// Run writes the events page by page, so that the memory does not grow with their number.
func (c *auditExportCommand) Run(ctx context.Context, terminal console.Terminal) error {
	ctx, restoreSignals := signal.NotifyContext(ctx, syscall.SIGINT, syscall.SIGTERM)
	defer restoreSignals()
	settle := time.Duration(0)
	switch {
	case c.Settle != nil && *c.Settle < 0:
		return &console.UsageError{Cause: errors.New("--settle wants a duration of zero or more")}
	case c.Settle != nil:
		settle = *c.Settle
	case c.Follow:
		settle = followSettle
	}
	return database.WithStore(ctx, c.DatabaseFlags, func(store *storage.Store) error {
		filter := c.filter()
		filter.OldestFirst = true
		for {
			err := c.export(ctx, terminal, store, &filter, int64(settle/time.Second))
			switch {
			case c.Follow && ctx.Err() != nil:
				return nil // ended by a signal
			case c.Follow && errors.Is(err, storage.ErrUnavailable):
				fmt.Fprintln(terminal.Err, "ithildin: the database does not answer, trying again:", err)
			case err != nil || !c.Follow:
				return explainCursor(err)
			}
			select {
			case <-ctx.Done():
				return nil
			case <-time.After(followPause):
			}
		}
	})
}

// export writes what there is behind the filter's cursor, and moves the cursor.
func (c *auditExportCommand) export(
	ctx context.Context, terminal console.Terminal, store *storage.Store, filter *storage.EventFilter, settle int64,
) error {
	out := bufio.NewWriter(terminal.Out)
	encoder := json.NewEncoder(out)
	encoder.SetEscapeHTML(false)
	for {
		page := *filter
		if settled := store.Now() - settle + 1; settle > 0 && (page.Before == 0 || settled < page.Before) {
			page.Before = settled
		}
		events, err := store.ListEvents(ctx, page)
		if err != nil {
			return err
		}
		for _, e := range events {
			if err := encoder.Encode(newEventRecord(e)); err != nil {
				return err
			}
		}
		if err := out.Flush(); err != nil {
			return err
		}
		if len(events) == 0 {
			return nil
		}
		filter.After = events[len(events)-1].Cursor()
	}
}
