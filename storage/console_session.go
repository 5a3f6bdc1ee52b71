package storage

import (
	"context"
	"time"
)

// ConsoleSession is an operator who is signed in to the console in one browser.
type ConsoleSession struct {
	ID         []byte    `db:"id"` // SHA-256 of the cookie
	UserID     string    `db:"user_id"`
	AuthTime   time.Time `db:"-"` // when the operator proved who they are
	Address    string    `db:"address"`
	CreatedAt  time.Time `db:"-"`
	LastUsedAt time.Time `db:"-"`
	ExpiresAt  time.Time `db:"-"`
}

type consoleSessionRow struct {
	ConsoleSession
	AuthTime   seconds `db:"auth_time"`
	CreatedAt  seconds `db:"created_at"`
	LastUsedAt seconds `db:"last_used_at"`
	ExpiresAt  seconds `db:"expires_at"`
}

func (r consoleSessionRow) session() *ConsoleSession {
	session := r.ConsoleSession
	session.AuthTime, session.CreatedAt = r.AuthTime.time(), r.CreatedAt.time()
	session.LastUsedAt, session.ExpiresAt = r.LastUsedAt.time(), r.ExpiresAt.time()
	return &session
}

// CreateConsoleSession stores a session. ErrNotFound: no such user.
func (s *consoleStore) CreateConsoleSession(ctx context.Context, c ConsoleSession) error {
	// A conflict can only be with ourselves, sent twice: the id is the hash of a fresh random value.
	_, err := s.exec(ctx, `
INSERT INTO console_sessions (id, user_id, auth_time, address, created_at, last_used_at, expires_at)
VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (id) DO NOTHING`,
		c.ID, c.UserID, toSeconds(c.AuthTime), c.Address, toSeconds(c.CreatedAt), toSeconds(c.LastUsedAt),
		toSeconds(c.ExpiresAt))
	return unknownReference(err)
}

// UseConsoleSession notes that the session of a cookie, given by its hash, is used now, and returns it. ErrNotFound:
// there is none, it has expired, or it was not used for longer than idle.
func (s *consoleStore) UseConsoleSession(
	ctx context.Context, hash []byte, idle time.Duration,
) (*ConsoleSession, error) {
	now := s.Now()
	n, err := s.exec(ctx, `
UPDATE console_sessions SET last_used_at = $2 WHERE id = $1 AND expires_at > $2 AND last_used_at > $3`,
		hash, toSeconds(now), toSeconds(now.Add(-idle)))
	if err != nil {
		return nil, err
	}
	if n == 0 {
		return nil, ErrNotFound
	}
	var row consoleSessionRow
	err = s.get(ctx, &row, `
SELECT id, user_id, auth_time, address, created_at, last_used_at, expires_at FROM console_sessions WHERE id = $1`, hash)
	if err != nil {
		return nil, err
	}
	return row.session(), nil
}

// EndConsoleSession ends the session of a cookie, given by its hash. One that is not there is over already.
func (s *consoleStore) EndConsoleSession(ctx context.Context, hash []byte) error {
	_, err := s.exec(ctx, `DELETE FROM console_sessions WHERE id = $1`, hash)
	return err
}
