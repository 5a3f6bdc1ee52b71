package storage

import (
	"context"
	"database/sql"
	"fmt"
	"time"
)

// The kinds of tokens that have rows of their own kind; see KindAccessToken for the others (contract section 1,
// tokens.name).
const (
	KindAuthorizationCode = "authorization_code"
	KindRefreshToken      = "refresh_token"
)

// TokenProbe is how a token of any kind is looked up, by one of Hash, JTI, or GrantID with Generation.
type TokenProbe struct {
	// Hash finds an opaque access token, a code, and a refresh token that is known by its hash.
	Hash []byte
	// AccessTokenOnly finds an access token and nothing else, with what userinfo tells of it: the claims of its user, and
	// the session of a JWT. A gateway asks for neither; for it the person and the api-key are read. A column that nobody
	// reads costs a microsecond.
	AccessTokenOnly bool
	// JTI is of a JWT access token, whose claims say what no row does; GrantID is its grant's, "" for a client's own.
	JTI string
	// GrantID and Generation, without JTI, are what a refresh token in our own form carries.
	GrantID    string
	Generation int64
	// APIKey is the api-key that came along; the zero value: none did.
	APIKey APIKeyProbe
}

// APIKeyProbe is how an api-key, which is the secret of a MIS's connection, is looked up; nil without one.
type APIKeyProbe struct {
	Hash   []byte // SHA-256, of a strong secret
	Lookup []byte // MAC, of a weak one
}

// FoundToken is what the database knows of a token, expired and revoked ones too. Of a JWT that is UserID and whether
// it was ended; its claims say the rest.
type FoundToken struct {
	Kind        string
	ID          string // code_id, refresh_token_id or access_token_id
	ClientID    string
	UserID      string // "" where the token is the client's own; that of the grant for a JWT
	GrantID     string // "" where it has none
	Scope       string
	RedirectURI string // of a code
	CreatedAt   time.Time
	ExpiresAt   time.Time
	// IsRevoked says that the token, or the grant that it came of, was revoked or is gone.
	IsRevoked bool

	UserKnown   bool
	UserBlocked bool
	PersonID    string     // not with AccessTokenOnly
	UserClaims  UserClaims // with AccessTokenOnly
	KeyClientID string     // of the connection that the api-key is the secret of; "" where there is none

	session string
}

// Session is what the token remembers of its authorization; for a JWT, with AccessTokenOnly, what its grant does.
func (t *FoundToken) Session() (*Session, error) {
	if t.session == "" {
		return &Session{}, nil
	}
	return decodeSession(t.session)
}

// IsEnded says that the token was ended before its time: it was revoked, or its user is blocked or gone.
func (t *FoundToken) IsEnded() bool {
	return t.IsRevoked || t.UserID != "" && (!t.UserKnown || t.UserBlocked)
}

type foundTokenRow struct {
	Kind        string         `db:"kind"`
	ID          sql.NullString `db:"id"`
	ClientID    string         `db:"client_id"`
	UserID      sql.NullString `db:"user_id"`
	GrantID     sql.NullString `db:"grant_id"`
	Scope       string         `db:"scope"`
	RedirectURI string         `db:"redirect_uri"`
	Session     sql.NullString `db:"session"`
	CreatedAt   seconds        `db:"created_at"`
	ExpiresAt   seconds        `db:"expires_at"`
	IsRevoked   bool           `db:"is_revoked"`
	PersonID    sql.NullString `db:"person_id"`
	KeyClientID sql.NullString `db:"key_client_id"`
	holderRow
}

// The rows that a token can be, in the columns of foundTokenRow up to is_revoked; a JWT has three of them.
const (
	opaqueAccessToken = `
  SELECT a.kind, a.access_token_id AS id, a.client_id, a.user_id, a.grant_id, a.scope, '' AS redirect_uri, a.session,
         a.created_at, a.expires_at, a.grant_id IS NOT NULL AND coalesce(g.revoked_at, 1) > 0 AS is_revoked
  FROM access_tokens a LEFT JOIN grants g ON g.id = a.grant_id WHERE a.id = $1`
	authorizationCode = `
  SELECT 'authorization_code' AS kind, code_id AS id, client_id, user_id, grant_id, scope, redirect_uri, session,
         created_at, expires_at, revoked_at > 0 AS is_revoked
  FROM codes WHERE id = $1`
	refreshTokenByHash = `
  SELECT 'refresh_token' AS kind, refresh_token_id AS id, client_id, user_id, id AS grant_id, scope,
         '' AS redirect_uri, session, created_at, refresh_expires_at AS expires_at, revoked_at > 0 AS is_revoked
  FROM grants WHERE refresh_hash = $1`
	refreshTokenByGrant = `
  SELECT 'refresh_token' AS kind, refresh_token_id AS id, client_id, user_id, id AS grant_id, scope,
         '' AS redirect_uri, session, created_at, refresh_expires_at AS expires_at,
         revoked_at > 0 OR generation <> $2 AS is_revoked
  FROM grants WHERE id = $1`
	jwtOfGateway = `
  SELECT g.user_id, EXISTS (SELECT 1 FROM revoked_jti WHERE jti = $2)
         OR CAST($1 AS uuid) IS NOT NULL AND coalesce(g.revoked_at, 1) > 0 AS is_revoked` + jwtGrant
	jwtWithSession = `
  SELECT g.user_id, g.session, EXISTS (SELECT 1 FROM revoked_jti WHERE jti = $2)
         OR CAST($1 AS uuid) IS NOT NULL AND coalesce(g.revoked_at, 1) > 0 AS is_revoked` + jwtGrant
	jwtGrant = `
  FROM (SELECT 1 AS one) AS always LEFT JOIN grants g ON g.id = $1`

	anyOpaqueToken = authorizationCode + `
  UNION ALL` + refreshTokenByHash + `
  UNION ALL` + opaqueAccessToken
)

// ofToken reads one of these rows, with columns of its user.
func ofToken(row, columns string) string {
	return `
SELECT t.*, ` + columns + `
FROM (` + row + `
) t
LEFT JOIN users u ON u.id = t.user_id`
}

// tokenStatement reads a row for a gateway, with the api-key that came along or without.
type tokenStatement struct{ withoutKey, withKey string }

// newTokenStatement makes the statement of a row that takes that many arguments; those of the api-key follow them. Each
// part of an api-key's probe walks an index of its own.
func newTokenStatement(row string, arguments int) tokenStatement {
	const columns = `u.is_blocked AS user_blocked, u.person_id`
	key := fmt.Sprintf(`
LEFT JOIN connections n ON n.id = coalesce(
  (SELECT connection_id FROM connection_secrets WHERE hash = $%[1]d AND (expires_at = 0 OR expires_at > $%[3]d)),
  (SELECT connection_id FROM connection_secrets WHERE lookup = $%[2]d AND (expires_at = 0 OR expires_at > $%[3]d)))`,
		arguments+1, arguments+2, arguments+3)
	return tokenStatement{
		withoutKey: ofToken(row, columns),
		withKey:    ofToken(row, columns+`, n.client_id AS key_client_id`) + key,
	}
}

var (
	selectOpaqueToken  = newTokenStatement(anyOpaqueToken, 1)
	selectRefreshToken = newTokenStatement(refreshTokenByGrant, 2)
	selectJWT          = newTokenStatement(jwtOfGateway, 2)

	selectAccessToken    = ofToken(opaqueAccessToken, holderColumns)
	selectJWTWithSession = ofToken(jwtWithSession, holderColumns)
)

// statement is what finds the token of a probe, with its arguments.
func (p TokenProbe) statement(now int64) (query string, arguments []any) {
	var statement tokenStatement
	switch {
	case p.JTI != "":
		arguments = []any{null(p.GrantID), p.JTI}
		if p.AccessTokenOnly {
			return selectJWTWithSession, arguments
		}
		statement = selectJWT
	case p.GrantID != "":
		statement, arguments = selectRefreshToken, []any{p.GrantID, p.Generation}
	case p.AccessTokenOnly:
		return selectAccessToken, []any{p.Hash}
	default:
		statement, arguments = selectOpaqueToken, []any{p.Hash}
	}
	if p.APIKey.Hash == nil {
		return statement.withoutKey, arguments
	}
	return statement.withKey, append(arguments, p.APIKey.Hash, bytes(p.APIKey.Lookup), now)
}

// FindToken finds a token in one statement. A JWT is found in any case: what may have ended it is. Errors: ErrNotFound.
func (s *tokenStore) FindToken(ctx context.Context, probe TokenProbe) (*FoundToken, error) {
	query, arguments := probe.statement(s.nowSeconds())
	if row := s.replica.live(ctx, probe, query, arguments); row != nil {
		return row.found(), nil
	}
	var row foundTokenRow
	if err := s.get(ctx, &row, query, arguments...); err != nil {
		return nil, err
	}
	return row.found(), nil
}

func (row *foundTokenRow) found() *FoundToken {
	return &FoundToken{
		Kind: row.Kind, ID: row.ID.String, ClientID: row.ClientID, UserID: row.UserID.String, GrantID: row.GrantID.String,
		Scope: row.Scope, RedirectURI: row.RedirectURI, CreatedAt: row.CreatedAt.time(),
		ExpiresAt: row.ExpiresAt.time(),
		IsRevoked: row.IsRevoked, UserKnown: row.Blocked.Valid, UserBlocked: row.Blocked.Bool,
		PersonID: row.PersonID.String, UserClaims: row.holder(), KeyClientID: row.KeyClientID.String,
		session: row.Session.String,
	}
}

// FindAccessToken reads an opaque access token by its value's hash, with what may have ended it, in one statement.
func (s *tokenStore) FindAccessToken(ctx context.Context, hash []byte) (*AccessToken, error) {
	found, err := s.FindToken(ctx, TokenProbe{Hash: hash, AccessTokenOnly: true})
	if err != nil {
		return nil, err
	}
	session, err := found.Session()
	if err != nil {
		return nil, err
	}
	return &AccessToken{
		ID: hash, AccessTokenID: found.ID, Kind: found.Kind, ClientID: found.ClientID, UserID: found.UserID,
		GrantID: found.GrantID, Scope: found.Scope, Session: session, CreatedAt: found.CreatedAt, ExpiresAt: found.ExpiresAt,
		// A token whose user or grant is gone is as dead as one whose user or grant was ended.
		UserBlocked:  found.UserID != "" && (!found.UserKnown || found.UserBlocked),
		GrantRevoked: found.IsRevoked, UserClaims: found.UserClaims,
	}, nil
}
