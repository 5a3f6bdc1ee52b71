package storage

import (
	"context"
	"database/sql"
)

// The kinds of tokens that have rows of their own kind; see KindAccessToken for the others (contract section 1,
// tokens.name).
const (
	KindAuthorizationCode = "authorization_code"
	KindRefreshToken      = "refresh_token"
)

// Presented is a token of any kind as a gateway presents it, with the api-key that came along.
type Presented struct {
	// Hash finds a code, an opaque access token, and a refresh token that is known by its hash.
	Hash []byte
	// GrantID and Generation are what a refresh token in our own form carries; "" for anything else.
	GrantID    string
	Generation int64
	APIKey     APIKeyProbe
}

// PresentedJWT is the same for a JWT, whose claims say what no row does.
type PresentedJWT struct {
	JTI     string
	GrantID string // "" for a client's own token
	APIKey  APIKeyProbe
}

// APIKeyProbe is how an api-key, which is the secret of a MIS's connection, is looked up; nil without one.
type APIKeyProbe struct {
	Hash   []byte // SHA-256, of a strong secret
	Lookup []byte // MAC, of a weak one
}

// Verification is what a gateway must know of a token, expired ones too, in one read (contract section 2.6).
type Verification struct {
	Kind        string
	ID          string // code_id, refresh_token_id or access_token_id
	ClientID    string
	UserID      string
	Scope       string
	RedirectURI string // of a code
	Session     *Session
	ExpiresAt   int64 // epoch seconds; 0 where it was revoked

	UserKnown   bool
	UserBlocked bool
	PersonID    string
	KeyClientID string // of the connection that the api-key is the secret of; "" where there is none
}

type verificationRow struct {
	Kind        string         `db:"kind"`
	ID          sql.NullString `db:"id"`
	ClientID    string         `db:"client_id"`
	UserID      sql.NullString `db:"user_id"`
	Scope       string         `db:"scope"`
	RedirectURI string         `db:"redirect_uri"`
	Session     string         `db:"session"`
	ExpiresAt   int64          `db:"expires_at"`
	KnownID     sql.NullString `db:"known_user_id"`
	Blocked     sql.NullBool   `db:"user_blocked"`
	PersonID    sql.NullString `db:"person_id"`
	KeyClientID sql.NullString `db:"key_client_id"`
}

// keyed joins the connection that a live api-key is the secret of; each probe walks an index of its own.
const keyed = `
LEFT JOIN connections n ON n.id = coalesce(
  (SELECT connection_id FROM connection_secrets WHERE hash = $1 AND (expires_at = 0 OR expires_at > $3)),
  (SELECT connection_id FROM connection_secrets WHERE lookup = $2 AND (expires_at = 0 OR expires_at > $3)))`

// selectVerification probes every kind of row that a value can be the key of. A code or a token that was revoked is one
// that has expired, and so is one whose grant is gone.
const selectVerification = `
SELECT t.kind, t.id, t.client_id, t.user_id, t.scope, t.redirect_uri, t.session, t.expires_at,
       u.id AS known_user_id, u.is_blocked AS user_blocked, u.person_id,
       n.client_id AS key_client_id
FROM (
  SELECT 'authorization_code' AS kind, code_id AS id, client_id, user_id, scope, redirect_uri, session,
         CASE WHEN revoked_at > 0 THEN 0 ELSE expires_at END AS expires_at
  FROM codes WHERE id = $4
  UNION ALL
  SELECT 'refresh_token', refresh_token_id, client_id, user_id, '', '', session,
         CASE WHEN revoked_at > 0 THEN 0 ELSE refresh_expires_at END
  FROM grants WHERE refresh_hash = $4
  UNION ALL
  SELECT 'refresh_token', refresh_token_id, client_id, user_id, '', '', session,
         CASE WHEN revoked_at > 0 OR generation <> $6 THEN 0 ELSE refresh_expires_at END
  FROM grants WHERE id = $5
  UNION ALL
  SELECT a.kind, a.access_token_id, a.client_id, a.user_id, a.scope, '', a.session,
         CASE WHEN a.grant_id IS NOT NULL AND coalesce(g.revoked_at, 1) > 0 THEN 0 ELSE a.expires_at END
  FROM access_tokens a LEFT JOIN grants g ON g.id = a.grant_id WHERE a.id = $4
) t
LEFT JOIN users u ON u.id = t.user_id` + keyed

// Verify finds a token of any kind by what it presents. ErrNotFound: there is none.
func (s *tokenStore) Verify(ctx context.Context, p Presented) (*Verification, error) {
	var row verificationRow
	err := s.get(ctx, &row, selectVerification, bytes(p.APIKey.Hash), bytes(p.APIKey.Lookup), s.nowSeconds(), p.Hash,
		null(p.GrantID), p.Generation)
	if err != nil {
		return nil, err
	}
	session, err := decodeSession(row.Session)
	if err != nil {
		return nil, err
	}
	v := row.verification()
	v.Session = session
	return v, nil
}

// VerifyJWT finds what may have ended a JWT access token; the claims say the rest. ExpiresAt is 0 where it was ended.
func (s *tokenStore) VerifyJWT(ctx context.Context, p PresentedJWT) (*Verification, error) {
	var row verificationRow
	err := s.get(ctx, &row, `
SELECT CASE WHEN EXISTS (SELECT 1 FROM revoked_jti WHERE jti = $4) THEN 0
            WHEN CAST($5 AS uuid) IS NOT NULL AND coalesce(g.revoked_at, 1) > 0 THEN 0 ELSE 1 END AS expires_at,
       g.user_id, u.id AS known_user_id, u.is_blocked AS user_blocked, u.person_id,
       n.client_id AS key_client_id
FROM (SELECT 1 AS one) AS always
LEFT JOIN grants g ON g.id = $5
LEFT JOIN users u ON u.id = g.user_id`+keyed,
		bytes(p.APIKey.Hash), bytes(p.APIKey.Lookup), s.nowSeconds(), p.JTI, null(p.GrantID))
	if err != nil {
		return nil, err
	}
	return row.verification(), nil
}

func (r verificationRow) verification() *Verification {
	return &Verification{
		Kind: r.Kind, ID: r.ID.String, ClientID: r.ClientID, UserID: r.UserID.String, Scope: r.Scope,
		RedirectURI: r.RedirectURI, ExpiresAt: r.ExpiresAt, UserKnown: r.KnownID.Valid, UserBlocked: r.Blocked.Bool,
		PersonID: r.PersonID.String, KeyClientID: r.KeyClientID.String,
	}
}

// FindConnectionByKey reads the connection that an api-key is the secret of, without its secrets, in one statement.
func (s *connectionStore) FindConnectionByKey(ctx context.Context, key APIKeyProbe) (*Connection, error) {
	var row connectionRow
	err := s.get(ctx, &row, selectConnection+`
JOIN connection_secrets k ON k.connection_id = c.id
WHERE (k.hash = $1 OR k.lookup = $2) AND (k.expires_at = 0 OR k.expires_at > $3)`,
		bytes(key.Hash), bytes(key.Lookup), s.nowSeconds())
	if err != nil {
		return nil, err
	}
	connection, err := row.connection()
	if err != nil {
		return nil, err
	}
	return &connection, nil
}
