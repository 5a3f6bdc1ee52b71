// Package migrations owns the database schema: embedded SQL in the one dialect that PostgreSQL and SQLite both take, and
// the means to apply it. It knows nothing of what the rows mean.
//
// # How a migration is written
//
// A file is NNNNN_name.sql: the line "-- +goose Up", statements, the line "-- +goose Down" and SELECT 1; nothing is taken
// back. Servers of the release before keep serving while it is applied, and go on with the new schema afterwards. So a
// file holds statements of five kinds only, each beginning at the start of a line and ending with a semicolon at the end
// of one (TestMigrationsHaveTheOnlineForm says what is wrong):
//
//	CREATE TABLE name (…);
//	ALTER TABLE name ADD COLUMN column type …;            one column a statement, NULL or with a constant DEFAULT
//	CREATE [UNIQUE] INDEX name ON table (…) [WHERE …];
//	DROP INDEX name;                                      that one created above it in the file replaces
//	INSERT INTO table … ON CONFLICT DO NOTHING;
//
// They are written plainly: no IF NOT EXISTS and no CONCURRENTLY, which SQLite does not have. Up puts them in where the
// database is PostgreSQL and in use: there each statement is a transaction of its own that locks one table, gives way to
// requests after a quarter of a second and tries again, and an index is built concurrently. On SQLite, and in a database
// that is new, each file is one transaction. Existing rows are never rewritten here: a column that has to be filled is
// filled by the program.
package migrations

import (
	"context"
	"database/sql"
	"fmt"

	"github.com/pressly/goose/v3/database"
)

// Status is one migration and whether the database has it.
type Status struct {
	Version int64
	Name    string
	Applied bool
}

// Engine names a database dialect as Up and List take it.
type Engine string

// The engines of ithildin.
const (
	PostgreSQL Engine = "postgres"
	SQLite     Engine = "sqlite3"
)

// versionTable is where goose keeps the versions that a database has. Releases that applied migrations by goose read it.
const versionTable = "goose_db_version"

// versions returns the store of applied versions.
func versions(engine Engine) (database.Store, error) {
	return database.NewStore(database.Dialect(engine), versionTable)
}

// List returns every migration in order. It writes nothing.
func List(ctx context.Context, db *sql.DB, engine Engine) ([]Status, error) {
	conn, err := db.Conn(ctx)
	if err != nil {
		return nil, fmt.Errorf("migrations: %w", err)
	}
	defer conn.Close()
	list, err := list(ctx, conn, engine)
	if err != nil {
		return nil, fmt.Errorf("migrations: %w", err)
	}
	return list, nil
}

func list(ctx context.Context, conn *sql.Conn, engine Engine) ([]Status, error) {
	migrations, err := readMigrations()
	if err != nil {
		return nil, err
	}
	applied, err := appliedVersions(ctx, conn, engine)
	if err != nil {
		return nil, err
	}
	list := make([]Status, len(migrations))
	for i, m := range migrations {
		list[i] = Status{Version: m.version, Name: m.name, Applied: applied[m.version]}
	}
	return list, nil
}

// appliedVersions returns the versions that the database has; none where there is no version table yet.
func appliedVersions(ctx context.Context, conn *sql.Conn, engine Engine) (map[int64]bool, error) {
	exists, err := versionTableExists(ctx, conn, engine)
	if err != nil || !exists {
		return nil, err
	}
	store, err := versions(engine)
	if err != nil {
		return nil, err
	}
	rows, err := store.ListMigrations(ctx, conn)
	if err != nil {
		return nil, err
	}
	applied := make(map[int64]bool, len(rows))
	for _, row := range rows { // the latest first
		if _, known := applied[row.Version]; !known {
			applied[row.Version] = row.IsApplied
		}
	}
	return applied, nil
}

func versionTableExists(ctx context.Context, conn *sql.Conn, engine Engine) (exists bool, err error) {
	query := `SELECT to_regclass('` + versionTable + `') IS NOT NULL`
	if engine == SQLite {
		query = `SELECT EXISTS (SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = '` + versionTable + `')`
	}
	err = conn.QueryRowContext(ctx, query).Scan(&exists)
	return exists, err
}

// Pending says whether the database lacks a migration.
func Pending(ctx context.Context, db *sql.DB, engine Engine) (bool, error) {
	list, err := List(ctx, db, engine)
	if err != nil {
		return false, err
	}
	for _, m := range list {
		if !m.Applied {
			return true, nil
		}
	}
	return false, nil
}
