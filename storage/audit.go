package storage

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"
)

// EventLifetime is how long an audit event is kept where it does not say: a year.
const EventLifetime = 365 * 24 * time.Hour

// longestEventField bounds each text of an event in characters, since much of it comes from outside.
const longestEventField = 512

// Event is an entry of the audit log. It never holds a credential, a token or a hash of one.
type Event struct {
	ID        string // default: made here
	Kind      string
	ClientID  string
	UserID    string
	RequestID string
	Address   string
	Details   map[string]string
	Before    json.RawMessage // of a change: what it changed, as it was; nil where there was nothing
	After     json.RawMessage // and as it is since; nil where nothing is left
	CreatedAt time.Time       // default: now
	ExpiresAt time.Time       // default: EventLifetime after CreatedAt
}

const (
	eventColumns = `id, kind, client_id, user_id, request_id, address, details, created_at, expires_at, changes`
	eventWidth   = 10
	// eventsAtOnce bounds the arguments of one statement; SQLite looks each up among those before it.
	eventsAtOnce = 100
)

// eventLifetime is how long events of a kind are kept.
func (d *database) eventLifetime(kind string) time.Duration {
	return cmp.Or(d.eventLifetimes[kind], d.eventLifetimes[""], EventLifetime)
}

// eventValues are the columns of an event, in the order of eventColumns.
func (d *database) eventValues(e Event) []any {
	if e.ID == "" {
		e.ID = d.NewID()
	}
	if e.CreatedAt.IsZero() {
		e.CreatedAt = d.Now()
	}
	if e.ExpiresAt.IsZero() {
		e.ExpiresAt = e.CreatedAt.Add(d.eventLifetime(e.Kind))
	}
	details := make(map[string]string, len(e.Details))
	for name, value := range e.Details {
		details[eventField(name)] = eventField(value)
	}
	encoded, err := json.Marshal(details)
	if err != nil {
		panic(fmt.Sprintf("storage: event: %v", err)) // strings always marshal
	}
	return []any{
		e.ID, eventField(e.Kind), eventField(e.ClientID), eventField(e.UserID), eventField(e.RequestID),
		eventField(e.Address), string(encoded), toSeconds(e.CreatedAt), toSeconds(e.ExpiresAt), e.changes(),
	}
}

// changesColumn is what was before and after a change, as the column holds it.
type changesColumn struct {
	Before json.RawMessage `json:"before,omitempty"`
	After  json.RawMessage `json:"after,omitempty"`
}

func (e Event) changes() string {
	if e.Before == nil && e.After == nil {
		return ""
	}
	encoded, err := json.Marshal(changesColumn{Before: e.Before, After: e.After})
	if err != nil {
		panic(fmt.Sprintf("storage: event: %v", err)) // both were JSON
	}
	return string(encoded)
}

// eventField makes any text one that a column takes: one bad request must not lose the events of others in its batch.
func eventField(value string) string {
	length := 0
	for at := range value { // at is where a character begins
		if length++; length > longestEventField {
			value = value[:at]
			break
		}
	}
	return strings.ToValidUTF8(strings.ReplaceAll(value, "\x00", ""), "")
}

const insertEvent = `
INSERT INTO audit_events (` + eventColumns + `) SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9,
$10 {{precondition}} ON CONFLICT DO NOTHING`

// QueueEvent stores an event with the other writes of the request: it is kept if they are.
func (b *Batch) QueueEvent(e Event) {
	b.queue(statement{name: "insert event", sql: insertEvent, args: b.store.eventValues(e)})
}

// RecordEvents stores events in one statement for each hundred.
func (s *auditStore) RecordEvents(ctx context.Context, events []Event) error {
	for batch := range slices.Chunk(events, eventsAtOnce) {
		args := make([]any, 0, len(batch)*eventWidth)
		for _, e := range batch {
			args = append(args, s.eventValues(withClientRequestID(ctx, e))...)
		}
		query := `INSERT INTO audit_events (` + eventColumns + `) VALUES ` + rowPlaceholders(len(batch), eventWidth) +
			` ON CONFLICT DO NOTHING`
		// Not prepared: there are as many texts as there are sizes of batches.
		err := s.execIdempotent(ctx, func(ctx context.Context) error {
			_, err := s.writer.ExecContext(ctx, query, args...)
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// prunedAtOnce is how many events one statement of PruneEvents looks at.
const prunedAtOnce = 10_000

// PruneEvents deletes events from before a time, the oldest first, of one kind or, where kind is "", of all, at most
// batch of them in one statement, and says how many went. It walks along the index on created_at from
// slice to slice, so that no statement looks for a rare kind in the whole table.
func (s *auditStore) PruneEvents(ctx context.Context, kind string, before time.Time, batch int) (total int64,
	err error) {
	end := toSeconds(before)
	all := walk{table: "audit_events", column: "created_at", end: end}
	for from := int64(math.MinInt64); from < end; {
		until, err := s.sliceEnd(ctx, all, from, prunedAtOnce)
		if err != nil {
			return total, err
		}
		for {
			n, err := s.exec(ctx, `
DELETE FROM audit_events WHERE created_at >= $1 AND created_at < $2 AND id IN (
  SELECT id FROM audit_events WHERE created_at >= $1 AND created_at < $2 AND ($3 = '' OR kind = $3) LIMIT $4)`,
				from, until, kind, batch)
			total += n
			if err != nil {
				return total, err
			}
			if n < int64(batch) {
				break
			}
		}
		from = until
	}
	return total, nil
}
