package storage

import (
	"context"
	"fmt"
	"slices"
)

const day = 24 * 3600

// tokenRetention stands for the time that the legacy face's tokens are kept past their expiry.
const tokenRetention = -1

// TokenRetention is that time by default, in seconds (contract section 8.1).
const TokenRetention = 30 * day

// Sweep is what to sweep.
type Sweep struct {
	Batch          int   // rows of one statement
	TokenRetention int64 // seconds
	// KeepTokens leaves codes, grants and access tokens for another time.
	KeepTokens bool
}

// deadRows is a kind of rows that are of no more use a while after they expire.
type deadRows struct {
	table string
	key   string
	kept  int64 // seconds past expiry; tokenRetention for what an operator decides
	// where takes the time before which rows must have expired as $1.
	where string
}

const expired = `expires_at < $1`

// standardCodes are the codes of clients without the legacy form of tokens. The bound below keeps the search off the
// legacy codes that stay for longer; a code that an idle janitor has missed goes with those.
const standardCodes = expired + ` AND expires_at >= $1 - 86400
AND client_id NOT IN (SELECT id FROM clients WHERE policy LIKE '%"token_form":"` + TokenFormLegacy + `"%')`

// grantsOfNoSession leaves the grants of a live login session, which say whom to tell of its end.
const grantsOfNoSession = expired + ` AND NOT EXISTS (SELECT 1 FROM login_sessions l
WHERE l.session_id = grants.session_id AND l.revoked_at = 0 AND l.expires_at >= $1)`

// allDeadRows: the answers of the legacy face to expired codes and access tokens are about rows that exist, hence the 30
// days. A used code of the others is known for half an hour more, so that its replay revokes. A grant's expires_at is
// late already.
var allDeadRows = []deadRows{
	{"codes", "id", tokenRetention, expired},
	{"codes", "id", 1800, standardCodes},
	{"access_tokens", "id", tokenRetention, expired},
	{"grants", "id", 0, grantsOfNoSession},
	{"login_sessions", "id", 0, expired},
	{"sign_in_failures", "id", 0, expired},
	{"one_time_codes", "id", day, expired},
	{"connection_secrets", "id", 0, `expires_at > 0 AND ` + expired},
	{"revoked_jti", "jti", 0, expired},
	{"used_jti", "namespace, issuer, jti", 0, expired},
	{"audit_events", "id", 0, expired},
	{"initial_access_tokens", "id", 0, expired},
	{"logout_deliveries", "id", 0, expired},
}

// Sweep deletes the rows that are dead, in batches, until none are left, and says how many went from each table. After an
// error it says how far it came. Two at once do no harm.
func (s *Store) Sweep(ctx context.Context, sweep Sweep) (map[string]int64, error) {
	if sweep.Batch <= 0 {
		return nil, fmt.Errorf("storage: sweep in batches of %d: want one row or more", sweep.Batch)
	}
	deleted := map[string]int64{}
	for _, rows := range allDeadRows {
		if sweep.KeepTokens && slices.Contains([]string{"codes", "grants", "access_tokens"}, rows.table) {
			continue
		}
		kept := rows.kept
		if kept == tokenRetention {
			kept = sweep.TokenRetention
		}
		query := fmt.Sprintf(`DELETE FROM %[1]s WHERE (%[2]s) IN (SELECT %[2]s FROM %[1]s WHERE %[3]s LIMIT $2)`,
			rows.table, rows.key, rows.where)
		for {
			n, err := s.exec(ctx, query, s.Now()-kept, sweep.Batch)
			deleted[rows.table] += n
			if err != nil {
				return deleted, fmt.Errorf("storage: sweep %s: %w", rows.table, err)
			}
			if n < int64(sweep.Batch) {
				break
			}
		}
	}
	return deleted, nil
}
