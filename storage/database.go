package storage

import (
	"context"
	"sync"

	"github.com/jmoiron/sqlx"
)

// engine is what the two databases do differently.
type engine int

const (
	sqliteEngine engine = iota
	postgresEngine
)

// database is a pool with its statements, prepared once: a statement with arguments that is not prepared costs lib/pq
// two round trips.
type database struct {
	*sqlx.DB
	prepare bool

	mu         sync.RWMutex
	statements map[string]*sqlx.Stmt
}

func newDatabase(db *sqlx.DB, prepare bool) *database {
	return &database{DB: db, prepare: prepare, statements: map[string]*sqlx.Stmt{}}
}

// statement returns the prepared form of query. The texts are constants of this package, so the map is bounded.
func (d *database) statement(ctx context.Context, query string) (*sqlx.Stmt, error) {
	d.mu.RLock()
	stmt := d.statements[query]
	d.mu.RUnlock()
	if stmt != nil {
		return stmt, nil
	}
	stmt, err := d.PreparexContext(ctx, query)
	if err != nil {
		return nil, err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if first := d.statements[query]; first != nil {
		return first, stmt.Close()
	}
	d.statements[query] = stmt
	return stmt, nil
}

func (d *database) get(ctx context.Context, to any, query string, args ...any) error {
	if !d.prepare {
		return d.GetContext(ctx, to, query, args...)
	}
	stmt, err := d.statement(ctx, query)
	if err != nil {
		return err
	}
	return stmt.GetContext(ctx, to, args...)
}

func (d *database) selectAll(ctx context.Context, to any, query string, args ...any) error {
	if !d.prepare {
		return d.SelectContext(ctx, to, query, args...)
	}
	stmt, err := d.statement(ctx, query)
	if err != nil {
		return err
	}
	return stmt.SelectContext(ctx, to, args...)
}

func (d *database) exec(ctx context.Context, query string, args ...any) (int64, error) {
	if !d.prepare {
		return affected(d.ExecContext(ctx, query, args...))
	}
	stmt, err := d.statement(ctx, query)
	if err != nil {
		return 0, err
	}
	return affected(stmt.ExecContext(ctx, args...))
}

func affected(result interface{ RowsAffected() (int64, error) }, err error) (int64, error) {
	if err != nil {
		return 0, err
	}
	return result.RowsAffected()
}

// get reads one row; no row is ErrNotFound.
func (s *Store) get(ctx context.Context, to any, query string, args ...any) error {
	if t := s.shared(ctx); t != nil {
		return classify(t.tx.GetContext(ctx, to, query, args...))
	}
	return s.execIdempotent(ctx, func(ctx context.Context) error { return s.reader.get(ctx, to, query, args...) })
}

// selectAll reads every row.
func (s *Store) selectAll(ctx context.Context, to any, query string, args ...any) error {
	if t := s.shared(ctx); t != nil {
		return classify(t.tx.SelectContext(ctx, to, query, args...))
	}
	return s.execIdempotent(ctx, func(ctx context.Context) error { return s.reader.selectAll(ctx, to, query, args...) })
}

// exec runs one writing statement and says how many rows it wrote.
func (s *Store) exec(ctx context.Context, query string, args ...any) (n int64, err error) {
	if changeOf(ctx) != nil {
		return s.execRecorded(ctx, query, args...)
	}
	if t := s.shared(ctx); t != nil {
		n, err = affected(t.tx.ExecContext(ctx, query, args...))
		return n, classify(err)
	}
	err = s.execIdempotent(ctx, func(ctx context.Context) error {
		n, err = s.writer.exec(ctx, query, args...)
		return err
	})
	return n, err
}

// transaction runs f in a transaction and runs it again, whole, where the database asks for that. Within Together it is
// a part of that transaction.
func (s *Store) transaction(ctx context.Context, f func(tx *sqlx.Tx) error) error {
	if t := s.shared(ctx); t != nil {
		return classify(s.recorded(ctx, t.tx, f))
	}
	return s.classifyWrite(retrySerialization(ctx, func() error { return s.inTransaction(ctx, f) }))
}
