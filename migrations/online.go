package migrations

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/lib/pq"
)

const (
	// lockTimeout is how long a statement that locks requests out stands in the queue for its lock, and every request
	// to the table behind it. It is well below PostgreSQL's deadlock_timeout of one second, so that a migration and not a
	// request gives way when they wait for each other.
	lockTimeout = 250 * time.Millisecond
	// shortestPause and longestPause are between two tries; a pause takes half of itself to the whole, at random.
	shortestPause = 500 * time.Millisecond
	longestPause  = 5 * time.Second
	// reportEvery is the time between two reports about a lock that is not to be had.
	reportEvery = 15 * time.Second
)

// applyOnline applies a migration to a PostgreSQL database from which servers serve: statement by statement, each a
// transaction of its own that may be run again.
func (r *run) applyOnline(ctx context.Context, m migration) error {
	created := map[string]bool{}
	for _, s := range m.statements {
		var err error
		switch {
		case s.kind == createIndex && !created[s.table]:
			err = r.addIndex(ctx, s)
		case s.kind == dropIndex:
			err = r.removeIndex(ctx, s)
		case s.kind == partitionTable:
			err = r.partitionOnline(ctx, s)
		default: // a table that the same file creates is used by nobody yet
			created[s.table] = created[s.table] || s.kind == createTable
			err = r.retry(ctx, s.table, lockTimeout, func() error { return r.exec(ctx, s.repeatable()) })
		}
		if err != nil {
			return err
		}
	}
	return r.record(ctx, m.version)
}

// addIndex builds an index of a table, or of every partition of it.
func (r *run) addIndex(ctx context.Context, s statement) error {
	partitioned, err := r.isPartitioned(ctx, s.table)
	if err != nil {
		return err
	}
	if partitioned {
		return r.buildIndexOfPartitions(ctx, s)
	}
	return r.buildIndex(ctx, s)
}

// removeIndex drops an index while its table is used. That of a table with partitions is dropped by one change of the
// catalog, for which requests wait.
func (r *run) removeIndex(ctx context.Context, s statement) error {
	partitioned, err := r.hasRelationKind(ctx, s.index, "I")
	if err != nil {
		return err
	}
	if partitioned {
		return r.retry(ctx, s.index, lockTimeout, func() error { return r.exec(ctx, s.repeatable()) })
	}
	return r.retry(ctx, s.index, r.lockWait, func() error { return r.exec(ctx, s.concurrent()) })
}

// buildIndex builds an index while its table is read and written. What it locks lets requests pass, so it may wait. An
// index that an interrupted run left behind is invalid: it is dropped, and built from the beginning.
func (r *run) buildIndex(ctx context.Context, s statement) error {
	slow := time.AfterFunc(reportEvery, func() { r.report("building the index " + s.index) })
	defer slow.Stop()
	return r.retry(ctx, s.table, r.lockWait, func() error {
		var invalid bool
		err := r.conn.QueryRowContext(ctx,
			`SELECT NOT indisvalid FROM pg_index WHERE indexrelid = to_regclass($1)`, s.index).Scan(&invalid)
		if err != nil && !errors.Is(err, sql.ErrNoRows) {
			return err
		}
		if invalid {
			if err := r.exec(ctx, "DROP INDEX CONCURRENTLY IF EXISTS "+s.index); err != nil {
				return err
			}
		}
		if err := r.exec(ctx, s.concurrent()); err != nil || !s.hasExpression() {
			return err
		}
		// Without statistics of the expression its conditions seem to match next to nothing, until autovacuum comes.
		return r.exec(ctx, "ANALYZE "+s.table)
	})
}

// retry runs work with a time-out for locks until it gets them, or the wait for locks is over.
func (r *run) retry(ctx context.Context, relation string, timeout time.Duration, work func() error) error {
	if err := r.exec(ctx, fmt.Sprintf("SET lock_timeout = %d", timeout.Milliseconds())); err != nil {
		return err
	}
	end, report := time.Now().Add(r.lockWait), time.Now().Add(reportEvery)
	for pause := shortestPause; ; pause = min(2*pause, longestPause) {
		err := work()
		if !waitsForLock(err) {
			return err
		}
		if time.Now().After(end) {
			return fmt.Errorf("%s is in use by %s: %w", relation, r.holder(ctx, relation), err)
		}
		if time.Now().After(report) {
			report = time.Now().Add(reportEvery)
			r.report(fmt.Sprintf("%s is in use by %s; waiting for it", relation, r.holder(ctx, relation)))
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(pause/2 + rand.N(pause/2)):
		}
	}
}

// waitsForLock says whether a statement failed for no other reason than other transactions.
func waitsForLock(err error) bool {
	var fault *pq.Error
	if !errors.As(err, &fault) {
		return false
	}
	switch fault.Code {
	case "55P03", "40P01", "40001": // lock_not_available, deadlock_detected, serialization_failure
		return true
	}
	return false
}

// holder names the session that has used a table or index for the longest time, for an operator who may end it.
func (r *run) holder(ctx context.Context, relation string) string {
	var pid int64
	var application string
	var seconds float64
	err := r.conn.QueryRowContext(ctx, `
SELECT a.pid, a.application_name, extract(epoch FROM now() - a.xact_start) FROM pg_locks l
JOIN pg_stat_activity a USING (pid)
WHERE l.relation = to_regclass($1) AND l.granted AND a.pid <> pg_backend_pid() AND a.xact_start IS NOT NULL
ORDER BY a.xact_start LIMIT 1`, relation).Scan(&pid, &application, &seconds)
	if err != nil {
		return "other sessions" // it was there a moment ago
	}
	held := time.Duration(seconds * float64(time.Second)).Round(time.Second)
	return fmt.Sprintf("process %d (%q), in a transaction of %v", pid, application, held)
}
