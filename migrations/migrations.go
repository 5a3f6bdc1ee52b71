// Package migrations owns the database schema: embedded SQL in the one dialect that PostgreSQL and SQLite both take, and
// the means to apply it. It knows nothing of what the rows mean.
package migrations

import (
	"context"
	"database/sql"
	"embed"
	"fmt"

	"github.com/pressly/goose/v3"
)

//go:embed *.sql
var files embed.FS

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

func provider(db *sql.DB, engine Engine) (*goose.Provider, error) {
	dialect := goose.DialectPostgres
	if engine == SQLite {
		dialect = goose.DialectSQLite3
	}
	p, err := goose.NewProvider(dialect, db, files, goose.WithDisableGlobalRegistry(true))
	if err != nil {
		return nil, fmt.Errorf("migrations: %w", err)
	}
	return p, nil
}

// Up applies every pending migration, each in a transaction of its own, and returns those it applied.
func Up(ctx context.Context, db *sql.DB, engine Engine) ([]Status, error) {
	p, err := provider(db, engine)
	if err != nil {
		return nil, err
	}
	results, err := p.Up(ctx)
	if err != nil {
		return nil, fmt.Errorf("migrations: %w", err)
	}
	applied := make([]Status, len(results))
	for i, r := range results {
		applied[i] = Status{Version: r.Source.Version, Name: r.Source.Path, Applied: true}
	}
	return applied, nil
}

// List returns every migration in order.
func List(ctx context.Context, db *sql.DB, engine Engine) ([]Status, error) {
	p, err := provider(db, engine)
	if err != nil {
		return nil, err
	}
	rows, err := p.Status(ctx)
	if err != nil {
		return nil, fmt.Errorf("migrations: %w", err)
	}
	list := make([]Status, len(rows))
	for i, r := range rows {
		list[i] = Status{Version: r.Source.Version, Name: r.Source.Path, Applied: r.State == goose.StateApplied}
	}
	return list, nil
}

// Pending says whether the database lacks a migration.
func Pending(ctx context.Context, db *sql.DB, engine Engine) (bool, error) {
	p, err := provider(db, engine)
	if err != nil {
		return false, err
	}
	pending, err := p.HasPending(ctx)
	if err != nil {
		return false, fmt.Errorf("migrations: %w", err)
	}
	return pending, nil
}
