package storage

import (
	"context"
	"database/sql"
	"time"

	"github.com/jmoiron/sqlx"
)

// grantKept is for how long the grant of a refresh token is kept past its expiry, in seconds.
const grantKept = int64(TokenRetention / time.Second)

// CreateIssued stores a token whose value an administrator has chosen; hash is of the value. The kinds of which there
// are no rows elsewhere go with the access tokens. ErrConflict: there is a token of this kind with this value.
func (s *tokenStore) CreateIssued(ctx context.Context, t IssuedToken, hash []byte) error {
	now, expiresAt := s.nowSeconds(), toSeconds(t.ExpiresAt)
	ctx = changing(ctx, EventTokenCreated, issuedSubject, t.ID)
	return s.transaction(ctx, func(tx *sqlx.Tx) error {
		switch t.Kind {
		case KindAuthorizationCode:
			return write(ctx, tx, `
INSERT INTO codes (id, code_id, grant_id, client_id, user_id, redirect_uri, scope, session, created_at, expires_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`,
				hash, t.ID, s.NewID(), t.ClientID, t.UserID, t.RedirectURI, t.Scope, t.Session.encode(), now, expiresAt)
		case KindRefreshToken:
			return write(ctx, tx, `
INSERT INTO grants (id, client_id, user_id, scope, session, refresh_token_id, refresh_hash, refresh_expires_at,
       created_at, expires_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`,
				s.NewID(), t.ClientID, t.UserID, t.Scope, t.Session.encode(), t.ID, hash, expiresAt, now,
				expiresAt+grantKept)
		}
		return write(ctx, tx, `
INSERT INTO access_tokens (id, access_token_id, kind, client_id, user_id, scope, session, created_at, expires_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
			hash, t.ID, t.Kind, t.ClientID, t.UserID, t.Scope, t.Session.encode(), now, expiresAt)
	})
}

// UpdateIssued changes a token in its place, so that one that was used or revoked stays so; the table of its kind can't
// change. hash is of a new value, nil to keep the one that it has; expiresAt is a new end, nil likewise. ErrConflict:
// another token of this kind has the value. ErrNotFound: there is no such token.
func (s *tokenStore) UpdateIssued(ctx context.Context, t IssuedToken, hash []byte, expiresAt *time.Time) error {
	ctx = changing(ctx, EventTokenChanged, issuedSubject, t.ID)
	session := t.Session.encode()
	var end sql.NullInt64
	if expiresAt != nil {
		end = sql.NullInt64{Int64: toSeconds(*expiresAt), Valid: true}
	}
	return s.transaction(ctx, func(tx *sqlx.Tx) error {
		switch t.Kind {
		case KindAuthorizationCode:
			return writeRow(ctx, tx, `
UPDATE codes SET id = coalesce($2, id), client_id = $3, user_id = $4, redirect_uri = $5, scope = $6, session = $7,
       expires_at = coalesce($8, expires_at) WHERE code_id = $1`,
				t.ID, bytes(hash), t.ClientID, t.UserID, t.RedirectURI, t.Scope, session, end)
		case KindRefreshToken:
			return writeRow(ctx, tx, `
UPDATE grants SET refresh_hash = coalesce($2, refresh_hash), client_id = $3, user_id = $4, session = $5,
       refresh_expires_at = coalesce($6, refresh_expires_at),
       expires_at = CASE WHEN $6 + $7 > expires_at THEN $6 + $7 ELSE expires_at END WHERE refresh_token_id = $1`,
				t.ID, bytes(hash), t.ClientID, t.UserID, session, end, grantKept)
		}
		return writeRow(ctx, tx, `
UPDATE access_tokens SET id = coalesce($2, id), kind = $3, client_id = $4, user_id = $5, scope = $6, session = $7,
       expires_at = coalesce($8, expires_at) WHERE access_token_id = $1`,
			t.ID, bytes(hash), t.Kind, t.ClientID, t.UserID, t.Scope, session, end)
	})
}

// KeptWith says whether tokens of two kinds are rows of one table.
func KeptWith(kind, other string) bool {
	return kind == other || !hasTable(kind) && !hasTable(other)
}

func hasTable(kind string) bool { return kind == KindAuthorizationCode || kind == KindRefreshToken }
