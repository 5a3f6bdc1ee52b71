package storage

import (
	"context"
	"fmt"
)

// rolledBackRows is a kind of rows that a database which was restored to an earlier time holds for good, although since
// then they may have been used, replaced or revoked. Those still count that have not expired and of which a condition,
// if there is one, is true. end makes them count no more; $1 is now in it, and the keys complete it.
type rolledBackRows struct {
	table     string
	condition string
	end       string
	isBinary  bool // the key: bytes, or a UUID
}

// allRolledBackRows: sessions come first, then codes, then what is issued for them, so that a server that serves
// meanwhile issues nothing by what has ended. Rows stay where a later question about them has an answer of its own.
var allRolledBackRows = []rolledBackRows{
	{"login_sessions", "revoked_at = 0",
		`UPDATE login_sessions SET revoked_at = $1 WHERE revoked_at = 0 AND id IN `, true},
	{"console_sessions", "",
		`DELETE FROM console_sessions WHERE expires_at > $1 AND id IN `, true},
	{"pushed_requests", "",
		`DELETE FROM pushed_requests WHERE expires_at > $1 AND id IN `, true},
	{"device_authorizations", "",
		`DELETE FROM device_authorizations WHERE expires_at > $1 AND id IN `, true},
	{"codes", "used_at = 0 AND revoked_at = 0",
		`UPDATE codes SET revoked_at = $1 WHERE used_at = 0 AND revoked_at = 0 AND id IN `, true},
	{"grants", "revoked_at = 0", endGrants, false},
	{"access_tokens", "", endTokens, true},
	{"one_time_codes", "",
		`UPDATE one_time_codes SET expires_at = $1 WHERE expires_at > $1 AND id IN `, false},
	{"password_resets", "",
		`DELETE FROM password_resets WHERE expires_at > $1 AND id IN `, false},
	{"invitations", "state = 'open'",
		`UPDATE invitations SET expires_at = $1 WHERE state = 'open' AND expires_at > $1 AND id IN `, false},
	{"remembered_browsers", "",
		`DELETE FROM remembered_browsers WHERE expires_at > $1 AND id IN `, false},
	{"initial_access_tokens", "",
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
		n, err := end(ctx, j.database, alongExpiry(rows.table, now), rows.condition, rows.end, now)
		ended(rows.table, n)
		if err != nil {
			return fmt.Errorf("storage: end the %s that were restored: %w", rows.table, err)
		}
	}
	return nil
}
