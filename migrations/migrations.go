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

// versionTable is where goose keeps the versions that a database has. Releases that applied migrations by goose read
// it.
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

// Unapplied says whether the database lacks a migration.
func Unapplied(ctx context.Context, db *sql.DB, engine Engine) (bool, error) {
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
