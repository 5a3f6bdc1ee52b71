package storage

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strings"
)

// EventLifetime is how long an audit event is kept where it does not say, in seconds: a year.
const EventLifetime = 365 * 24 * 3600

// longestEventField bounds each text of an event in characters, since much of it comes from outside.
const longestEventField = 512

// Event is an entry of the audit log. It never holds what opens a door.
type Event struct {
	ID        string // default: made here
	Kind      string
	ClientID  string
	UserID    string
	RequestID string
	Address   string
	Details   map[string]string
	CreatedAt int64 // epoch seconds; default: now
	ExpiresAt int64 // epoch seconds; default: EventLifetime after CreatedAt
}

const (
	eventColumns = `id, kind, client_id, user_id, request_id, address, details, created_at, expires_at`
	eventWidth   = 9
	// eventsAtOnce bounds the arguments of one statement; SQLite looks each up among those before it.
	eventsAtOnce = 100
)

// eventValues are the columns of an event, in the order of eventColumns.
func (s *Store) eventValues(e Event) []any {
	if e.ID == "" {
		e.ID = s.NewID()
	}
	if e.CreatedAt == 0 {
		e.CreatedAt = s.Now()
	}
	if e.ExpiresAt == 0 {
		e.ExpiresAt = e.CreatedAt + EventLifetime
	}
	details := make(map[string]string, len(e.Details))
	for name, value := range e.Details {
		details[eventField(name)] = eventField(value)
	}
	text, err := json.Marshal(details)
	if err != nil {
		panic(fmt.Sprintf("storage: event: %v", err)) // strings always marshal
	}
	return []any{
		e.ID, eventField(e.Kind), eventField(e.ClientID), eventField(e.UserID), eventField(e.RequestID),
		eventField(e.Address), string(text), e.CreatedAt, e.ExpiresAt,
	}
}

// eventField makes any text one that a column takes: one bad request must not lose the events of others in its batch.
func eventField(text string) string {
	length := 0
	for at := range text { // at is where a character begins
		if length++; length > longestEventField {
			text = text[:at]
			break
		}
	}
	return strings.ToValidUTF8(strings.ReplaceAll(text, "\x00", ""), "")
}

const insertEvent = `
INSERT INTO audit_events (` + eventColumns + `) SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9 {{gate}} ON CONFLICT DO NOTHING`

// QueueEvent stores an event with the other writes of the request: it is kept if they are.
func (u *UnitOfWork) QueueEvent(e Event) {
	u.queue(statement{name: "insert event", sql: insertEvent, args: u.store.eventValues(e)})
}

// RecordEvents stores events in one statement for each hundred.
func (s *Store) RecordEvents(ctx context.Context, events []Event) error {
	for batch := range slices.Chunk(events, eventsAtOnce) {
		args := make([]any, 0, len(batch)*eventWidth)
		for _, e := range batch {
			args = append(args, s.eventValues(e)...)
		}
		query := `INSERT INTO audit_events (` + eventColumns + `) VALUES ` + rowPlaceholders(len(batch), eventWidth) +
			` ON CONFLICT DO NOTHING`
		// Not prepared: there are as many texts as there are sizes of batches.
		err := classify(sent(ctx, func() error {
			_, err := s.writer.ExecContext(ctx, query, args...)
			return err
		}))
		if err != nil {
			return err
		}
	}
	return nil
}

// EventFilter says which events to list; what is zero does not matter.
type EventFilter struct {
	Kind     string
	ClientID string
	UserID   string
	Since    int64 // epoch seconds: only this and later ones
	Before   int64 // epoch seconds: only older ones
	Limit    int
}

// ListEvents reads events, newest first.
func (s *Store) ListEvents(ctx context.Context, f EventFilter) ([]Event, error) {
	if f.Before == 0 {
		f.Before = math.MaxInt64
	}
	var rows []struct {
		ID        string `db:"id"`
		Kind      string `db:"kind"`
		ClientID  string `db:"client_id"`
		UserID    string `db:"user_id"`
		RequestID string `db:"request_id"`
		Address   string `db:"address"`
		Details   string `db:"details"`
		CreatedAt int64  `db:"created_at"`
		ExpiresAt int64  `db:"expires_at"`
	}
	err := s.selectAll(ctx, &rows, `
SELECT `+eventColumns+` FROM audit_events
WHERE ($1 = '' OR kind = $1) AND ($2 = '' OR client_id = $2) AND ($3 = '' OR user_id = $3) AND created_at < $4
  AND created_at >= $5
ORDER BY created_at DESC, id DESC LIMIT $6`, f.Kind, f.ClientID, f.UserID, f.Before, f.Since, pageSize(f.Limit))
	if err != nil {
		return nil, err
	}
	events := make([]Event, len(rows))
	for i, r := range rows {
		events[i] = Event{
			ID: r.ID, Kind: r.Kind, ClientID: r.ClientID, UserID: r.UserID, RequestID: r.RequestID, Address: r.Address,
			CreatedAt: r.CreatedAt, ExpiresAt: r.ExpiresAt,
		}
		if err := json.Unmarshal([]byte(r.Details), &events[i].Details); err != nil {
			return nil, fmt.Errorf("storage: details of event %s: %w", r.ID, err)
		}
	}
	return events, nil
}

// PruneEvents deletes events from before a time (epoch seconds), the oldest first, of one kind or, where kind is "", of all,
// at most batch of them in one statement, and says how many went.
func (s *Store) PruneEvents(ctx context.Context, kind string, before int64, batch int) (total int64, err error) {
	where, args := `created_at < $1`, []any{before, batch}
	if kind != "" {
		where, args = where+` AND kind = $3`, append(args, kind)
	}
	query := `DELETE FROM audit_events WHERE id IN (SELECT id FROM audit_events WHERE ` + where + ` ORDER BY created_at LIMIT $2)`
	for {
		n, err := s.exec(ctx, query, args...)
		total += n
		if err != nil || n < int64(batch) {
			return total, err
		}
	}
}
