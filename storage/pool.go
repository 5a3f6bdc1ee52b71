package storage

import (
	"context"
	"sync"

	"github.com/jmoiron/sqlx"
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

// statement returns the prepared form of query. The texts are constants of this package, or name a partition of the
// audit, of which there is one a month; so the map is bounded.
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
