package storage

import (
	"context"
	"fmt"

	"github.com/jmoiron/sqlx"
)

type togetherKey struct{}

// together is a transaction that several methods of the Store share.
type together struct {
	database *database
	tx       *sqlx.Tx
	forget   bool // the configuration was changed
}

// Together runs f in one transaction: what the methods of the Store do under the context that f is given is kept if all
// of it is. It is run again, whole, where the database asks for that, so f must not change what is outside. After an
// error of a method f has to return one: the database may take no more statements. f should not wait for anything but
// the Store, since SQLite has one writer.
func (d *database) Together(ctx context.Context, f func(ctx context.Context) error) error {
	if d.shared(ctx) != nil {
		return f(ctx)
	}
	forget := false
	defer func() { // after the commit, and also after an error: only the answer to it may be lost
		if forget {
			d.Invalidate()
		}
	}()
	return d.transaction(context.WithValue(ctx, changeKey{}, (*change)(nil)), func(tx *sqlx.Tx) error {
		t := &together{database: d, tx: tx}
		err := f(context.WithValue(ctx, togetherKey{}, t))
		forget = forget || t.forget
		return err
	})
}

// shared is the transaction of Together that the context is in, if it is in one.
func (d *database) shared(ctx context.Context) *together {
	t, _ := ctx.Value(togetherKey{}).(*together)
	if t == nil || t.database != d {
		return nil
	}
	return t
}

// inTransaction runs f in a transaction of its own, and records the change of the context with it.
func (d *database) inTransaction(ctx context.Context, f func(tx *sqlx.Tx) error) error {
	var tx *sqlx.Tx
	err := retryBroken(ctx, func() (err error) {
		tx, err = d.writer.BeginTxx(ctx, nil)
		return err
	})
	if err != nil {
		return err
	}
	if err = d.recorded(ctx, tx, f); err != nil {
		if rollback := tx.Rollback(); rollback != nil && isUnavailable(rollback) {
			return fmt.Errorf("%w (rollback: %w)", err, rollback)
		}
		return err
	}
	return tx.Commit()
}
