package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"ithildin/storage"
)

type auditCommand struct {
	List  auditListCommand  `cmd:"" help:"List events, newest first."`
	Prune auditPruneCommand `cmd:"" help:"Delete old events."`
}

// dateFlag is a day or a time of the command line, in UTC where it names no zone.
type dateFlag struct{ time.Time }

// UnmarshalText reads 2026-01-31 or 2026-01-31T12:00:00Z.
func (m *dateFlag) UnmarshalText(text []byte) (err error) {
	for _, layout := range []string{time.DateOnly, time.RFC3339} {
		if m.Time, err = time.Parse(layout, string(text)); err == nil {
			return nil
		}
	}
	return fmt.Errorf("%q is no date: want 2026-01-31 or 2026-01-31T12:00:00Z", text)
}

// seconds is 0 where no dateFlag was given.
func (m dateFlag) seconds() int64 {
	if m.IsZero() {
		return 0
	}
	return m.Unix()
}

type auditListCommand struct {
	Kind   string   `placeholder:"KIND" help:"Such as gateway_decision, sign_in_failed or user_blocked."`
	Client string   `placeholder:"ID" help:"Of one client."`
	User   string   `placeholder:"ID" help:"Of one user."`
	Since  dateFlag `placeholder:"DATE" help:"From then on."`
	Until  dateFlag `placeholder:"DATE" help:"Before then."`
	Limit  int      `default:"100" help:"How many at most; up to 1000."`
	databaseFlags
	formatFlag
}

// Help shows how the verb is used.
func (auditListCommand) Help() string {
	return `Example:

    ithildin audit list --kind gateway_decision --since 2026-01-31 --format json`
}

type eventRow struct {
	At        string `json:"at"`
	Kind      string `json:"kind"`
	ClientID  string `json:"client_id"`
	UserID    string `json:"user_id"`
	Address   string `json:"address"`
	RequestID string `json:"request_id"`
	Details   string `json:"details"`
}

// Run prints the events.
func (c *auditListCommand) Run(ctx context.Context, terminal console) error {
	if c.Limit < 1 {
		return &usageError{cause: errors.New("--limit wants a number above zero")}
	}
	return c.withStore(ctx, func(store *storage.Store) error {
		events, err := store.ListEvents(ctx, storage.EventFilter{
			Kind: c.Kind, ClientID: c.Client, UserID: c.User, Since: c.Since.seconds(), Before: c.Until.seconds(), Limit: c.Limit,
		})
		if err != nil {
			return err
		}
		rows := make([]eventRow, len(events))
		for i, e := range events {
			rows[i] = eventRow{
				At: time.Unix(e.CreatedAt, 0).UTC().Format(time.RFC3339), Kind: e.Kind, ClientID: e.ClientID, UserID: e.UserID,
				Address: e.Address, RequestID: e.RequestID, Details: inOrder(e.Details),
			}
		}
		return printRows(terminal.out, c.formatFlag, rows)
	})
}

// inOrder writes the details as name=value, in the order of names.
func inOrder(details map[string]string) string {
	list := make([]string, 0, len(details))
	for name, value := range details {
		list = append(list, name+"="+value)
	}
	slices.Sort(list)
	return strings.Join(list, " ")
}

type auditPruneCommand struct {
	Before    dateFlag `placeholder:"DATE" help:"Events from before then."`
	OlderThan int      `placeholder:"DAYS" help:"Events that are older than that."`
	Kind      string   `placeholder:"KIND" help:"Of one kind only."`
	confirmFlag
	databaseFlags
}

// Help shows how the verb is used.
func (auditPruneCommand) Help() string {
	return `Events end by themselves after a year; this is for those that should go before.

Example:

    ithildin audit prune --kind gateway_decision --older-than 90`
}

// Run deletes and says how many.
func (c *auditPruneCommand) Run(ctx context.Context, terminal console) error {
	if c.Before.IsZero() == (c.OlderThan <= 0) {
		return &usageError{cause: errors.New("want --before or --older-than, one of them")}
	}
	return c.withStore(ctx, func(store *storage.Store) error {
		before := c.Before.seconds()
		if c.OlderThan > 0 {
			before = store.Now() - int64(c.OlderThan)*24*3600
		}
		if err := c.confirm(terminal, "Delete the events from before %s?", time.Unix(before, 0).UTC().Format(time.RFC3339)); err != nil {
			return err
		}
		n, err := store.PruneEvents(ctx, c.Kind, before, defaultJanitorBatch)
		fmt.Fprintf(terminal.out, "deleted %d\n", n)
		return err
	})
}
