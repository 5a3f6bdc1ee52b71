package storage

import (
	"context"
	"time"

	"github.com/jmoiron/sqlx"
)

// InitialAccessToken lets whoever has it register a number of clients (RFC 7591 section 3).
type InitialAccessToken struct {
	ID        string    `db:"id"`
	Hash      []byte    `db:"hash"` // SHA-256 of the token
	Name      string    `db:"name"` // for whom it was made
	Remaining int64     `db:"remaining"`
	CreatedAt time.Time `db:"-"`
	ExpiresAt time.Time `db:"-"`
}

type initialAccessTokenRow struct {
	InitialAccessToken
	CreatedAt seconds `db:"created_at"`
	ExpiresAt seconds `db:"expires_at"`
}

func (r initialAccessTokenRow) token() InitialAccessToken {
	t := r.InitialAccessToken
	t.CreatedAt, t.ExpiresAt = r.CreatedAt.time(), r.ExpiresAt.time()
	return t
}

const selectInitialAccessToken = `SELECT id, hash, name, remaining, created_at, expires_at FROM initial_access_tokens `

// CreateInitialAccessToken stores a token. ErrConflict: the id or the hash is taken.
func (s *registrationStore) CreateInitialAccessToken(ctx context.Context, t InitialAccessToken) error {
	ctx = changing(ctx, EventInitialAccessTokenCreated, initialAccessTokenSubject, t.ID)
	return s.transaction(ctx, func(tx *sqlx.Tx) error {
		return write(ctx, tx, `
INSERT INTO initial_access_tokens (id, hash, name, remaining, created_at, expires_at) VALUES ($1, $2, $3, $4, $5, $6)`,
			t.ID, t.Hash, t.Name, t.Remaining, toSeconds(t.CreatedAt), toSeconds(t.ExpiresAt))
	})
}

// FindInitialAccessToken reads a token that is good for another registration by its hash. ErrNotFound: there is none,
// or it has expired or is used up. Only RegisterClient uses it.
func (s *registrationStore) FindInitialAccessToken(ctx context.Context, hash []byte) (*InitialAccessToken, error) {
	var row initialAccessTokenRow
	err := s.get(ctx, &row, selectInitialAccessToken+`WHERE hash = $1 AND remaining > 0 AND expires_at > $2`, hash,
		s.nowSeconds())
	if err != nil {
		return nil, err
	}
	t := row.token()
	return &t, nil
}

// ListInitialAccessTokens reads the tokens that have not expired, the oldest first, used up ones too.
func (s *registrationStore) ListInitialAccessTokens(ctx context.Context) ([]InitialAccessToken, error) {
	var rows []initialAccessTokenRow
	err := s.selectAll(ctx, &rows, selectInitialAccessToken+`WHERE expires_at > $1 ORDER BY created_at, id LIMIT $2`,
		s.nowSeconds(), largestPage)
	tokens := make([]InitialAccessToken, len(rows))
	for i, r := range rows {
		tokens[i] = r.token()
	}
	return tokens, err
}

// DeleteInitialAccessToken ends a token; the clients that were registered with it stay.
func (s *registrationStore) DeleteInitialAccessToken(ctx context.Context, id string) error {
	id, err := uuidKey(id)
	if err != nil {
		return err
	}
	ctx = changing(ctx, EventInitialAccessTokenDeleted, initialAccessTokenSubject, id)
	return s.transaction(ctx, func(tx *sqlx.Tx) error {
		return writeRow(ctx, tx, `DELETE FROM initial_access_tokens WHERE id = $1`, id)
	})
}

// useInitialAccessToken takes one registration from a token. ErrUsed: it has none left, or is over.
func (s *registrationStore) useInitialAccessToken(ctx context.Context, tx *sqlx.Tx, id string) error {
	n, err := affected(tx.ExecContext(ctx, `
UPDATE initial_access_tokens SET remaining = remaining - 1 WHERE id = $1 AND remaining > 0 AND expires_at > $2`, id,
		s.nowSeconds()))
	if err == nil && n == 0 {
		return ErrUsed
	}
	return err
}
