package administration

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"time"

	"ithildin/adapters/admin"
	"ithildin/cmd/ithildin/internal/console"
	"ithildin/jwks"
	"ithildin/storage"
)

// remoteRecords implements Records.
type remoteRecords struct{ *api }

// event is an event with its rows as they were sent.
type event struct {
	admin.Event
	Before json.RawMessage `json:"before"`
	After  json.RawMessage `json:"after"`
}

// ListEvents implements Records.
func (r remoteRecords) ListEvents(ctx context.Context, f storage.EventFilter) ([]storage.Event, error) {
	order := "newest_first"
	if f.OldestFirst {
		order = "oldest_first"
	}
	query := url.Values{
		"kind": {f.Kind}, "client_id": {f.ClientID}, "user_id": {f.UserID}, "request_id": {f.RequestID},
		"address": {f.Address}, "cursor": {f.After}, "order": {order}, "limit": {pageSize(f.Limit)},
	}
	for name, moment := range map[string]time.Time{"since": f.Since, "before": f.Before} {
		if !moment.IsZero() {
			query.Set(name, moment.UTC().Format(time.RFC3339))
		}
	}
	list, err := page[event](ctx, r.api, path("audit"), query)
	if refusedWith(err) == http.StatusUnprocessableEntity && f.After != "" {
		err = storage.ErrCursor
	}
	return each(list.Items, func(e event) storage.Event {
		return storage.Event{
			ID: e.ID, CreatedAt: at(e.At), Kind: e.Kind, ClientID: e.ClientID, UserID: e.UserID, RequestID: e.RequestID,
			Address: e.Address, Details: e.Details, Before: e.Before, After: e.After,
		}
	}), err
}

// Keys implements Records.
func (r remoteRecords) Keys(ctx context.Context) ([]jwks.KeyInfo, error) {
	list, err := page[admin.Key](ctx, r.api, path("keys"), url.Values{})
	return each(list.Items, func(k admin.Key) jwks.KeyInfo {
		return jwks.KeyInfo{
			ID: k.ID, Algorithm: k.Algorithm, State: jwks.State(k.State), CreatedAt: at(k.CreatedAt),
			ActivatesAt: at(k.ActivatesAt), RetiresAt: at(k.RetiresAt), ExpiresAt: at(k.ExpiresAt),
		}
	}), err
}

// RotateKey implements Records.
func (r remoteRecords) RotateKey(ctx context.Context, algorithm string) error {
	err := r.act(ctx, path("keys", "rotate"), admin.KeyRotation{Algorithm: algorithm}, nil)
	if refusedWith(err) == http.StatusConflict {
		return console.WithHint("the next key takes over by itself", err)
	}
	return err
}
