package migrations

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"fmt"
	"time"

	"github.com/pressly/goose/v3/database"
	"github.com/pressly/goose/v3/lock"
)

const (
	// defaultLockWait is how long one statement tries to get its lock: a backup that reads every table may be at work.
	defaultLockWait = 15 * time.Minute
	// othersWait is how long Up waits for another Up, in seconds: the indexes of a large database take their time.
	othersWait = 6 * 60 * 60
)

// Option changes how Up works.
type Option func(*run)

// LockWait bounds how long one statement tries to get its lock on PostgreSQL; default 15 minutes.
func LockWait(wait time.Duration) Option { return func(r *run) { r.lockWait = wait } }

// Report names a function that is told in words what Up does or waits for when that takes long, from any goroutine.
func Report(report func(message string)) Option { return func(r *run) { r.report = report } }

// UpTo leaves out the migrations after a version.
func UpTo(version int64) Option { return func(r *run) { r.last = version } }

// run is one call of Up, on one connection.
type run struct {
	conn     *sql.Conn
	engine   Engine
	versions database.Store
	report   func(message string)
	lockWait time.Duration
	last     int64 // the last version that is wanted; 0 for all
}

// Up applies every pending migration and returns those it applied, also with an error. Of several that run at once one
// works; the others wait for it and find nothing left to do. What an interrupted Up leaves behind, the next one takes
// up.
//
// On PostgreSQL it sets its connection's time-outs for the session, so the pool must not lead through a transaction
// pooler; and the pool must not have a deadline of its own for statements, since an index may take minutes to build.
func Up(ctx context.Context, db *sql.DB, engine Engine, options ...Option) ([]Status, error) {
	r := &run{engine: engine, report: func(string) {}, lockWait: defaultLockWait}
	for _, option := range options {
		option(r)
	}
	applied, err := r.connected(ctx, db)
	if err != nil {
		return applied, fmt.Errorf("migrations: %w", err)
	}
	return applied, nil
}

// connected runs the migrations on a connection that is closed at the end: its settings and its lock end with it.
func (r *run) connected(ctx context.Context, db *sql.DB) (applied []Status, err error) {
	if r.versions, err = versions(r.engine); err != nil {
		return nil, err
	}
	if r.conn, err = db.Conn(ctx); err != nil {
		return nil, err
	}
	defer func() {
		_ = r.conn.Raw(func(any) error { return driver.ErrBadConn }) // closes it, and its error is the one given to it
	}()
	if err := r.prepare(ctx); err != nil {
		return nil, err
	}
	return r.pending(ctx)
}

// prepare sets the time-outs of the connection, and on PostgreSQL waits until no other Up is at work.
func (r *run) prepare(ctx context.Context) error {
	if r.engine == SQLite {
		return r.exec(ctx, fmt.Sprintf("PRAGMA busy_timeout = %d", r.lockWait.Milliseconds()))
	}
	err := r.exec(ctx, "SET statement_timeout = 0; SET idle_in_transaction_session_timeout = 0")
	if err != nil {
		return err
	}
	// It asks again and again: a statement that waited would have a snapshot, and indexes that are built concurrently
	// wait for snapshots.
	locker, err := lock.NewPostgresSessionLocker(lock.WithLockTimeout(1, othersWait))
	if err != nil {
		return err
	}
	waiting := time.AfterFunc(2*time.Second, func() {
		r.report("another migrate up is at work on this database; waiting for it")
	})
	defer waiting.Stop()
	return locker.SessionLock(ctx, r.conn)
}

func (r *run) pending(ctx context.Context) ([]Status, error) {
	migrations, err := readMigrations()
	if err != nil {
		return nil, err
	}
	before, err := appliedVersions(ctx, r.conn, r.engine)
	if err != nil {
		return nil, err
	}
	var applied []Status
	for _, m := range migrations {
		if before[m.version] || (r.last > 0 && m.version > r.last) {
			continue
		}
		did, err := r.apply(ctx, m, before[migrations[0].version])
		if err != nil {
			return applied, fmt.Errorf("%s: %w", m.name, err)
		}
		if did {
			applied = append(applied, Status{Version: m.version, Name: m.name, Applied: true})
		}
	}
	return applied, nil
}

// apply says whether it was this call that applied the migration.
func (r *run) apply(ctx context.Context, m migration, inUse bool) (did bool, err error) {
	if r.engine == PostgreSQL && inUse {
		return true, r.applyOnline(ctx, m)
	}
	err = r.transaction(ctx, func() error {
		did, err = r.applyAtOnce(ctx, m)
		return err
	})
	return did, err
}

// applyAtOnce applies a migration inside a transaction, unless another process did so before the transaction began.
func (r *run) applyAtOnce(ctx context.Context, m migration) (bool, error) {
	exists, err := versionTableExists(ctx, r.conn, r.engine)
	if err != nil {
		return false, err
	}
	if !exists {
		if err := r.versions.CreateVersionTable(ctx, r.conn); err != nil {
			return false, err
		}
		if err := r.record(ctx, 0); err != nil { // releases that applied migrations by goose want it
			return false, err
		}
	}
	applied, err := appliedVersions(ctx, r.conn, r.engine)
	if err != nil || applied[m.version] {
		return false, err
	}
	for _, s := range m.statements {
		work := func() error { return r.exec(ctx, s.on(r.engine)) }
		if s.kind == partitionTable {
			work = func() error { return r.partitionAtOnce(ctx, s) }
		}
		if err := work(); err != nil {
			return false, err
		}
	}
	return true, r.record(ctx, m.version)
}

// transaction runs work between BEGIN and COMMIT. SQLite takes its one lock at once, so that what work reads still
// holds when it writes.
func (r *run) transaction(ctx context.Context, work func() error) error {
	begin := "BEGIN"
	if r.engine == SQLite {
		begin = "BEGIN IMMEDIATE"
	}
	if err := r.exec(ctx, begin); err != nil {
		return err
	}
	if err := work(); err != nil {
		_ = r.exec(context.WithoutCancel(ctx), "ROLLBACK") // the connection is closed in any case
		return err
	}
	return r.exec(ctx, "COMMIT")
}

func (r *run) record(ctx context.Context, version int64) error {
	return r.versions.Insert(ctx, r.conn, database.InsertRequest{Version: version})
}

func (r *run) exec(ctx context.Context, query string) error {
	_, err := r.conn.ExecContext(ctx, query)
	return err
}
