package storage

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/jmoiron/sqlx"
)

// ImportedKind is a kind of rows that an import brings.
type ImportedKind string

// The kinds, by the names that they have in the report of an import.
const (
	ImportedUsers         ImportedKind = "users"
	ImportedClients       ImportedKind = "clients"
	ImportedClientTypes   ImportedKind = "client types"
	ImportedRoles         ImportedKind = "roles"
	ImportedConnections   ImportedKind = "connections"
	ImportedUserRoles     ImportedKind = "roles of users"
	ImportedGlobalRoles   ImportedKind = "global roles of users"
	ImportedApprovals     ImportedKind = "approvals"
	ImportedFactors       ImportedKind = "second factors"
	ImportedCodes         ImportedKind = "authorization codes"
	ImportedRefreshTokens ImportedKind = "refresh tokens"
	ImportedAccessTokens  ImportedKind = "access tokens"
)

// ImportedRow is a row that an import brought.
type ImportedRow struct {
	ID string `db:"id"`
	// Key is what an import knows the row again by: its id, or the ids of what it joins, with blanks between them.
	Key string `db:"row_key"`
	// Subject is the id by which the source is asked about the row: that of its user where Key has several, else Key.
	Subject string `db:"subject"`
	Name    string `db:"name"` // what people call it
}

// importedTable says how the rows of a kind, which have the alias r, are listed and deleted.
type importedTable struct {
	from    string
	id      string // the column with the id, by which the rows are in order
	key     string // "" for the id
	subject string // "" for the id
	name    string
	live    string // a condition with the time, $3; "" where a row has no end
	// madeHere counts the rows which no import brought and which are deleted with the row $1; "" where there are none.
	madeHere string
	delete   string // the end of a statement that deletes the rows with the ids that follow, "" where a method does
}

const (
	joinUser  = ` JOIN users u ON u.id = r.user_id`
	joinRole  = ` JOIN roles o ON o.id = r.role_id`
	tokenName = `CAST(r.user_id AS text) || ' for client ' || r.client_id`
)

var importedTables = map[ImportedKind]importedTable{
	ImportedUsers: {from: `users r`, id: `r.id`, name: `r.email`, madeHere: `
SELECT (SELECT count(*) FROM user_roles WHERE user_id = $1 AND NOT imported)
     + (SELECT count(*) FROM global_user_roles WHERE user_id = $1 AND NOT imported)
     + (SELECT count(*) FROM approvals WHERE user_id = $1 AND NOT imported)
     + (SELECT count(*) FROM authentication_factors WHERE user_id = $1 AND NOT imported)
     + (SELECT count(*) FROM authenticators WHERE user_id = $1)
     + (SELECT count(*) FROM passkeys WHERE user_id = $1)`},
	ImportedClients: {from: `clients r`, id: `r.id`, name: `r.name`, madeHere: `
SELECT (SELECT count(*) FROM connections WHERE (client_id = $1 OR consumer_id = $1) AND NOT imported)
     + (SELECT count(*) FROM user_roles WHERE client_id = $1 AND NOT imported)
     + (SELECT count(*) FROM approvals WHERE client_id = $1 AND NOT imported)`},
	ImportedClientTypes: {from: `client_types r`, id: `r.id`, name: `r.name`},
	ImportedRoles: {from: `roles r`, id: `r.id`, name: `r.name`, madeHere: `
SELECT (SELECT count(*) FROM user_roles WHERE role_id = $1 AND NOT imported)
     + (SELECT count(*) FROM global_user_roles WHERE role_id = $1 AND NOT imported)`},
	ImportedConnections: {from: `connections r`, id: `r.id`,
		name: `'client ' || r.client_id || ', consumer ' || coalesce(r.consumer_id, 'none')`},
	ImportedUserRoles: {from: `user_roles r` + joinUser + joinRole, id: `r.id`, subject: `r.user_id`,
		key:  `CAST(r.user_id AS text) || ' ' || CAST(r.role_id AS text) || ' ' || r.client_id`,
		name: `o.name || ' of ' || u.email || ' for client ' || r.client_id`},
	ImportedGlobalRoles: {from: `global_user_roles r` + joinUser + joinRole, id: `r.id`, subject: `r.user_id`,
		key: `CAST(r.user_id AS text) || ' ' || CAST(r.role_id AS text)`, name: `o.name || ' of ' || u.email`},
	ImportedApprovals: {from: `approvals r` + joinUser, id: `r.id`, subject: `r.user_id`,
		key: `CAST(r.user_id AS text) || ' ' || r.client_id`, name: `u.email || ' for client ' || r.client_id`},
	ImportedFactors: {from: `authentication_factors r` + joinUser, id: `r.id`, subject: `r.user_id`,
		key: `CAST(r.user_id AS text) || ' ' || r.type`, name: `r.type || ' of ' || u.email`},
	ImportedCodes: {from: `codes r`, id: `r.code_id`, name: tokenName,
		live: `r.expires_at > $3 AND r.used_at = 0 AND r.revoked_at = 0`, delete: `DELETE FROM codes WHERE code_id IN `},
	ImportedRefreshTokens: {from: `grants r`, id: `r.refresh_token_id`, name: tokenName,
		live: `r.refresh_token_id IS NOT NULL AND r.refresh_expires_at > $3 AND r.revoked_at = 0`, delete: `
UPDATE grants SET refresh_token_id = NULL, refresh_hash = NULL, previous_refresh_hash = NULL, refresh_expires_at = 0
WHERE refresh_token_id IN `},
	ImportedAccessTokens: {from: `access_tokens r`, id: `r.access_token_id`, name: tokenName, live: `r.expires_at > $3`,
		delete: `DELETE FROM access_tokens WHERE access_token_id IN `},
}

// firstID comes before every id of a row.
const firstID = "00000000-0000-0000-0000-000000000000"

// ImportedRows lists the rows of a kind that an import brought, tokens only while they live, in the order of their ids,
// beginning behind the id after.
func (s *importer) ImportedRows(
	ctx context.Context, kind ImportedKind, after string, limit int,
) (rows []ImportedRow, err error) {
	t := importedTables[kind]
	condition, args := "", []any{cmp.Or(after, firstID), limit}
	if t.live != "" {
		condition, args = " AND "+t.live, append(args, s.nowSeconds())
	}
	err = s.selectAll(ctx, &rows, fmt.Sprintf(`
SELECT %[1]s AS id, %[2]s AS row_key, %[3]s AS subject, %[4]s AS name FROM %[5]s
WHERE r.imported AND %[1]s > $1%[6]s ORDER BY %[1]s LIMIT $2`,
		t.id, cmp.Or(t.key, t.id), cmp.Or(t.subject, t.id), t.name, t.from, condition), args...)
	return rows, err
}

// CountMadeHere says how many rows that no import brought are deleted with a row that an import brought.
func (s *importer) CountMadeHere(ctx context.Context, kind ImportedKind, id string) (n int64, err error) {
	if query := importedTables[kind].madeHere; query != "" {
		err = s.get(ctx, &n, query, id)
	}
	return n, err
}

// DeleteImportedTokens deletes tokens of a kind that an import brought, by their ids, as DeleteIssued does. Its caller
// records them as a whole.
func (s *importer) DeleteImportedTokens(
	ctx context.Context, kind ImportedKind, ids []string,
) (deleted int64, err error) {
	statement := importedTables[kind].delete
	if statement == "" {
		return 0, fmt.Errorf("storage: %s are no tokens", kind)
	}
	for batch := range slices.Chunk(ids, importBatch) {
		args := make([]any, len(batch))
		for i, id := range batch {
			args[i] = id
		}
		var n int64
		err := s.transaction(ctx, func(tx *sqlx.Tx) (err error) {
			n, err = affected(tx.ExecContext(ctx, statement+`(`+placeholders(1, len(batch))+`) AND imported`, args...))
			return err
		})
		if err != nil {
			return deleted, err
		}
		deleted += n
	}
	return deleted, nil
}
