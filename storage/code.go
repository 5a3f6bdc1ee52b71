package storage

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"time"
)

// Hash is the form in which token values and secrets are stored: SHA-256, for values of 128 random bits or more.
func Hash(value string) []byte {
	sum := sha256.Sum256([]byte(value))
	return sum[:]
}

// Code is an authorization code, with what the exchange must know of its user.
type Code struct {
	ID          []byte // SHA-256 of the value
	CodeID      string
	GrantID     string
	ClientID    string
	UserID      string
	RedirectURI string
	SessionID   string // the login session that it ends with; "" where it ends with none
	Scope       string
	Session     *Session
	CreatedAt   time.Time
	ExpiresAt   time.Time
	UsedAt      time.Time // zero: not used

	UserBlocked bool
	ApprovalID  string // "" when the approval is gone
	UserClaims  UserClaims
}

type codeRow struct {
	CodeID      string         `db:"code_id"`
	GrantID     string         `db:"grant_id"`
	ClientID    string         `db:"client_id"`
	UserID      string         `db:"user_id"`
	RedirectURI string         `db:"redirect_uri"`
	Scope       string         `db:"scope"`
	Session     string         `db:"session"`
	CreatedAt   seconds        `db:"created_at"`
	ExpiresAt   seconds        `db:"expires_at"`
	UsedAt      seconds        `db:"used_at"`
	RevokedAt   seconds        `db:"revoked_at"`
	SessionID   sql.NullString `db:"session_id"`
	SessionEnd  seconds        `db:"session_revoked_at"`
	ApprovalID  sql.NullString `db:"approval_id"`
	holderRow
}

const findCode = `
SELECT c.code_id, c.grant_id, c.client_id, c.user_id, c.redirect_uri, c.scope, c.session, c.created_at, c.expires_at,
       c.used_at, c.revoked_at, c.session_id, coalesce(l.revoked_at, 0) AS session_revoked_at, a.id AS approval_id,
       ` + holderColumns + `
FROM codes c
JOIN users u ON u.id = c.user_id
LEFT JOIN login_sessions l ON l.session_id = c.session_id
LEFT JOIN approvals a ON a.user_id = c.user_id AND a.client_id = c.client_id
WHERE c.id = $1`

// FindCode reads a code by its value's hash, used and expired ones too, in one statement.
func (s *tokenStore) FindCode(ctx context.Context, hash []byte) (*Code, error) {
	var row codeRow
	if err := s.get(ctx, &row, findCode, hash); err != nil {
		return nil, err
	}
	session, err := decodeSession(row.Session)
	if err != nil {
		return nil, err
	}
	// The end of a session revokes its codes; one that was being made meanwhile is found here.
	if row.RevokedAt > 0 || row.SessionEnd > 0 {
		row.ExpiresAt = 0 // revoking a code is expiring it, on every replica's clock
	}
	return &Code{
		ID: hash, CodeID: row.CodeID, GrantID: row.GrantID, ClientID: row.ClientID, UserID: row.UserID,
		RedirectURI: row.RedirectURI, SessionID: row.SessionID.String, Scope: row.Scope, Session: session,
		CreatedAt: row.CreatedAt.time(), ExpiresAt: row.ExpiresAt.time(), UsedAt: row.UsedAt.time(),
		UserBlocked: row.Blocked.Bool, ApprovalID: row.ApprovalID.String, UserClaims: row.holder(),
	}, nil
}

const insertCode = `
INSERT INTO codes (id, code_id, grant_id, client_id, user_id, redirect_uri, session_id, scope, session, created_at,
       expires_at)
SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11 {{precondition}} ON CONFLICT DO NOTHING`

// redeemCode is the single use of a code: the same attempt, sent twice, wins twice. A grant that was begun in the front
// channel may have been revoked meanwhile.
const redeemCode = `
UPDATE codes SET used_at = $2, used_by = $3
WHERE id = $1 AND expires_at > $2 AND revoked_at = 0 AND (used_at = 0 OR used_by = $3)
AND NOT EXISTS (SELECT 1 FROM grants g WHERE g.id = codes.grant_id AND g.revoked_at > 0) {{single use}} RETURNING 1`

// CreateCode stores a code by itself, for tests and the importer; a request queues it in its Batch.
func (s *tokenStore) CreateCode(ctx context.Context, c Code) error {
	b := s.NewBatch()
	b.QueueCode(c)
	return b.Flush(ctx)
}

// QueueCode stores a code.
func (b *Batch) QueueCode(c Code) {
	b.queue(statement{name: "insert code", sql: insertCode, args: []any{
		c.ID, c.CodeID, c.GrantID, c.ClientID, c.UserID, c.RedirectURI, null(c.SessionID), c.Scope, c.Session.encode(),
		toSeconds(c.CreatedAt), toSeconds(c.ExpiresAt),
	}})
}

// RedeemCode makes it the precondition of the batch that a code is used now for the first time. Flush answers ErrUsed
// where it was used, revoked or has expired.
func (b *Batch) RedeemCode(id []byte) {
	b.require(statement{name: "redeem code", sql: redeemCode, args: []any{id, b.store.nowSeconds(), b.idempotencyKey}},
		ErrUsed)
}
