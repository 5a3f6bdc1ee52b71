package storage

import (
	"context"
	"database/sql"

	"github.com/jmoiron/sqlx"
)

// IssuedToken is a row of a token of any kind, as an administrator sees it: without its value, which is not known.
type IssuedToken struct {
	ID          string
	Kind        string
	ClientID    string
	UserID      string
	Scope       string
	RedirectURI string // of a code
	Session     *Session
	ExpiresAt   int64
}

// IssuedFilter says which tokens to list; what is zero does not matter.
type IssuedFilter struct {
	ID       string
	Kind     string
	ClientID string
	UserIDs  []string
	Hash     []byte // of the value
}

type issuedRow struct {
	ID          string         `db:"id"`
	Kind        string         `db:"kind"`
	ClientID    string         `db:"client_id"`
	UserID      sql.NullString `db:"user_id"`
	Scope       string         `db:"scope"`
	RedirectURI string         `db:"redirect_uri"`
	Session     string         `db:"session"`
	ExpiresAt   int64          `db:"expires_at"`
}

const selectIssued = `
SELECT id, kind, client_id, user_id, scope, redirect_uri, session, expires_at FROM (
  SELECT code_id AS id, 'authorization_code' AS kind, client_id, user_id, scope, redirect_uri, session,
         CASE WHEN revoked_at > 0 THEN 0 ELSE expires_at END AS expires_at, id AS hash FROM codes
  UNION ALL
  SELECT refresh_token_id, 'refresh_token', client_id, user_id, '', '', session,
         CASE WHEN revoked_at > 0 THEN 0 ELSE refresh_expires_at END, refresh_hash FROM grants WHERE refresh_token_id IS NOT NULL
  UNION ALL
  SELECT access_token_id, kind, client_id, user_id, scope, '', session, expires_at, id FROM access_tokens
) AS issued`

// PageOfIssued reads tokens of every kind. A JWT leaves no row.
func (s *Store) PageOfIssued(ctx context.Context, f IssuedFilter, p Page) ([]IssuedToken, int64, error) {
	var m matches
	m.equal("id", f.ID)
	m.equal("kind", f.Kind)
	m.equal("client_id", f.ClientID)
	m.among("user_id", f.UserIDs)
	if f.Hash != nil {
		m.where("hash = %s", f.Hash)
	}
	var rows []issuedRow
	total, err := s.list(ctx, &rows, selectIssued, m, "expires_at DESC, id", p)
	if err != nil {
		return nil, 0, err
	}
	tokens := make([]IssuedToken, len(rows))
	for i, r := range rows {
		session, err := decodeSession(r.Session)
		if err != nil {
			return nil, 0, err
		}
		tokens[i] = IssuedToken{
			ID: r.ID, Kind: r.Kind, ClientID: r.ClientID, UserID: r.UserID.String, Scope: r.Scope, RedirectURI: r.RedirectURI,
			Session: session, ExpiresAt: r.ExpiresAt,
		}
	}
	return tokens, total, nil
}

// DeleteIssued deletes one token by its id. Of a refresh token the grant stays, without it, for the access tokens that
// hang on it. ErrNotFound: there is none.
func (s *Store) DeleteIssued(ctx context.Context, id string) error {
	id, err := uuidKey(id)
	if err != nil {
		return err
	}
	return s.transaction(ctx, func(tx *sqlx.Tx) error {
		for _, query := range []string{
			`DELETE FROM access_tokens WHERE access_token_id = $1`,
			`DELETE FROM codes WHERE code_id = $1`,
			`UPDATE grants SET refresh_token_id = NULL, refresh_hash = NULL, previous_refresh_hash = NULL, refresh_expires_at = 0
WHERE refresh_token_id = $1`,
		} {
			n, err := affected(tx.ExecContext(ctx, query, id))
			if err != nil || n > 0 {
				return err
			}
		}
		return ErrNotFound
	})
}

// DeleteIssuedOf deletes what was issued for a user, to one client or, where clientID is "", to all.
func (s *Store) DeleteIssuedOf(ctx context.Context, userID, clientID string) error {
	userID, err := uuidKey(userID)
	if err != nil {
		return err
	}
	return s.transaction(ctx, func(tx *sqlx.Tx) error {
		if clientID == "" {
			return deleteIssued(ctx, tx, ofUser, userID)
		}
		return deleteIssued(ctx, tx, ofUserAndClient, userID, clientID)
	})
}
