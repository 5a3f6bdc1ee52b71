package storage

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math"
	"regexp"
	"slices"
	"strconv"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"
	"github.com/lib/pq/pqerror"
)

const (
	// monthsAhead is for how many months after the current one there are partitions before they are needed.
	monthsAhead = 3
	// partitionLock is the advisory lock of whoever makes or drops a partition. A janitor that does not get it leaves
	// the work to the one that has it.
	partitionLock = 0x697468696c64696e
	// partitionWait is how long such a change waits for its locks, and every request to the table behind it, before it
	// is left to the next run of the janitor.
	partitionWait = 250 * time.Millisecond
	// monthShare is which part of the longest retention in a month its events may stay longer, so that they are dropped
	// with their partition in place of being deleted one by one.
	monthShare = 10
)

// eventPartition is a partition of audit_events on PostgreSQL: the events that were created in a month, those from
// before the table had partitions, or those for which there is no partition.
type eventPartition struct {
	Name  string         `db:"name"`
	Bound sql.NullString `db:"bound"`
	until int64          // its events were created before it; noBound for the partition of all others
}

// noBound is no time of an event.
const noBound int64 = math.MinInt64

// errPartitionsInUse says that the partitions were not changed now, and may be later.
var errPartitionsInUse = errors.New("storage: the partitions are in use")

var partitionEnd = regexp.MustCompile(`TO \('?(-?[0-9]+)'?\)`)

// eventPartitions lists the partitions, the earliest first. There are none on SQLite, and none that this process could
// change where the table belongs to another role.
func (d *database) eventPartitions(ctx context.Context) ([]eventPartition, error) {
	if !d.IsPostgreSQL() {
		return nil, nil
	}
	var partitions []eventPartition
	err := d.selectAll(ctx, &partitions, `
SELECT c.oid::regclass::text AS name, pg_get_expr(c.relpartbound, c.oid) AS bound FROM pg_inherits i
JOIN pg_class c ON c.oid = i.inhrelid JOIN pg_class parent ON parent.oid = i.inhparent
WHERE i.inhparent = to_regclass('audit_events') AND pg_has_role(parent.relowner, 'USAGE')`)
	if err != nil {
		return nil, err
	}
	// One that was dropped while the list was made has no bound any more.
	partitions = slices.DeleteFunc(partitions, func(p eventPartition) bool { return !p.Bound.Valid })
	for i, p := range partitions {
		partitions[i].until = noBound
		if end := partitionEnd.FindStringSubmatch(p.Bound.String); end != nil {
			if partitions[i].until, err = strconv.ParseInt(end[1], 10, 64); err != nil {
				return nil, fmt.Errorf("storage: the bound of %s is %q", p.Name, p.Bound.String)
			}
		}
	}
	slices.SortFunc(partitions, func(a, b eventPartition) int { return cmp.Compare(a.until, b.until) })
	return partitions, nil
}

// sweepEvents makes the partitions of the months ahead, drops those whose events are all past their time, and deletes
// the expired events of the others.
func (j *janitor) sweepEvents(ctx context.Context, sweep Sweep, rows deadRows, budget budget) (total int64, err error) {
	partitions, err := j.eventPartitions(ctx)
	if err != nil {
		return 0, err
	}
	if len(partitions) == 0 {
		return j.sweepRows(ctx, sweep, rows, budget)
	}
	failures := []error{j.makeMonths(ctx, partitions)}
	for _, p := range partitions {
		n, err := j.sweepPartition(ctx, sweep, rows, p, budget)
		total += n
		if !hasCode(err, "42P01") { // undefined_table: another janitor has dropped it meanwhile
			failures = append(failures, err)
		}
	}
	return total, errors.Join(failures...)
}

// sweepPartition drops a partition, leaves it until it can be dropped, or deletes what has expired in it. It is dropped
// when its month is over and all of its events have expired. The deletion ends so long before that no event stays for
// more than a tenth of the longest retention in its month beyond its own.
func (j *janitor) sweepPartition(
	ctx context.Context, sweep Sweep, rows deadRows, p eventPartition, budget budget,
) (int64, error) {
	now := j.nowSeconds()
	if p.until != noBound && p.until <= now {
		var last int64
		if err := j.get(ctx, &last, `SELECT coalesce(max(expires_at), 0) FROM `+p.Name); err != nil {
			return 0, err
		}
		switch {
		case last < now:
			return j.dropPartition(ctx, p)
		case last-now <= (last-p.until)/monthShare:
			return 0, nil
		}
	}
	rows.table = p.Name
	return j.sweepRows(ctx, sweep, rows, budget)
}

// makeMonths makes the partitions that are missing from the current month on. A month of which there are events
// already, because nobody made its partition in time, goes without one: its events stay where they are, and are deleted
// one by one.
func (j *janitor) makeMonths(ctx context.Context, partitions []eventPartition) error {
	now := j.Now().UTC()
	from := time.Date(now.Year(), now.Month(), 1, 0, 0, 0, 0, time.UTC)
	last := from.AddDate(0, monthsAhead, 0)
	if end := partitions[len(partitions)-1].until; end > from.Unix() {
		from = time.Unix(end, 0).UTC()
	}
	for ; !from.After(last); from = from.AddDate(0, 1, 0) {
		err := j.makeMonth(ctx, from)
		if errors.Is(err, errPartitionsInUse) {
			return nil // the next run goes on with this month
		}
		if err != nil && !hasCode(err, "23514") { // check_violation: the other events have some of the month
			return fmt.Errorf("the partition of %s: %w", from.Format("2006-01"), err)
		}
	}
	return nil
}

// hasCode recognizes an SQLSTATE of PostgreSQL.
func hasCode(err error, code pqerror.Code) bool {
	var postgres *pq.Error
	return errors.As(err, &postgres) && postgres.Code == code
}

// makeMonth makes the partition of a month beside the table, and attaches it. Requests go on meanwhile, but for lists
// that look at every partition.
func (j *janitor) makeMonth(ctx context.Context, from time.Time) error {
	name := "audit_events_" + from.Format("2006_01")
	return j.changePartitions(ctx, func(tx *sqlx.Tx) error {
		var exists bool
		if err := tx.GetContext(ctx, &exists, `SELECT to_regclass($1) IS NOT NULL`, name); err != nil || exists {
			return err
		}
		return write(ctx, tx, fmt.Sprintf(`
CREATE TABLE %[1]s (LIKE audit_events INCLUDING DEFAULTS);
ALTER TABLE audit_events ATTACH PARTITION %[1]s FOR VALUES FROM (%[2]d) TO (%[3]d)`,
			name, from.Unix(), from.AddDate(0, 1, 0).Unix()))
	})
}

// dropPartition drops a partition whose events have all expired, and says how many rows it had: counted up to 10,000,
// beyond it an estimate. An event that came meanwhile keeps it.
func (j *janitor) dropPartition(ctx context.Context, p eventPartition) (rows int64, err error) {
	err = j.get(ctx, &rows, fmt.Sprintf(`SELECT count(*) FROM (SELECT 1 FROM %s LIMIT %d) AS counted`, p.Name,
		exactTotal+1))
	if err == nil && rows > exactTotal {
		rows, err = j.plannedRows(ctx, `SELECT 1 FROM `+p.Name, nil)
	}
	if err != nil {
		return 0, err
	}
	err = j.changePartitions(ctx, func(tx *sqlx.Tx) error { return detachAndDrop(ctx, tx, p.Name, j.nowSeconds()) })
	switch {
	case errors.Is(err, errPartitionsInUse):
		return 0, nil
	case err != nil:
		return 0, fmt.Errorf("drop %s: %w", p.Name, err)
	}
	return rows, nil
}

// detachAndDrop drops a partition in a transaction, unless it has an event that has not expired, or another process has
// dropped it.
func detachAndDrop(ctx context.Context, tx *sqlx.Tx, partition string, now int64) error {
	var attached, alive bool
	err := tx.GetContext(ctx, &attached, `SELECT EXISTS (SELECT 1 FROM pg_inherits
WHERE inhrelid = to_regclass($1) AND inhparent = to_regclass('audit_events'))`, partition)
	if err != nil {
		return err
	}
	if !attached {
		return errPartitionsInUse
	}
	if err := write(ctx, tx, `ALTER TABLE audit_events DETACH PARTITION `+partition); err != nil {
		return err
	}
	// Nobody writes to it any more.
	err = tx.GetContext(ctx, &alive, `SELECT EXISTS (SELECT 1 FROM `+partition+` WHERE expires_at >= $1)`, now)
	if err != nil {
		return err
	}
	if alive {
		return errPartitionsInUse
	}
	return write(ctx, tx, `DROP TABLE `+partition)
}

// changePartitions runs a change of the partitions in a transaction with the advisory lock. errPartitionsInUse: another
// process has that, or the table is in use. The transaction sees what others commit while it waits for a lock.
func (j *janitor) changePartitions(ctx context.Context, change func(tx *sqlx.Tx) error) error {
	err := j.transaction(ctx, func(tx *sqlx.Tx) error {
		err := write(ctx, tx, fmt.Sprintf(`SET TRANSACTION ISOLATION LEVEL READ COMMITTED; SET LOCAL lock_timeout = %d`,
			partitionWait.Milliseconds()))
		if err != nil {
			return err
		}
		var locked bool
		if err := tx.GetContext(ctx, &locked, `SELECT pg_try_advisory_xact_lock($1)`, int64(partitionLock)); err != nil {
			return err
		}
		if !locked {
			return errPartitionsInUse
		}
		return change(tx)
	})
	if IsTimeout(err) {
		return errPartitionsInUse
	}
	return err
}
