package storage

import (
	"context"

	"github.com/jmoiron/sqlx"
)

// changeConfiguration runs f in a transaction that also raises the configuration version, by which every process learns
// to read again, and drops what this process keeps.
func (d *database) changeConfiguration(ctx context.Context, f func(tx *sqlx.Tx) error) error {
	if t := d.shared(ctx); t != nil {
		t.forget = true
	} else {
		// Even after an error: the change may be made and only the answer to the commit lost.
		defer d.Invalidate()
	}
	return d.transaction(ctx, func(tx *sqlx.Tx) error {
		if err := f(tx); err != nil {
			return err
		}
		// Last, because everyone who changes anything waits for this row.
		return raiseVersion(ctx, tx)
	})
}

func raiseVersion(ctx context.Context, tx *sqlx.Tx) error {
	return write(ctx, tx, `UPDATE configuration_version SET version = version + 1 WHERE id = 1`)
}

// write makes one write of a transaction, whatever the number of rows.
func write(ctx context.Context, tx *sqlx.Tx, query string, args ...any) error {
	_, err := tx.ExecContext(ctx, query, args...)
	return err
}

// writeRow makes one write of a transaction that must find its row, else ErrNotFound.
func writeRow(ctx context.Context, tx *sqlx.Tx, query string, args ...any) error {
	n, err := affected(tx.ExecContext(ctx, query, args...))
	if err == nil && n == 0 {
		return ErrNotFound
	}
	return err
}
