package storage

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"
)

const day = 24 * time.Hour

// tokenRetention stands for the time that the legacy face's tokens are kept past their expiry.
const tokenRetention time.Duration = -1

// TokenRetention is that time by default (contract section 8.1).
const TokenRetention = 30 * day

// Sweep is what to sweep.
type Sweep struct {
	Batch          int // rows of one statement
	TokenRetention time.Duration
	// KeepTokens leaves codes, grants and access tokens for another time.
	KeepTokens bool
	// Budget is for how long one kind of rows is swept; the rest waits for the next run. 0: until none are left.
	Budget time.Duration
}

// deadRows is a kind of rows that are of no more use a while after they expire.
type deadRows struct {
	table string
	key   string
	kept  time.Duration // past expiry; tokenRetention for what an operator decides
	// since leaves out what expired longer ago than kept and so much more; 0 for no bound.
	since time.Duration
	// and is one more condition on the row; now is $4.
	and string
}

// standardCodes are the codes of clients without the legacy form of tokens. They are looked for among what expired in
// the last day only, off the legacy codes that stay for longer; a code that an idle janitor has missed goes with those.
const standardCodes = `client_id NOT IN (SELECT client_id FROM client_policies WHERE token_form = '` +
	TokenFormLegacy + `')`

// grantsOfNoSession leaves the grants of a live login session, which say whom to tell of its end.
const grantsOfNoSession = `NOT EXISTS (SELECT 1 FROM login_sessions l
WHERE l.session_id = grants.session_id AND l.revoked_at = 0 AND l.expires_at >= $4)`

// allDeadRows: the answers of the legacy face to expired codes and access tokens are about rows that exist, hence the
// 30 days. A used code of the others is known for half an hour more, so that its replay revokes. A grant's expires_at
// is late already.
var allDeadRows = []deadRows{
	{table: "codes", key: "id", kept: tokenRetention},
	{table: "codes", key: "id", kept: 30 * time.Minute, since: day, and: standardCodes},
	{table: "access_tokens", key: "id", kept: tokenRetention},
	{table: "grants", key: "id", and: grantsOfNoSession},
	{table: "login_sessions", key: "id"},
	{table: "pushed_requests", key: "id", kept: pushedRequestKept},
	{table: "device_authorizations", key: "id", kept: deviceAuthorizationKept},
	{table: "console_sessions", key: "id"},
	{table: "sign_in_failures", key: "id"},
	{table: "one_time_codes", key: "id", kept: day},
	{table: "connection_secrets", key: "id", and: `expires_at > 0`},
	{table: "revoked_jti", key: "jti"},
	{table: "used_jti", key: "namespace, issuer, jti"},
	{table: "audit_events", key: "id"},
	{table: "initial_access_tokens", key: "id"},
	{table: "logout_deliveries", key: "id"},
	{table: "mails", key: "id"},
	{table: "account_notices", key: "id"},
	{table: "invitations", key: "id", kept: 30 * day},
	{table: "password_resets", key: "id"},
	{table: "idempotency_keys", key: "id"},
	{table: "remembered_browsers", key: "id"},
	{table: "rate_counts", key: "limit_name, subject, holder"},
}

// SweptTables are the tables that Sweep deletes from, each once.
func SweptTables() []string {
	var tables []string
	for _, rows := range allDeadRows {
		if !slices.Contains(tables, rows.table) {
			tables = append(tables, rows.table)
		}
	}
	return tables
}

// Sweep deletes the rows that are dead, in batches, and says how many went from each table. A kind of rows that fails
// does not keep the others from being swept; the error names each that failed. Two at once do no harm.
func (j *janitor) Sweep(ctx context.Context, sweep Sweep) (map[string]int64, error) {
	if sweep.Batch <= 0 {
		return nil, fmt.Errorf("storage: sweep in batches of %d: want one row or more", sweep.Batch)
	}
	deleted := map[string]int64{}
	var failures []error
	for _, rows := range allDeadRows {
		if sweep.KeepTokens && slices.Contains([]string{"codes", "grants", "access_tokens"}, rows.table) {
			continue
		}
		sweepKind := j.sweepRows
		if rows.table == "audit_events" {
			sweepKind = j.sweepEvents
		}
		n, err := sweepKind(ctx, sweep, rows, j.spend(sweep.Budget))
		deleted[rows.table] += n
		if err != nil {
			failures = append(failures, fmt.Errorf("storage: sweep %s: %w", rows.table, err))
		}
		if ctx.Err() != nil {
			break
		}
	}
	return deleted, errors.Join(failures...)
}

// sweepRows walks along the index on expires_at, from slice to slice of a batch of rows. So a statement reads no more
// than a batch, also where rows stay that a condition keeps, and none reads what a statement before it has read.
func (j *janitor) sweepRows(
	ctx context.Context, sweep Sweep, rows deadRows, budget budget,
) (total int64, err error) {
	kept := rows.kept
	if kept == tokenRetention {
		kept = sweep.TokenRetention
	}
	end := toSeconds(j.Now().Add(-kept))
	from := int64(math.MinInt64)
	if rows.since > 0 {
		from = end - int64(rows.since/time.Second)
	}
	all := walk{table: rows.table, column: "expires_at", end: end}
	for from < end && !budget.isSpent() {
		until, err := j.sliceEnd(ctx, all, from, sweep.Batch)
		if err != nil {
			return total, err
		}
		n, err := j.sweepSlice(ctx, rows, from, until, sweep.Batch)
		total += n
		if err != nil {
			return total, err
		}
		from = until
	}
	return total, nil
}

// sweepSlice deletes the dead rows of a slice.
func (j *janitor) sweepSlice(
	ctx context.Context, rows deadRows, from, until int64, batch int,
) (total int64, err error) {
	where, args := `expires_at >= $1 AND expires_at < $2`, []any{from, until, batch}
	if rows.and != "" {
		where += ` AND ` + rows.and
	}
	if strings.Contains(rows.and, "$4") {
		args = append(args, j.nowSeconds())
	}
	query := fmt.Sprintf(
		`DELETE FROM %[1]s WHERE (%[2]s) IN (SELECT %[2]s FROM %[1]s WHERE %[3]s ORDER BY expires_at LIMIT $3)`,
		rows.table,
		rows.key,
		where,
	)
	for {
		n, err := j.exec(ctx, query, args...)
		total += n
		if err != nil || n < int64(batch) {
			return total, err
		}
	}
}

// budget is the time that a job may take.
type budget struct {
	database *database
	end      time.Time // zero for no bound
}

func (d *database) spend(time time.Duration) budget {
	if time <= 0 {
		return budget{}
	}
	return budget{database: d, end: d.now().Add(time)}
}

func (b budget) isSpent() bool { return b.database != nil && b.database.now().After(b.end) }
