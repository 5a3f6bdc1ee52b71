package migrations

import (
	"context"
	"database/sql"
)

// ApplyOnline applies statements to a database in use, as those of the last migration.
func ApplyOnline(ctx context.Context, db *sql.DB, statements string) error {
	parsed, err := parse("-- +goose Up\n" + statements + "\n-- +goose Down\nSELECT 1;\n")
	if err != nil {
		return err
	}
	store, err := versions(PostgreSQL)
	if err != nil {
		return err
	}
	conn, err := db.Conn(ctx)
	if err != nil {
		return err
	}
	defer conn.Close()
	r := &run{conn: conn, engine: PostgreSQL, versions: store, report: func(string) {}, lockWait: defaultLockWait}
	return r.applyOnline(ctx, migration{version: 1 << 40, statements: parsed})
}
