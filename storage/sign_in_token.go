package storage

import (
	"context"
	"errors"

	"github.com/jmoiron/sqlx"
)

// endTokensOfSignIns ends the tokens that a user got by signing in through the login API, whatever step they stand for.
// One of a code, a refresh or a client has another grant type in its session.
const endTokensOfSignIns = `
UPDATE access_tokens SET expires_at = $2 WHERE expires_at > $2 AND id IN (
    SELECT id FROM access_token_sessions WHERE user_id = $1 AND expires_at > $2 AND (kind IN ` + keptKinds + `
    OR grant_type IN ('` + GrantTypePassword + `', '` + GrantTypeChangePassword + `', '` +
	GrantTypeDigitalSignature + `')))`

// endSignIns ends all by which a user is signed in: login sessions, those of the console, and the tokens of the login
// API.
func (s *loginSessionStore) endSignIns(ctx context.Context, tx *sqlx.Tx, userID string) ([]EndedSession, error) {
	ended, err := s.endSessions(ctx, tx, sessionsOfUser, userID)
	if err != nil {
		return nil, err
	}
	for _, statement := range []string{`DELETE FROM console_sessions WHERE user_id = $1`, forgetBrowsers} {
		if err := write(ctx, tx, statement, userID); err != nil {
			return nil, err
		}
	}
	return ended, write(ctx, tx, endTokensOfSignIns, userID, s.nowSeconds())
}

// unchangedPassword is the precondition of a token of a sign-in: the user is not blocked, and has the password that the
// sign-in began with, where it began with one ($2, users.password_set_at).
const unchangedPassword = `
SELECT 1 FROM users WHERE id = $1 AND is_blocked = FALSE AND (CAST($2 AS bigint) = 0 OR password_set_at = $2)`

// requireUnchangedPassword holds the user's row until the token is committed, so that a change of the password comes
// wholly before it or finds it. On SQLite there is one writer at a time.
func (d *database) requireUnchangedPassword() string {
	if d.engine == sqliteEngine {
		return unchangedPassword
	}
	return unchangedPassword + ` FOR NO KEY UPDATE`
}

// endTwoFactorTokens ends the sign-ins of a user that wait for a second factor: they were begun under another one.
func (s *loginSessionStore) endTwoFactorTokens(ctx context.Context, tx *sqlx.Tx, userID string) error {
	return write(ctx, tx, `
UPDATE access_tokens SET expires_at = $2 WHERE user_id = $1 AND expires_at > $2 AND kind = '`+KindTwoFactor+`'`,
		userID, s.nowSeconds())
}

// useUp ends the token with which somebody sets a password. ErrUsed: it is over.
func (s *loginSessionStore) useUp(ctx context.Context, tx *sqlx.Tx, hash []byte) error {
	err := writeRow(ctx, tx, `
UPDATE access_tokens SET expires_at = $2 WHERE id = $1 AND expires_at > $2 AND kind = '`+KindChangePasswordToken+`'`,
		hash, s.nowSeconds())
	if errors.Is(err, ErrNotFound) {
		return ErrUsed
	}
	return err
}
