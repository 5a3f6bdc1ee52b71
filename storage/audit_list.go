package storage

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"
)

// EventFilter says which events to list; what is zero does not matter.
type EventFilter struct {
	Kind     string
	ClientID string
	UserID   string
	// RequestID is the number of a request, and Address where it came from.
	RequestID string
	Address   string
	Since     time.Time // only those of this second and later ones
	Before    time.Time // only those of earlier seconds
	// After is the cursor of an event: only those behind it, in the order of the list.
	After string
	// OldestFirst turns the order round.
	OldestFirst bool
	Limit       int
}

// Cursor names the place of an event in the order of time, by which the next page begins. Events of the same second are
// in the order of their ids, so that none is left out or comes twice.
func (e Event) Cursor() string { return fmt.Sprintf("%d.%s", toSeconds(e.CreatedAt), e.ID) }

func readEventCursor(cursor string) (createdAt int64, id string, err error) {
	second, id, found := strings.Cut(cursor, ".")
	createdAt, err = strconv.ParseInt(second, 10, 64)
	parsed, uuidErr := uuid.Parse(id)
	if !found || err != nil || uuidErr != nil {
		return 0, "", ErrCursor
	}
	return createdAt, parsed.String(), nil
}

// listing has the conditions of the filter. Only what matters is part of the query, so that each list walks along the
// index of what it asks for.
func (f EventFilter) listing() (listing, error) {
	l := listing{parts: []part{{table: "audit_events", key: []string{"created_at", "id"}}}, descending: !f.OldestFirst}
	l.equal("kind", f.Kind)
	l.equal("client_id", f.ClientID)
	l.equal("user_id", f.UserID)
	if f.RequestID != "" { // the condition of its index
		l.condition("request_id <> ''")
	}
	l.equal("request_id", f.RequestID)
	l.equal("address", f.Address)
	if !f.Since.IsZero() {
		l.where("created_at >= %s", toSeconds(f.Since))
	}
	if !f.Before.IsZero() {
		l.where("created_at < %s", toSeconds(f.Before))
	}
	if f.After == "" {
		return l, nil
	}
	createdAt, id, err := readEventCursor(f.After)
	if err != nil {
		return listing{}, err
	}
	l.condition(l.behind(l.parts[0], []string{l.argument(createdAt), l.argument(id)}))
	return l, nil
}

// ListEvents reads events, newest first unless the filter says otherwise. ErrCursor: After is no cursor.
func (s *auditStore) ListEvents(ctx context.Context, f EventFilter) ([]Event, error) {
	l, err := f.listing()
	if err != nil {
		return nil, err
	}
	query := fmt.Sprintf("SELECT %s FROM audit_events%s%s LIMIT %s", eventColumns, l.parts[0].where(),
		l.orderBy(l.parts[0].key), l.argument(pageSize(f.Limit)))
	var rows []eventRow
	if err := s.selectAll(ctx, &rows, query, l.args...); err != nil {
		return nil, err
	}
	events := make([]Event, len(rows))
	for i, r := range rows {
		if events[i], err = r.event(); err != nil {
			return nil, err
		}
	}
	return events, nil
}

type eventRow struct {
	ID        string  `db:"id"`
	Kind      string  `db:"kind"`
	ClientID  string  `db:"client_id"`
	UserID    string  `db:"user_id"`
	RequestID string  `db:"request_id"`
	Address   string  `db:"address"`
	Details   string  `db:"details"`
	CreatedAt seconds `db:"created_at"`
	ExpiresAt seconds `db:"expires_at"`
	Changes   string  `db:"changes"`
}

func (r eventRow) event() (Event, error) {
	e := Event{
		ID: r.ID, Kind: r.Kind, ClientID: r.ClientID, UserID: r.UserID, RequestID: r.RequestID, Address: r.Address,
		CreatedAt: r.CreatedAt.time(), ExpiresAt: r.ExpiresAt.time(),
	}
	if err := json.Unmarshal([]byte(r.Details), &e.Details); err != nil {
		return Event{}, fmt.Errorf("storage: details of event %s: %w", r.ID, err)
	}
	if r.Changes == "" {
		return e, nil
	}
	var changes changesColumn
	if err := json.Unmarshal([]byte(r.Changes), &changes); err != nil {
		return Event{}, fmt.Errorf("storage: changes of event %s: %w", r.ID, err)
	}
	e.Before, e.After = changes.Before, changes.After
	return e, nil
}
