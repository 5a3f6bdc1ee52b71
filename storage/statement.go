package storage

import (
	"context"
	"database/sql/driver"
	"errors"
	"io"
	"math/rand/v2"
	"sync"
	"syscall"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"
)

// engine is what the two databases do differently.
type engine int

const (
	sqliteEngine engine = iota
	postgresEngine
)

// database is a pool with its statements, prepared once: a statement with arguments that is not prepared costs lib/pq two
// round trips.
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
	return s.sent(ctx, func(ctx context.Context) error { return s.reader.get(ctx, to, query, args...) })
}

// selectAll reads every row.
func (s *Store) selectAll(ctx context.Context, to any, query string, args ...any) error {
	if t := s.shared(ctx); t != nil {
		return classify(t.tx.SelectContext(ctx, to, query, args...))
	}
	return s.sent(ctx, func(ctx context.Context) error { return s.reader.selectAll(ctx, to, query, args...) })
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
	err = s.sent(ctx, func(ctx context.Context) error {
		n, err = s.writer.exec(ctx, query, args...)
		return err
	})
	return n, err
}

// transaction runs f in a transaction and runs it again, whole, where the database asks for that. Within Together it is a part
// of that transaction.
func (s *Store) transaction(ctx context.Context, f func(tx *sqlx.Tx) error) error {
	if t := s.shared(ctx); t != nil {
		return classify(s.recorded(ctx, t.tx, f))
	}
	return s.settled(retried(ctx, func() error { return s.inTransaction(ctx, f) }))
}

// retries bounds how often a statement is run again after SQLSTATE 40001 or 40P01, which a replicated cluster sends as a
// matter of course.
const retries = 8

func retried(ctx context.Context, f func() error) error {
	for attempt := 1; ; attempt++ {
		err := f()
		if err == nil || attempt > retries || !isSerialization(err) {
			return err
		}
		pause := time.Duration(rand.Int64N(int64(4*time.Millisecond) << attempt)) // twice as long each time: rivals spread out
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(pause):
		}
	}
}

// sent runs one statement, for which the database may ask again, and whose answer may be lost. Every statement of this
// package that runs by itself has, sent twice, the effect of one. One that nobody waits for, whose context has no
// deadline, gets one here.
func (s *Store) sent(ctx context.Context, statement func(context.Context) error) error {
	if _, bounded := ctx.Deadline(); !bounded && s.unattended > 0 {
		bounded, cancel := context.WithTimeout(ctx, s.unattended)
		defer cancel()
		ctx = bounded
	}
	return s.settled(retried(ctx, func() error {
		return resent(ctx, func() error { return statement(ctx) })
	}))
}

// settled classifies an error, and remembers when the database took no writes.
func (s *Store) settled(err error) error {
	if cannotWrite(err) {
		s.state.refusedWrite.Store(sinceStart())
	}
	return classify(err)
}

// resends bounds how often a statement is sent again after its connection broke.
const resends = 2

// resent sends a statement again when its connection broke before the whole answer was there. database/sql does that by
// itself only where the driver says driver.ErrBadConn before the first row: not for a connection that was reset, which
// lib/pq reports as the network's error, and not for an answer that broke off or never came. A server that takes no writes
// has done nothing, and another connection may lead to one that does.
func resent(ctx context.Context, statement func() error) error {
	for attempt := 0; ; attempt++ {
		err := statement()
		if err == nil || attempt == resends || !isBroken(err) && !cannotWrite(err) || ctx.Err() != nil {
			return err
		}
	}
}

// isBroken recognises a connection that ended while it was in use; one that can't be made is no use trying again.
func isBroken(err error) bool {
	return errors.Is(err, driver.ErrBadConn) || errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE) ||
		errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, errSilent)
}

func isSerialization(err error) bool {
	var postgres *pq.Error
	return errors.As(err, &postgres) && (postgres.Code == "40001" || postgres.Code == "40P01")
}
