package main

import (
	"context"
	"errors"
	"fmt"
	"os/signal"
	"syscall"
	"time"

	"ithildin/cmd/ithildin/internal/administration"
	"ithildin/cmd/ithildin/internal/config"
	"ithildin/cmd/ithildin/internal/console"
	"ithildin/storage"
)

// followPause is how often audit export asks for events that are young yet.
const followPause = time.Second

type auditExportCommand struct {
	eventFlags
	Follow bool `help:"Continue with new events until the process is stopped."`
	// MinimumAge must be no less than the time after which an event becomes visible: a statement ends within ten seconds,
	// and storage.EventQueue gives what waited for longer than two the time at which it is written.
	MinimumAge time.Duration `name:"settle" default:"12s" help:"Age at which an event is written."`
	sinkFlags
	config.TargetFlags
	clock exportClock
}

// exportClock replaces the time and the pauses of an export in tests; a nil function is that of the machine.
type exportClock struct {
	now   func() time.Time
	pause func(ctx context.Context, d time.Duration)
}

// Help shows how the verb is used.
func (auditExportCommand) Help() string {
	return `Each line is a JSON object with a cursor. An export with --after and the cursor of the last line continues
after that event: none is left out or repeated.

An event becomes visible shortly after its time, when its transaction ends. So that none appears before a line that
was written already, an event is written when it is 12 seconds old: without --follow the export waits until all events
from before its start are that old. --settle 0s does not wait, and may miss events that are being written.

--to delivers the events to another system: to https, a POST of such lines that is repeated until the answer is 2xx, or
to syslog (RFC 5424), which knows no receipts. With --cursor-file an export that is started again continues; an event
may then be delivered twice, after a crash between its delivery and the writing of the file, but is not left out.

Example:

    ithildin audit export --since 2026-01-31 > audit.ndjson

    ithildin audit export --follow --after "$(tail -n 1 audit.ndjson | jq -r .cursor)" >> audit.ndjson

    ithildin audit export --follow --to https://siem.example/ithildin --to-token-file token --cursor-file cursor`
}

// Run writes the events page by page, so that the memory does not grow with their number.
func (c *auditExportCommand) Run(ctx context.Context, terminal console.Terminal) error {
	ctx, restoreSignals := signal.NotifyContext(ctx, syscall.SIGINT, syscall.SIGTERM)
	defer restoreSignals()
	if c.MinimumAge < 0 {
		return &console.UsageError{Cause: errors.New("--settle wants a duration of zero or more")}
	}
	sink, err := c.open(terminal)
	if err != nil {
		return err
	}
	hintAtKinds(terminal, c.Kind)
	filter := c.filter()
	filter.OldestFirst = true
	if filter.After, err = c.startAt(filter.After); err != nil {
		return err
	}
	clock := c.clock.withDefaults()
	return administration.With(ctx, c.TargetFlags, func(admin administration.Administration) error {
		end := nextSecond(clock.now())
		if !c.Follow && (filter.Before.IsZero() || filter.Before.After(end)) {
			filter.Before = end
		}
		for {
			cutoff := nextSecond(clock.now().Add(-c.MinimumAge))
			err := c.export(ctx, sink, admin, &filter, cutoff)
			switch {
			case c.Follow && ctx.Err() != nil:
				return nil // ended by a signal
			case c.Follow && (errors.Is(err, storage.ErrUnavailable) || errors.Is(err, errSink)):
				fmt.Fprintln(terminal.Err, "ithildin: trying again:", err)
			case err != nil:
				return explainCursor(err)
			case ctx.Err() != nil:
				return ctx.Err()
			case !c.Follow && !filter.Before.After(cutoff):
				return nil
			}
			clock.pause(ctx, followPause)
		}
	})
}

// nextSecond is when the second of a time ends.
func nextSecond(t time.Time) time.Time { return t.Truncate(time.Second).Add(time.Second) }

func (c exportClock) withDefaults() exportClock {
	if c.now == nil {
		c.now = time.Now
	}
	if c.pause == nil {
		c.pause = func(ctx context.Context, d time.Duration) {
			select {
			case <-ctx.Done():
			case <-time.After(d):
			}
		}
	}
	return c
}

// export delivers the events behind the filter's cursor from before a time, and moves the cursor.
func (c *auditExportCommand) export(
	ctx context.Context, sink auditSink, admin administration.Records, filter *storage.EventFilter, before time.Time,
) error {
	for {
		page := *filter
		if page.Before.IsZero() || before.Before(page.Before) {
			page.Before = before
		}
		events, err := admin.ListEvents(ctx, page)
		if err != nil || len(events) == 0 {
			return err
		}
		if err := sink.deliver(ctx, recordsOf(events)); err != nil {
			return err
		}
		filter.After = events[len(events)-1].Cursor()
		if err := c.keep(filter.After); err != nil {
			return err
		}
	}
}
