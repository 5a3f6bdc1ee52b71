package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

	"ithildin/cmd/ithildin/internal/administration"
	"ithildin/cmd/ithildin/internal/config"
	"ithildin/cmd/ithildin/internal/console"
	"ithildin/cmd/ithildin/internal/database"
	"ithildin/storage"
)

type auditCommand struct {
	List   auditListCommand   `cmd:"" help:"List events, newest first."`
	Export auditExportCommand `cmd:"" help:"Write all events as JSON, one a line, oldest first."`
	Prune  auditPruneCommand  `cmd:"" help:"Delete old events."`
}

// dateFlag is a day or a time of the command line, in UTC where it names no zone.
type dateFlag struct{ time.Time }

// UnmarshalText reads 2026-01-31 or 2026-01-31T12:00:00Z.
func (m *dateFlag) UnmarshalText(content []byte) (err error) {
	for _, layout := range []string{time.DateOnly, time.RFC3339} {
		if m.Time, err = time.Parse(layout, string(content)); err == nil {
			return nil
		}
	}
	return fmt.Errorf("%q is no date: want 2026-01-31 or 2026-01-31T12:00:00Z", content)
}

// eventFlags say which events are meant.
type eventFlags struct {
	Kind   string   `placeholder:"KIND" help:"Kind of events, such as gateway_decision, sign_in_failed or user_blocked."`
	Client string   `placeholder:"ID" help:"Only events of this client."`
	User   string   `placeholder:"ID" help:"Only events of this user."`
	Since  dateFlag `placeholder:"DATE" help:"Only events from this time on."`
	Until  dateFlag `placeholder:"DATE" help:"Only events before this time."`
	After  string   `placeholder:"CURSOR" help:"Only events after the one with this cursor."`
}

func (f eventFlags) filter() storage.EventFilter {
	return storage.EventFilter{
		Kind: f.Kind, ClientID: foldUUID(f.Client), UserID: foldUUID(f.User), Since: f.Since.Time,
		Before: f.Until.Time,
		After:  f.After,
	}
}

// foldUUID is a UUID as rows have it; any other text is left as it is.
func foldUUID(value string) string {
	if uuid.Validate(value) == nil && len(value) == len(uuid.Nil.String()) {
		return strings.ToLower(value)
	}
	return value
}

// hintAtKinds names the kinds of events where the one that was asked for is none of them. That is no error: a newer
// release may have left events of more kinds.
func hintAtKinds(terminal console.Terminal, kind string) {
	if kind != "" && !slices.Contains(storage.EventKinds, kind) {
		fmt.Fprintf(terminal.Err, "hint: no event of this release has the kind %q; the kinds are %s\n", kind,
			strings.Join(storage.EventKinds, ", "))
	}
}

// explainCursor says what a cursor looks like.
func explainCursor(err error) error {
	if errors.Is(err, storage.ErrCursor) {
		return &console.UsageError{
			Cause: errors.New("--after wants the cursor of an event, as --format json and audit export show it"),
		}
	}
	return err
}

type auditListCommand struct {
	eventFlags
	Limit int `default:"100" help:"Maximum number of events; up to 1000."`
	config.TargetFlags
	console.FormatFlag
}

// mostListed is the maximum number of events that audit list prints; --after continues behind the last one.
const mostListed = 1000

// Help shows how the verb is used.
func (auditListCommand) Help() string {
	return `Each event has a cursor: --after CURSOR lists the next ones, which are older. audit export writes all of them.

Example:

    ithildin audit list --kind gateway_decision --since 2026-01-31 --format json`
}

// eventLine is an event in a table.
type eventLine struct {
	At        string `json:"at"`
	Kind      string `json:"kind"`
	ClientID  string `json:"client_id"`
	UserID    string `json:"user_id"`
	Operator  string `json:"operator"`
	Address   string `json:"address"`
	RequestID string `json:"request_id"`
	Details   string `json:"details"`
}

// eventRecord is an event as JSON.
type eventRecord struct {
	ID        string            `json:"id"`
	Cursor    string            `json:"cursor"`
	At        string            `json:"at"`
	Kind      string            `json:"kind"`
	ClientID  string            `json:"client_id"`
	UserID    string            `json:"user_id"`
	Address   string            `json:"address"`
	RequestID string            `json:"request_id"`
	Details   map[string]string `json:"details"`
	Before    json.RawMessage   `json:"before,omitempty"`
	After     json.RawMessage   `json:"after,omitempty"`
}

func eventTime(e storage.Event) string { return e.CreatedAt.Format(time.RFC3339) }

func newEventRecord(e storage.Event) eventRecord {
	return eventRecord{
		ID: e.ID, Cursor: e.Cursor(), At: eventTime(e), Kind: e.Kind, ClientID: e.ClientID, UserID: e.UserID,
		Address:   e.Address,
		RequestID: e.RequestID, Details: e.Details, Before: e.Before, After: e.After,
	}
}

func newEventLine(e storage.Event) eventLine {
	line := eventLine{
		At: eventTime(e), Kind: e.Kind, ClientID: e.ClientID, UserID: e.UserID, Operator: e.Details["operator"],
		Address: e.Address, RequestID: e.RequestID, Details: inOrder(e.Details),
	}
	for _, part := range []struct {
		name string
		row  json.RawMessage
	}{{"before", e.Before}, {"after", e.After}} {
		if part.row != nil {
			line.Details += " " + part.name + "=" + string(part.row)
		}
	}
	return line
}

// Run prints the events.
func (c *auditListCommand) Run(ctx context.Context, terminal console.Terminal) error {
	if c.Limit < 1 || c.Limit > mostListed {
		return &console.UsageError{
			Cause: fmt.Errorf("--limit wants 1 to %d; --after goes on behind an event, audit export writes all", mostListed),
		}
	}
	hintAtKinds(terminal, c.Kind)
	return administration.With(ctx, c.TargetFlags, func(admin administration.Administration) error {
		filter := c.filter()
		filter.Limit = c.Limit
		events, err := admin.ListEvents(ctx, filter)
		if err != nil {
			return explainCursor(err)
		}
		if c.Format == "json" {
			records := make([]eventRecord, len(events))
			for i, e := range events {
				records[i] = newEventRecord(e)
			}
			return console.PrintJSON(terminal.Out, records)
		}
		lines := make([]eventLine, len(events))
		for i, e := range events {
			lines[i] = newEventLine(e)
		}
		if err := console.PrintRows(terminal.Out, c.FormatFlag, lines); err != nil {
			return err
		}
		if len(events) == c.Limit {
			fmt.Fprintln(terminal.Err, "there may be more: --after", events[len(events)-1].Cursor())
		}
		return nil
	})
}

// inOrder writes the details as name=value, in the order of names; the operator has a column.
func inOrder(details map[string]string) string {
	list := make([]string, 0, len(details))
	for name, value := range details {
		if name != "operator" {
			list = append(list, name+"="+value)
		}
	}
	slices.Sort(list)
	return strings.Join(list, " ")
}

type auditPruneCommand struct {
	Before    dateFlag `placeholder:"DATE" help:"Delete events from before this time."`
	OlderThan int      `placeholder:"DAYS" help:"Delete events older than this."`
	Kind      string   `placeholder:"KIND" help:"Delete only events of this kind."`
	console.ConfirmFlag
	config.DatabaseFlags
}

// Help shows how the verb is used.
func (auditPruneCommand) Help() string {
	return `Events are deleted after ITHILDIN_AUDIT_RETENTION of the server, by default a year; this command deletes them
earlier.

Example:

    ithildin audit prune --kind gateway_decision --older-than 90`
}

// Run deletes and says how many.
func (c *auditPruneCommand) Run(ctx context.Context, terminal console.Terminal) error {
	if c.Before.IsZero() == (c.OlderThan <= 0) {
		return &console.UsageError{Cause: errors.New("want --before or --older-than, one of them")}
	}
	hintAtKinds(terminal, c.Kind)
	return database.WithStore(ctx, c.DatabaseFlags, func(store *storage.Store) error {
		before := c.Before.Time.UTC()
		if c.OlderThan > 0 {
			before = store.Now().AddDate(0, 0, -c.OlderThan)
		}
		if err := c.Confirm(terminal, "Delete the events from before %s?",
			before.Format(time.RFC3339)); err != nil {
			return err
		}
		n, err := store.PruneEvents(ctx, c.Kind, before, config.DefaultJanitorBatch)
		if recorded := store.RecordAct(ctx, storage.EventAuditPruned, map[string]string{
			"kind": c.Kind, "before": before.Format(time.RFC3339), "deleted": strconv.FormatInt(n, 10),
		}); err == nil {
			err = recorded
		}
		fmt.Fprintf(terminal.Out, "deleted %d\n", n)
		return err
	})
}
