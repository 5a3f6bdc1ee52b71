package storage

import (
	"context"
	"database/sql"
	"encoding/json"
)

// The kinds of opaque access tokens (contract section 1, tokens.name).
const (
	KindAccessToken         = "access_token"
	KindTwoFactor           = "2fa_access_token"
	KindChangePasswordToken = "change_password_token"
)

// AccessToken is an opaque access token, or what is known of a JWT by its grant and jti.
type AccessToken struct {
	ID            []byte // SHA-256 of the value
	AccessTokenID string
	Kind          string
	ClientID      string
	UserID        string // "" where the token is the client's own
	GrantID       string // "" where it has none
	Scope         string
	Session       *Session
	CreatedAt     int64
	ExpiresAt     int64

	UserBlocked  bool
	GrantRevoked bool
	UserClaims   UserClaims
}

// UserClaims is what a token's read tells of its user, so that userinfo needs no other.
type UserClaims struct {
	Email     string
	Profile   json.RawMessage // claims of OIDC Core 5.1
	UpdatedAt int64
}

type holderRow struct {
	Blocked   sql.NullBool   `db:"user_blocked"`
	Email     sql.NullString `db:"user_email"`
	Profile   sql.NullString `db:"user_profile"`
	UpdatedAt sql.NullInt64  `db:"user_updated_at"`
}

const holderColumns = `u.is_blocked AS user_blocked, u.email AS user_email, u.profile AS user_profile,
       u.updated_at AS user_updated_at`

func (r holderRow) holder() UserClaims {
	return UserClaims{Email: r.Email.String, Profile: json.RawMessage(r.Profile.String), UpdatedAt: r.UpdatedAt.Int64}
}

type accessTokenRow struct {
	AccessTokenID string         `db:"access_token_id"`
	Kind          string         `db:"kind"`
	ClientID      string         `db:"client_id"`
	UserID        sql.NullString `db:"user_id"`
	GrantID       sql.NullString `db:"grant_id"`
	Scope         string         `db:"scope"`
	Session       string         `db:"session"`
	CreatedAt     int64          `db:"created_at"`
	ExpiresAt     int64          `db:"expires_at"`
	RevokedAt     sql.NullInt64  `db:"revoked_at"`
	holderRow
}

// FindAccessToken reads an opaque access token by its value's hash, with what may have ended it, in one statement.
func (s *tokenStore) FindAccessToken(ctx context.Context, hash []byte) (*AccessToken, error) {
	var row accessTokenRow
	err := s.get(ctx, &row, `
SELECT t.access_token_id, t.kind, t.client_id, t.user_id, t.grant_id, t.scope, t.session, t.created_at, t.expires_at,
       g.revoked_at, `+holderColumns+`
FROM access_tokens t
LEFT JOIN users u ON u.id = t.user_id
LEFT JOIN grants g ON g.id = t.grant_id
WHERE t.id = $1`, hash)
	if err != nil {
		return nil, err
	}
	session, err := decodeSession(row.Session)
	if err != nil {
		return nil, err
	}
	return &AccessToken{
		ID: hash, AccessTokenID: row.AccessTokenID, Kind: row.Kind, ClientID: row.ClientID, UserID: row.UserID.String,
		GrantID: row.GrantID.String, Scope: row.Scope, Session: session, CreatedAt: row.CreatedAt, ExpiresAt: row.ExpiresAt,
		// A token whose user or grant is gone is as dead as one whose user or grant was ended.
		UserBlocked:  row.UserID.Valid && (!row.Blocked.Valid || row.Blocked.Bool),
		GrantRevoked: row.GrantID.Valid && (!row.RevokedAt.Valid || row.RevokedAt.Int64 > 0),
		UserClaims:   row.holder(),
	}, nil
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
		t.CreatedAt, t.ExpiresAt,
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

// TokenState is what may have ended a JWT before its time.
type TokenState struct {
	Revoked     bool // its jti, or its grant
	UserBlocked bool
	UserID      string   // of the grant; the sub of a token may be another for each client
	Session     *Session // of the grant
	UserClaims  UserClaims
}

// FindTokenState reads what may have ended a JWT access token; grantID is "" for a client's own. A grant or a user that
// is gone counts as ended.
func (s *tokenStore) FindTokenState(ctx context.Context, jti, grantID string) (TokenState, error) {
	var row struct {
		JTI       bool           `db:"jti_revoked"`
		RevokedAt sql.NullInt64  `db:"revoked_at"`
		UserID    sql.NullString `db:"user_id"`
		Session   sql.NullString `db:"session"`
		holderRow
	}
	err := s.get(ctx, &row, `
SELECT EXISTS (SELECT 1 FROM revoked_jti WHERE jti = $1) AS jti_revoked, g.revoked_at, g.user_id, g.session,
       `+holderColumns+`
FROM (SELECT 1 AS one) AS always
LEFT JOIN grants g ON g.id = $2
LEFT JOIN users u ON u.id = g.user_id`, jti, null(grantID))
	if err != nil {
		return TokenState{}, err
	}
	state := TokenState{
		Revoked:     row.JTI || grantID != "" && (!row.RevokedAt.Valid || row.RevokedAt.Int64 > 0),
		UserBlocked: grantID != "" && (!row.Blocked.Valid || row.Blocked.Bool),
		UserID:      row.UserID.String, Session: &Session{}, UserClaims: row.holder(),
	}
	if row.Session.Valid {
		state.Session, err = decodeSession(row.Session.String)
	}
	return state, err
}

// RevokeJTI ends one JWT access token until it expires by itself.
func (s *tokenStore) RevokeJTI(ctx context.Context, jti string, expiresAt int64) error {
	_, err := s.exec(ctx, `INSERT INTO revoked_jti (jti, expires_at) VALUES ($1, $2) ON CONFLICT DO NOTHING`, jti,
		expiresAt)
	return err
}
