package storage

import (
	"context"
	"database/sql"
	"encoding/json"
	"time"
)

// The kinds of opaque access tokens (contract section 1, tokens.name).
const (
	KindAccessToken         = "access_token"
	KindTwoFactor           = "2fa_access_token"
	KindChangePasswordToken = "change_password_token"
)

// AccessToken is an opaque access token.
type AccessToken struct {
	ID            []byte // SHA-256 of the value
	AccessTokenID string
	Kind          string
	ClientID      string
	UserID        string // "" where the token is the client's own
	GrantID       string // "" where it has none
	Scope         string
	Session       *Session
	CreatedAt     time.Time
	ExpiresAt     time.Time

	UserBlocked  bool
	GrantRevoked bool
	UserClaims   UserClaims
}

// UserClaims is what a token's read tells of its user, so that userinfo needs no other.
type UserClaims struct {
	Email     string
	Profile   json.RawMessage // claims of OIDC Core 5.1
	UpdatedAt time.Time
}

type holderRow struct {
	Blocked   sql.NullBool   `db:"user_blocked"`
	Email     sql.NullString `db:"user_email"`
	Profile   sql.NullString `db:"user_profile"`
	UpdatedAt seconds        `db:"user_updated_at"`
}

const holderColumns = `u.is_blocked AS user_blocked, u.email AS user_email, u.profile AS user_profile,
       u.updated_at AS user_updated_at`

func (r holderRow) holder() UserClaims {
	return UserClaims{Email: r.Email.String, Profile: json.RawMessage(r.Profile.String), UpdatedAt: r.UpdatedAt.time()}
}

// insertAccessToken makes a token only while its grant lives.
const insertAccessToken = `
INSERT INTO access_tokens (id, access_token_id, kind, client_id, user_id, grant_id, scope, session, created_at,
expires_at)
SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9, $10 {{precondition}} ON CONFLICT DO NOTHING`

// QueueAccessToken stores an opaque access token.
func (b *Batch) QueueAccessToken(t AccessToken) {
	b.queue(statement{name: "insert access token", sql: insertAccessToken, args: []any{
		t.ID, t.AccessTokenID, t.Kind, t.ClientID, null(t.UserID), null(t.GrantID), t.Scope, t.Session.encode(),
		toSeconds(t.CreatedAt), toSeconds(t.ExpiresAt),
	}})
}

// CreateAccessToken stores an opaque access token by itself, for tests and the importer.
func (s *tokenStore) CreateAccessToken(ctx context.Context, t AccessToken) error {
	b := s.NewBatch()
	b.QueueAccessToken(t)
	return b.Flush(ctx)
}

// DeleteAccessToken ends one opaque access token. It says whether there was one.
func (s *tokenStore) DeleteAccessToken(ctx context.Context, hash []byte) (bool, error) {
	n, err := s.exec(ctx, `DELETE FROM access_tokens WHERE id = $1`, hash)
	return n > 0, err
}

// RevokeJTI ends one JWT access token until it expires by itself.
func (s *tokenStore) RevokeJTI(ctx context.Context, jti string, expiresAt time.Time) error {
	_, err := s.exec(ctx, `INSERT INTO revoked_jti (jti, expires_at) VALUES ($1, $2) ON CONFLICT DO NOTHING`, jti,
		toSeconds(expiresAt))
	return err
}
