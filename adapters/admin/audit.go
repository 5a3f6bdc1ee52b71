package admin

import (
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"ithildin/provider/inbound"
	"ithildin/provider/operator"
	"ithildin/storage"
)

// Event is an entry of the audit.
type Event struct {
	ID        string            `json:"id" format:"uuid"`
	Cursor    string            `json:"cursor" doc:"Its place: an export continues behind it."`
	At        *time.Time        `json:"at"`
	Kind      string            `json:"kind"`
	ClientID  string            `json:"client_id,omitempty" doc:"Which client it is about."`
	UserID    string            `json:"user_id,omitempty" doc:"Which user it is about."`
	Operator  string            `json:"operator,omitempty" doc:"The name of whoever made the change."`
	RequestID string            `json:"request_id,omitempty"`
	Address   string            `json:"address,omitempty"`
	Details   map[string]string `json:"details,omitempty"`
	Before    any               `json:"before,omitempty" doc:"Of a change: what it changed, as it was."`
	After     any               `json:"after,omitempty" doc:"And as it is since."`
}

func newEvent(e storage.Event) Event {
	shown := Event{
		ID: e.ID, Cursor: e.Cursor(), At: moment(e.CreatedAt), Kind: e.Kind, ClientID: e.ClientID, UserID: e.UserID,
		Operator: e.Details["operator"], RequestID: e.RequestID, Address: e.Address, Details: e.Details,
	}
	if e.Before != nil {
		shown.Before = e.Before
	}
	if e.After != nil {
		shown.After = e.After
	}
	return shown
}

// EventFilter is which events are asked for.
type EventFilter struct {
	Kind      string    `query:"kind" maxLength:"64" doc:"As docs/operations.md lists them."`
	ClientID  string    `query:"client_id" maxLength:"255"`
	UserID    string    `query:"user_id" maxLength:"64"`
	RequestID string    `query:"request_id" maxLength:"255" doc:"The request_id of a problem, or X-Request-Id of an answer."`
	Address   string    `query:"address" maxLength:"64" doc:"The whole address that the request came from."`
	Since     time.Time `query:"since" doc:"Only events of this time and later ones."`
	Before    time.Time `query:"before" doc:"Only events of earlier times."`
}

func (f EventFilter) filter() storage.EventFilter {
	return storage.EventFilter{
		Kind: f.Kind, ClientID: f.ClientID, UserID: f.UserID, RequestID: f.RequestID, Address: f.Address, Since: f.Since,
		Before: f.Before,
	}
}

const auditTag = "audit"

func (a *API) registerAudit() {
	register(a, operator.Audit, huma.Operation{
		OperationID: "list-audit", Method: http.MethodGet, Path: "/audit", Tags: []string{auditTag},
		Summary: "List audit events, by default the newest first",
	}, a.listAudit)
	register(a, operator.Audit, huma.Operation{
		OperationID: "export-audit", Method: http.MethodGet, Path: "/audit/export", Tags: []string{auditTag},
		Summary: "Export audit events, the oldest first, a JSON object in each line",
		Description: "An export that was cut short continues with after and the cursor of its last line. " +
			"Events of the last seconds may appear later than younger ones: export until 12 seconds ago.",
		Responses: map[string]*huma.Response{"200": {
			Description: "OK", Content: map[string]*huma.MediaType{exportType: {Schema: &huma.Schema{Type: "string"}}},
		}},
	}, a.exportAudit)
}

type listAuditInput struct {
	EventFilter
	Cursor string `query:"cursor" maxLength:"100"`
	Limit  int    `query:"limit" minimum:"1" maximum:"1000" default:"100"`
	Order  string `query:"order" enum:"newest_first,oldest_first" default:"newest_first"`
}

// EventList is a page of the audit.
type EventList struct {
	Items      []Event `json:"items" nullable:"false"`
	NextCursor string  `json:"next_cursor,omitempty"`
}

type listAuditOutput struct{ Body EventList }

func (a *API) listAudit(ctx context.Context, in *listAuditInput) (*listAuditOutput, error) {
	filter := in.filter()
	filter.After, filter.Limit, filter.OldestFirst = in.Cursor, in.Limit, in.Order == "oldest_first"
	events, err := a.store.ListEvents(ctx, filter)
	if err != nil {
		return nil, err
	}
	list := EventList{Items: objects(events, newEvent)}
	if len(events) == in.Limit {
		list.NextCursor = events[len(events)-1].Cursor()
	}
	return &listAuditOutput{Body: list}, nil
}

const (
	exportType = "application/x-ndjson"
	exportPage = 1000
)

type exportAuditInput struct {
	EventFilter
	After string `query:"after" maxLength:"100" doc:"The cursor of the last line that is there already."`
}

// exportAudit reads the first page before it answers, so that a wrong cursor is a problem, and the others as they are
// sent, so that the memory does not grow with their number.
func (a *API) exportAudit(ctx context.Context, in *exportAuditInput) (*huma.StreamResponse, error) {
	filter := in.filter()
	filter.After, filter.OldestFirst, filter.Limit = in.After, true, exportPage
	events, err := a.store.ListEvents(ctx, filter)
	if err != nil {
		return nil, err
	}
	return &huma.StreamResponse{Body: func(out huma.Context) {
		out.SetHeader("Content-Type", exportType)
		encoder := json.NewEncoder(out.BodyWriter())
		for {
			for _, event := range events {
				if encoder.Encode(newEvent(event)) != nil {
					return // the client has left
				}
			}
			if len(events) < exportPage {
				return
			}
			filter.After = events[len(events)-1].Cursor()
			if events, err = a.store.ListEvents(ctx, filter); err != nil {
				inbound.RecordOf(ctx).Failed(slog.LevelError, "audit_export_cut_short", err)
				panic(http.ErrAbortHandler) // so that the client sees that lines are missing
			}
		}
	}}, nil
}
