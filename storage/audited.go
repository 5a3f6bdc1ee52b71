package storage

import (
	"context"
	"errors"
	"maps"
	"strings"

	"github.com/google/uuid"
	"github.com/jmoiron/sqlx"
)

// Actor is who changes something, for the audit.
type Actor struct {
	By string // the way: one of the By constants
	// the name of the operator: of the operating system's user, of the admin token; "" where nobody is known
	Operator string
	// the id of the operator's account, for the name may change; "" where the operator has none
	OperatorID string
	ClientID   string // the client that changes something, where it is one
	UserID     string // the user who does, where it is one
	RequestID  string
	Address    string
	Command    string // the verb of the command line
	Reason     string // why, as the operator says; "" where nobody was asked
}

// The ways by which changes are made.
const (
	ByCommandLine = "command line"
	ByLegacyAPI   = "eHealth API"
	ByAdminAPI    = "admin API"
	ByConsole     = "console"
	ByClient      = "client"
	ByUser        = "user"
)

type (
	actorKey         struct{}
	clientRequestKey struct{}
	changeKey        struct{}
)

// ActingAs says who makes the changes under a context. Each method of the Store that makes one then records an event of
// it, in the same transaction. What requests and jobs do by themselves has no actor and is not recorded here.
func ActingAs(ctx context.Context, a Actor) context.Context {
	return context.WithValue(ctx, actorKey{}, a)
}

// ActorOf is who makes the changes under a context; false where that was not said.
func ActorOf(ctx context.Context) (Actor, bool) {
	a, found := ctx.Value(actorKey{}).(Actor)
	return a, found
}

// WithClientRequestID says what id a client gave the request of a context. Events of it have that in their details;
// anybody can choose such an id, so it is not the id of the request.
func WithClientRequestID(ctx context.Context, id string) context.Context {
	return context.WithValue(ctx, clientRequestKey{}, id)
}

func withClientRequestID(ctx context.Context, e Event) Event {
	id, found := ctx.Value(clientRequestKey{}).(string)
	if !found {
		return e
	}
	details := map[string]string{"client_request_id": id}
	maps.Copy(details, e.Details)
	e.Details = details
	return e
}

// ByActor adds to an event who caused it and what its client called the request, where the context says so.
func ByActor(ctx context.Context, e Event) Event {
	e = withClientRequestID(ctx, e)
	actor, found := ActorOf(ctx)
	if !found {
		return e
	}
	if e.RequestID == "" {
		e.RequestID = actor.RequestID
	}
	if e.Address == "" {
		e.Address = actor.Address
	}
	if e.ClientID == "" {
		e.ClientID = actor.ClientID
	}
	if e.UserID == "" {
		e.UserID = actor.UserID
	}
	details := map[string]string{}
	for name, value := range map[string]string{
		"by": actor.By, "operator": actor.Operator, "operator_id": actor.OperatorID, "command": actor.Command,
		"reason": actor.Reason,
	} {
		if value != "" {
			details[name] = value
		}
	}
	maps.Copy(details, e.Details)
	e.Details = details
	return e
}

// RecordAct records an event of what an actor did that is no change of single rows. Without an actor it records
// nothing.
func (s *auditStore) RecordAct(ctx context.Context, kind string, details map[string]string) error {
	if _, acting := ActorOf(ctx); !acting {
		return nil
	}
	return s.RecordEvents(ctx, []Event{ByActor(ctx, Event{Kind: kind, Details: details})})
}

// change is what a method of the Store is about to do, for the audit.
type change struct {
	kind    string
	of      subject
	args    []any // of the subject's query
	event   Event // what is known beforehand: ids and details
	eventID string
}

// changing lets the next write under the context that it returns be recorded as a change of that kind, with what was
// there before and after. Each method of the Store that makes a change which an administrator may make calls it first,
// with a subject whose query takes args. Where the context has no actor it does nothing and costs nothing.
func changing(ctx context.Context, kind string, of subject, args ...any) context.Context {
	return changingBy(ctx, Event{Kind: kind}, of, args...)
}

// changingBy is changing with ids and details that the rows do not have, such as a reason.
func changingBy(ctx context.Context, known Event, of subject, args ...any) context.Context {
	if _, acting := ActorOf(ctx); !acting {
		return ctx
	}
	// The id is made here so that a transaction that is run again, or a write of several transactions, keeps the event
	// once.
	return context.WithValue(ctx, changeKey{}, &change{
		kind: known.Kind, of: of, args: args, event: known, eventID: uuid.NewString(),
	})
}

// because is the detail that says why; nil where nobody said.
func because(reason string) map[string]string {
	if reason == "" {
		return nil
	}
	return map[string]string{"reason": reason}
}

func changeOf(ctx context.Context) *change {
	c, _ := ctx.Value(changeKey{}).(*change)
	return c
}

// recorded runs the writes of a transaction and records the change of the context, if it has one, with them.
func (d *database) recorded(ctx context.Context, tx *sqlx.Tx, writes func(tx *sqlx.Tx) error) error {
	c := changeOf(ctx)
	if c == nil {
		return writes(tx)
	}
	before, err := c.of.snapshot(ctx, tx, c.args)
	if err != nil {
		return err
	}
	if err := writes(tx); err != nil {
		return err
	}
	after, err := c.of.snapshot(ctx, tx, c.args)
	if err != nil {
		return err
	}
	e := c.event
	e.ID = c.eventID
	e.Details = maps.Clone(c.event.Details)
	describe(&e, c.of, before, after)
	e.Before, e.After = differences(before, after)
	if strings.HasSuffix(e.Kind, "_updated") && before != nil && e.Before == nil && e.After == nil {
		return nil // an update that changed nothing
	}
	return write(ctx, tx, `INSERT INTO audit_events (`+eventColumns+`) VALUES `+rowPlaceholders(1, eventWidth)+
		` ON CONFLICT DO NOTHING`, d.eventValues(ByActor(ctx, e))...)
}

// errNothingWritten rolls back a transaction whose event would be about nothing.
var errNothingWritten = errors.New("storage: nothing was written")

// execRecorded is exec with the change of the context, which is recorded where a row was written.
func (d *database) execRecorded(ctx context.Context, query string, args ...any) (n int64, err error) {
	err = d.transaction(ctx, func(tx *sqlx.Tx) error {
		if n, err = affected(tx.ExecContext(ctx, query, args...)); err == nil && n == 0 {
			return errNothingWritten
		}
		return err
	})
	if errors.Is(err, errNothingWritten) {
		return 0, nil
	}
	return n, err
}
