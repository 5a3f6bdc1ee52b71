package storage

import (
	"context"
	"fmt"
)

// rolledBackRows is a kind of rows that a database which was restored to an earlier time holds for good, although since
// then they may have been used, replaced or revoked. list selects the keys of those that still count, end makes them
// count no more; $1 is now in both, and end is completed by the keys.
type rolledBackRows struct {
	table    string
	list     string
	end      string
	isBinary bool // the key: bytes, or a UUID
}

// allRolledBackRows: sessions come first, then codes, then what is issued for them, so that a server that serves
// meanwhile issues nothing by what has ended. Rows stay where a later question about them has an answer of its own.
var allRolledBackRows = []rolledBackRows{
	{"login_sessions", `SELECT id FROM login_sessions WHERE revoked_at = 0 AND expires_at > $1`,
		`UPDATE login_sessions SET revoked_at = $1 WHERE revoked_at = 0 AND id IN `, true},
	{"console_sessions", `SELECT id FROM console_sessions WHERE expires_at > $1`,
		`DELETE FROM console_sessions WHERE expires_at > $1 AND id IN `, true},
	{"pushed_requests", `SELECT id FROM pushed_requests WHERE expires_at > $1`,
		`DELETE FROM pushed_requests WHERE expires_at > $1 AND id IN `, true},
	{"device_authorizations", `SELECT id FROM device_authorizations WHERE expires_at > $1`,
		`DELETE FROM device_authorizations WHERE expires_at > $1 AND id IN `, true},
	{"codes", `SELECT id FROM codes WHERE used_at = 0 AND revoked_at = 0 AND expires_at > $1`,
		`UPDATE codes SET revoked_at = $1 WHERE used_at = 0 AND revoked_at = 0 AND id IN `, true},
	{"grants", `SELECT id FROM grants WHERE revoked_at = 0 AND expires_at > $1`, endGrants, false},
	{"access_tokens", `SELECT id FROM access_tokens WHERE expires_at > $1`, endTokens, true},
	{"one_time_codes", `SELECT id FROM one_time_codes WHERE expires_at > $1`,
		`UPDATE one_time_codes SET expires_at = $1 WHERE expires_at > $1 AND id IN `, false},
	{"password_resets", `SELECT id FROM password_resets WHERE expires_at > $1`,
		`DELETE FROM password_resets WHERE expires_at > $1 AND id IN `, false},
	{"invitations", `SELECT id FROM invitations WHERE state = 'open' AND expires_at > $1`,
		`UPDATE invitations SET expires_at = $1 WHERE state = 'open' AND expires_at > $1 AND id IN `, false},
	{"remembered_browsers", `SELECT id FROM remembered_browsers WHERE expires_at > $1`,
		`DELETE FROM remembered_browsers WHERE expires_at > $1 AND id IN `, false},
	{"initial_access_tokens", `SELECT id FROM initial_access_tokens WHERE expires_at > $1`,
		`DELETE FROM initial_access_tokens WHERE expires_at > $1 AND id IN `, false},
}

// EndRolledBack ends everything by which somebody is signed in or may sign in without a password, client secret or
// second factor: sessions, codes, grants, tokens, links, invitations and remembered browsers. It is for a database that
// was restored to an earlier time, which does not know what was used or revoked since. It calls ended after each table
// with the number of rows. What was cut short is gone on with by the next call.
func (j *janitor) EndRolledBack(ctx context.Context, ended func(table string, rows int64)) error {
	for _, rows := range allRolledBackRows {
		end := inBatches[string]
		if rows.isBinary {
			end = inBatches[[]byte]
		}
		now := j.nowSeconds()
		n, err := end(ctx, j.database, rows.list, []any{now}, rows.end, now)
		ended(rows.table, n)
		if err != nil {
			return fmt.Errorf("storage: end the %s that were restored: %w", rows.table, err)
		}
	}
	return nil
}
