package storage

import (
	"context"
	"database/sql"
	"slices"
	"time"
)

// Grant is one authorization of a client by a user: a family of refresh tokens and what revokes all that came of it.
type Grant struct {
	ID             string
	ClientID       string
	ConnectionID   string // the one that redeemed the code; "" where that is not known
	UserID         string
	SessionID      string // the login session it was made in
	Scope          string
	Session        *Session
	RefreshTokenID string // "" where no refresh token was issued
	RefreshHash    []byte // nil where the refresh token carries the grant's id
	Generation     int64
	RotatedAt      time.Time // by the clock of database.commitTime
	// RepeatedGeneration is the last generation at which the token before was presented after its grace; Repeats is how
	// many generations in a row were (see rotation.go).
	RepeatedGeneration int64
	Repeats            int64
	RefreshExpiresAt   time.Time
	CreatedAt          time.Time
	ExpiresAt          time.Time // when the row may be deleted
	RevokedAt          time.Time // zero: not revoked

	UserBlocked   bool
	ApprovalID    string // "" when the approval is gone
	ApprovalScope string
	RoleIDs       []string // the user's roles for this client and everywhere
	UserClaims    UserClaims
}

type grantRow struct {
	ID               string         `db:"id"`
	ClientID         string         `db:"client_id"`
	ConnectionID     sql.NullString `db:"connection_id"`
	UserID           string         `db:"user_id"`
	SessionID        sql.NullString `db:"session_id"`
	Scope            string         `db:"scope"`
	Session          string         `db:"session"`
	RefreshTokenID   sql.NullString `db:"refresh_token_id"`
	RefreshHash      []byte         `db:"refresh_hash"`
	Generation       int64          `db:"generation"`
	RotatedAt        seconds        `db:"rotated_at"`
	Repeated         int64          `db:"repeated_generation"`
	Repeats          int64          `db:"repeats"`
	ReadAt           seconds        `db:"read_at"`
	RefreshExpiresAt seconds        `db:"refresh_expires_at"`
	CreatedAt        seconds        `db:"created_at"`
	ExpiresAt        seconds        `db:"expires_at"`
	RevokedAt        seconds        `db:"revoked_at"`
	ApprovalID       sql.NullString `db:"approval_id"`
	ApprovalScope    sql.NullString `db:"approval_scope"`
	RoleID           sql.NullString `db:"role_id"`
	GlobalRoleID     sql.NullString `db:"global_role_id"`
	holderRow
}

// selectGrant gives one row for each pair of a role for the client and a role everywhere; there are few of either. Its
// second argument is database.injectedTime.
func (s *tokenStore) selectGrant(condition string) string {
	return `
SELECT g.id, g.client_id, g.connection_id, g.user_id, g.session_id, g.scope, g.session, g.refresh_token_id,
g.refresh_hash,
       g.generation, g.rotated_at, g.repeated_generation, g.repeats, ` + s.commitTime("$2") + ` AS read_at,
       g.refresh_expires_at, g.created_at, g.expires_at, g.revoked_at,
       a.id AS approval_id, a.scope AS approval_scope, r.role_id AS role_id, e.role_id AS global_role_id,
       ` + holderColumns + `
FROM grants g
JOIN users u ON u.id = g.user_id
LEFT JOIN approvals a ON a.user_id = g.user_id AND a.client_id = g.client_id
LEFT JOIN user_roles r ON r.user_id = g.user_id AND r.client_id = g.client_id
LEFT JOIN global_user_roles e ON e.user_id = g.user_id
WHERE ` + condition
}

// FindGrant reads a grant by its id, revoked and expired ones too, in one statement.
func (s *tokenStore) FindGrant(ctx context.Context, id string) (*Grant, error) {
	g, _, err := s.findGrant(ctx, id)
	return g, err
}

func (s *tokenStore) findGrant(ctx context.Context, id string) (g *Grant, readAt time.Time, err error) {
	if id, err = uuidKey(id); err != nil {
		return nil, time.Time{}, err
	}
	return s.readGrant(ctx, s.selectGrant(`g.id = $1`), id)
}

// FindGrantByRefreshHash reads a grant by the hash of its refresh token, the current one or the one before.
func (s *tokenStore) FindGrantByRefreshHash(ctx context.Context, hash []byte) (*Grant, error) {
	g, _, err := s.findGrantByHash(ctx, hash)
	return g, err
}

func (s *tokenStore) findGrantByHash(ctx context.Context, hash []byte) (g *Grant, readAt time.Time, err error) {
	return s.readGrant(ctx, s.selectGrant(`g.refresh_hash = $1 OR g.previous_refresh_hash = $1`), hash)
}

// readGrant also says when the row was read, by the clock of commitTime.
func (s *tokenStore) readGrant(ctx context.Context, query string, arg any) (g *Grant, readAt time.Time, err error) {
	var rows []grantRow
	if err := s.selectAll(ctx, &rows, query, arg, s.injectedTime()); err != nil {
		return nil, time.Time{}, err
	}
	if len(rows) == 0 {
		return nil, time.Time{}, ErrNotFound
	}
	row := rows[0]
	session, err := decodeSession(row.Session)
	if err != nil {
		return nil, time.Time{}, err
	}
	g = &Grant{
		ID: row.ID, ClientID: row.ClientID, ConnectionID: row.ConnectionID.String, UserID: row.UserID,
		SessionID: row.SessionID.String, Scope: row.Scope, Session: session,
		RefreshTokenID: row.RefreshTokenID.String, RefreshHash: row.RefreshHash,
		Generation: row.Generation, RotatedAt: row.RotatedAt.time(), RepeatedGeneration: row.Repeated, Repeats: row.Repeats,
		RefreshExpiresAt: row.RefreshExpiresAt.time(),
		CreatedAt:        row.CreatedAt.time(), ExpiresAt: row.ExpiresAt.time(), RevokedAt: row.RevokedAt.time(),
		UserBlocked: row.Blocked.Bool, UserClaims: row.holder(), ApprovalID: row.ApprovalID.String,
		ApprovalScope: row.ApprovalScope.String,
	}
	for _, r := range rows {
		for _, id := range []sql.NullString{r.RoleID, r.GlobalRoleID} {
			if id.Valid && !slices.Contains(g.RoleIDs, id.String) {
				g.RoleIDs = append(g.RoleIDs, id.String)
			}
		}
	}
	return g, row.ReadAt.time(), nil
}

// insertGrant completes a grant that was begun in the front channel (OIDC Core 3.3): only the one exchange that wins
// its code comes here again. One that was revoked meanwhile stays revoked, and one that has rotated since stays as it
// is: a statement may be executed long after it was sent.
const insertGrant = `
INSERT INTO grants (id, client_id, connection_id, user_id, session_id, scope, session, refresh_token_id, refresh_hash,
       refresh_expires_at, created_at, expires_at)
SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12 {{precondition}}
ON CONFLICT (id) DO UPDATE SET connection_id = excluded.connection_id, session = excluded.session,
       refresh_token_id = excluded.refresh_token_id,
       refresh_hash = excluded.refresh_hash, refresh_expires_at = excluded.refresh_expires_at,
       expires_at = excluded.expires_at
WHERE grants.client_id = excluded.client_id AND grants.user_id = excluded.user_id AND grants.generation = 0`

// QueueGrant stores a grant, or completes one that was begun in the front channel.
func (b *Batch) QueueGrant(g Grant) {
	b.queue(statement{name: "insert grant", sql: insertGrant, args: []any{
		g.ID, g.ClientID, null(g.ConnectionID), g.UserID, null(g.SessionID), g.Scope, g.Session.encode(),
		null(g.RefreshTokenID), bytes(g.RefreshHash), toSeconds(g.RefreshExpiresAt), toSeconds(g.CreatedAt),
		toSeconds(g.ExpiresAt),
	}})
}

// CreateGrant stores a grant by itself, for tests and the importer.
func (s *tokenStore) CreateGrant(ctx context.Context, g Grant) error {
	b := s.NewBatch()
	b.QueueGrant(g)
	return b.Flush(ctx)
}

// rotateGrant moves a family one generation on, if nobody has since the caller read it. The same attempt, sent twice,
// wins twice. expires_at never becomes earlier, so that a walk along it (walk.go) does not miss the row.
func (s *tokenStore) rotateGrant() string {
	return `
UPDATE grants SET generation = $2 + 1, previous_refresh_hash = refresh_hash, refresh_hash = $3, refresh_token_id = $4,
       rotated_at = ` + s.commitTime("$5") + `, rotated_by = $6, refresh_expires_at = $7,
       expires_at = CASE WHEN $8 > expires_at THEN $8 ELSE expires_at END
WHERE id = $1 AND revoked_at = 0 AND generation = $2 {{single use}} RETURNING 1`
}

// repeatGrant counts that the token before was presented after its grace, once a generation. It writes nothing where
// the successor has been used meanwhile.
const repeatGrant = `
UPDATE grants SET repeated_generation = $2, repeats = CASE WHEN repeated_generation = $2 THEN repeats
       WHEN repeated_generation = $2 - 1 THEN repeats + 1 ELSE 1 END
WHERE id = $1 AND revoked_at = 0 AND generation = $2 {{single use}} RETURNING 1`

// liveGrant is the precondition of what is made under a grant that stays as it is.
const liveGrant = `SELECT 1 FROM grants WHERE id = $1 AND revoked_at = 0 {{single use}}`

// RevokeGrant ends a grant and all that came of it. It says whether the grant was live until now.
func (s *tokenStore) RevokeGrant(ctx context.Context, id string) (bool, error) {
	id, err := uuidKey(id)
	if err != nil {
		return false, nil
	}
	n, err := s.exec(ctx, `UPDATE grants SET revoked_at = $2 WHERE id = $1 AND revoked_at = 0`, id, s.nowSeconds())
	return n > 0, err
}

func null(s string) sql.NullString { return sql.NullString{String: s, Valid: s != ""} }

// bytes makes an absent value a NULL of the right type.
func bytes(b []byte) any {
	if b == nil {
		return nil
	}
	return b
}
