package storage

import (
	"context"
	"io"
	"sync"
	"time"

	"github.com/jmoiron/sqlx"
)

// engine is what the two databases do differently.
type engine int

const (
	sqliteEngine engine = iota
	postgresEngine
)

// pool is a pool of connections with its statements, prepared once: a statement with arguments that is not prepared
// costs lib/pq two round trips.
type pool struct {
	*sqlx.DB
	prepare bool

	mu         sync.RWMutex
	statements map[string]*sqlx.Stmt
}

func newPool(db *sqlx.DB, prepare bool) *pool {
	return &pool{DB: db, prepare: prepare, statements: map[string]*sqlx.Stmt{}}
}

// statement returns the prepared form of query. The texts are constants of this package, so the map is bounded.
func (p *pool) statement(ctx context.Context, query string) (*sqlx.Stmt, error) {
	p.mu.RLock()
	stmt := p.statements[query]
	p.mu.RUnlock()
	if stmt != nil {
		return stmt, nil
	}
	stmt, err := p.PreparexContext(ctx, query)
	if err != nil {
		return nil, err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if first := p.statements[query]; first != nil {
		return first, stmt.Close()
	}
	p.statements[query] = stmt
	return stmt, nil
}

func (p *pool) get(ctx context.Context, to any, query string, args ...any) error {
	if !p.prepare {
		return p.GetContext(ctx, to, query, args...)
	}
	stmt, err := p.statement(ctx, query)
	if err != nil {
		return err
	}
	return stmt.GetContext(ctx, to, args...)
}

func (p *pool) selectAll(ctx context.Context, to any, query string, args ...any) error {
	if !p.prepare {
		return p.SelectContext(ctx, to, query, args...)
	}
	stmt, err := p.statement(ctx, query)
	if err != nil {
		return err
	}
	return stmt.SelectContext(ctx, to, args...)
}

func (p *pool) exec(ctx context.Context, query string, args ...any) (int64, error) {
	if !p.prepare {
		return affected(p.ExecContext(ctx, query, args...))
	}
	stmt, err := p.statement(ctx, query)
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

// database is what every part of a Store works with: the pools, the clock, and how statements and transactions are
// run.
type database struct {
	engine        engine
	pooled        bool
	reader        *pool
	writer        *pool // the same as reader on PostgreSQL; one connection on SQLite
	now           func() time.Time
	injectedClock bool // now is not the time of the day
	random        io.Reader
	cache         *cache
	state         *state
	// unattended bounds a statement whose context has no deadline; 0: nothing does.
	unattended time.Duration
	// reconnect makes connections by another URL from now on; nil on SQLite.
	reconnect      func(databaseURL string) error
	eventLifetimes map[string]int64
}

// get reads one row; no row is ErrNotFound.
func (d *database) get(ctx context.Context, to any, query string, args ...any) error {
	if t := d.shared(ctx); t != nil {
		return classify(t.tx.GetContext(ctx, to, query, args...))
	}
	return d.execIdempotent(ctx, func(ctx context.Context) error { return d.reader.get(ctx, to, query, args...) })
}

// selectAll reads every row.
func (d *database) selectAll(ctx context.Context, to any, query string, args ...any) error {
	if t := d.shared(ctx); t != nil {
		return classify(t.tx.SelectContext(ctx, to, query, args...))
	}
	return d.execIdempotent(ctx, func(ctx context.Context) error { return d.reader.selectAll(ctx, to, query, args...) })
}

// exec runs one writing statement and says how many rows it wrote.
func (d *database) exec(ctx context.Context, query string, args ...any) (n int64, err error) {
	if changeOf(ctx) != nil {
		return d.execRecorded(ctx, query, args...)
	}
	if t := d.shared(ctx); t != nil {
		n, err = affected(t.tx.ExecContext(ctx, query, args...))
		return n, classify(err)
	}
	err = d.execIdempotent(ctx, func(ctx context.Context) error {
		n, err = d.writer.exec(ctx, query, args...)
		return err
	})
	return n, err
}

// transaction runs f in a transaction and runs it again, whole, where the database asks for that. Within Together it is
// a part of that transaction.
func (d *database) transaction(ctx context.Context, f func(tx *sqlx.Tx) error) error {
	if t := d.shared(ctx); t != nil {
		return classify(d.recorded(ctx, t.tx, f))
	}
	return d.classifyWrite(retrySerialization(ctx, func() error { return d.inTransaction(ctx, f) }))
}
