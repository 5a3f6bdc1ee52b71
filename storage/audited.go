package storage

import (
	"context"
	"errors"

	"github.com/google/uuid"
	"github.com/jmoiron/sqlx"
)

type auditedKey struct{}

// errNothingWritten rolls back a transaction whose event would be about nothing.
var errNothingWritten = errors.New("storage: nothing was written")

// Audited lets an audit event ride in the write that is made under the context: it is kept if the write is. It is for
// changes that an administrator makes; requests queue their events in a UnitOfWork.
func Audited(ctx context.Context, e Event) context.Context {
	if e.ID == "" {
		e.ID = uuid.NewString() // so that a write of several transactions keeps it once
	}
	return context.WithValue(ctx, auditedKey{}, e)
}

// recordAudited writes the event of the context, if it has one, with the rest of the transaction.
func (s *Store) recordAudited(ctx context.Context, tx *sqlx.Tx) error {
	e, audited := ctx.Value(auditedKey{}).(Event)
	if !audited {
		return nil
	}
	return write(ctx, tx, `INSERT INTO audit_events (`+eventColumns+`) VALUES `+rowPlaceholders(1, eventWidth)+
		` ON CONFLICT DO NOTHING`, s.eventValues(e)...)
}

// execAudited is exec with the event of the context, which is kept where a row was written.
func (s *Store) execAudited(ctx context.Context, query string, args ...any) (n int64, err error) {
	err = s.transaction(ctx, func(tx *sqlx.Tx) error {
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
