package storage

import (
	"context"
	"database/sql"
	"fmt"
	"io"
	"time"

	"github.com/google/uuid"
	"github.com/jmoiron/sqlx"
)

// engine is what the two databases do differently.
type engine int

const (
	sqliteEngine engine = iota
	postgresEngine
)

// database is what every part of a Store works with: the pools, the clock, and how statements and transactions are
// run.
type database struct {
	engine        engine
	pooled        bool
	reader        *pool
	writer        *pool        // the same as reader on PostgreSQL; one connection on SQLite
	commits       *commitGroup // nil on PostgreSQL
	now           func() time.Time
	injectedClock bool // now is not the time of the day
	random        io.Reader
	cache         *cache
	state         *state
	// unattended bounds a statement whose context has no deadline; 0: nothing does.
	unattended time.Duration
	// reconnect makes connections by other URLs from now on; nil on SQLite.
	reconnect      func(databaseURL, replicaURL string) error
	eventLifetimes map[string]time.Duration
	replica        *replica // nil where there is none
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
	if d.engine == sqliteEngine {
		return d.execGrouped(ctx, query, args...)
	}
	err = d.execIdempotent(ctx, func(ctx context.Context) error {
		n, err = d.writer.exec(ctx, query, args...)
		return err
	})
	return n, err
}

// execGrouped is exec on SQLite, where a statement may share a commit with others.
func (d *database) execGrouped(ctx context.Context, query string, args ...any) (n int64, err error) {
	stmt, err := d.writer.statement(ctx, query)
	if err != nil {
		return 0, d.classifyWrite(err)
	}
	err = d.groupedTransaction(ctx, func(ctx context.Context, tx *sqlx.Tx) (err error) {
		n, err = affected(tx.StmtxContext(ctx, stmt).ExecContext(ctx, args...))
		return err
	})
	return n, err
}

// groupedTransaction is transaction for a short write on SQLite, which may share a commit with others.
func (d *database) groupedTransaction(ctx context.Context, f func(ctx context.Context, tx *sqlx.Tx) error) error {
	if d.shared(ctx) != nil {
		return d.transaction(ctx, func(tx *sqlx.Tx) error { return f(ctx, tx) })
	}
	return d.classifyWrite(retrySerialization(ctx, func() error {
		return d.commits.do(ctx, func(ctx context.Context, tx *sqlx.Tx) error {
			return d.recorded(ctx, tx, func(tx *sqlx.Tx) error { return f(ctx, tx) })
		})
	}))
}

// transaction runs f in a transaction and runs it again, whole, where the database asks for that. Within Together it is
// a part of that transaction.
func (d *database) transaction(ctx context.Context, f func(tx *sqlx.Tx) error) error {
	if t := d.shared(ctx); t != nil {
		return classify(d.recorded(ctx, t.tx, f))
	}
	return d.classifyWrite(retrySerialization(ctx, func() error { return d.inTransaction(ctx, f) }))
}

// SQL is the writing pool, for migrations.
func (d *database) SQL() *sql.DB { return d.writer.DB.DB }

// IsPostgreSQL says whether the engine of the Store is PostgreSQL.
func (d *database) IsPostgreSQL() bool { return d.engine == postgresEngine }

// IsPooled says whether the URL is that of a transaction pooler, which keeps no session settings and no locks of
// sessions.
func (d *database) IsPooled() bool { return d.pooled }

// commitTime is the SQL of the time at which a statement is executed, in epoch seconds. A request may wait for the
// database for longer than a window lasts that it opens, and the clocks of two processes differ, so a window begins,
// and is asked about, by the clock of the database. parameter is the placeholder of injectedTime.
func (d *database) commitTime(parameter string) string {
	clock := `CAST(strftime('%s', 'now') AS bigint)`
	if d.engine == postgresEngine {
		clock = `CAST(floor(date_part('epoch', clock_timestamp())) AS bigint)`
	}
	return `coalesce(CAST(` + parameter + ` AS bigint), ` + clock + `)`
}

// injectedTime is the time of a clock that was passed to Open, NULL where there is none.
func (d *database) injectedTime() sql.NullInt64 {
	return sql.NullInt64{Int64: d.nowSeconds(), Valid: d.injectedClock}
}

// NewID makes a random UUID (version 4).
func (d *database) NewID() string {
	id, err := uuid.NewRandomFromReader(d.random)
	if err != nil {
		panic(fmt.Sprintf("storage: no randomness: %v", err)) // nothing safe can be done without it
	}
	return id.String()
}

// Close ends every connection.
func (d *database) Close() error {
	err := d.reader.Close()
	if d.writer != d.reader {
		if e := d.writer.Close(); err == nil {
			err = e
		}
	}
	if d.replica != nil {
		if e := d.replica.pool.Close(); err == nil {
			err = e
		}
	}
	return err
}

// ConnectBy makes connections to PostgreSQL from now on by another URL, as after a change of the password, and those to
// the replica, where there is one, by replicaURL; those that are open go on until they are an hour old. It changes
// nothing where it fails. On SQLite it does nothing.
func (d *database) ConnectBy(databaseURL, replicaURL string) error {
	if d.reconnect == nil {
		return nil
	}
	return d.reconnect(databaseURL, replicaURL)
}
