package storage

import (
	"context"
	"time"
)

// endSessionTokens expires the session tokens that a user has of a client, but for the one that takes their place.
const endSessionTokens = `
UPDATE access_tokens SET expires_at = $3
WHERE user_id = $1 AND client_id = $2 AND expires_at > $3 AND access_token_id <> $4
AND kind IN ('` + KindAccessToken + `', '` + KindTwoFactor + `')`

// QueueSessionToken stores the token of a sign-in with a grant of its own, and expires those of the same user and
// client (contract section 2.3). Flush answers ErrNotFound where the user is blocked, or has another password by now.
func (b *Batch) QueueSessionToken(t AccessToken) {
	b.require(statement{name: "unchanged password", sql: b.store.requireUnchangedPassword(), args: []any{
		t.UserID, toSeconds(t.Session.PasswordSetAt),
	}}, ErrNotFound)
	b.queue(statement{name: "end session tokens", sql: endSessionTokens, args: []any{
		t.UserID, t.ClientID, b.store.nowSeconds(), t.AccessTokenID,
	}})
	b.QueueGrant(Grant{
		ID: t.GrantID, ClientID: t.ClientID, UserID: t.UserID, Scope: t.Scope, Session: t.Session, CreatedAt: t.CreatedAt,
		ExpiresAt: t.ExpiresAt + int64(30*day/time.Second),
	})
	b.QueueAccessToken(t)
}

// ExpireAccessToken ends one opaque access token, whose row stays so that a question about it is answered by "expired".
// It says whether the token was live until now.
func (s *tokenStore) ExpireAccessToken(ctx context.Context, hash []byte) (bool, error) {
	n, err := s.exec(ctx, `UPDATE access_tokens SET expires_at = $2 WHERE id = $1 AND expires_at > $2`, hash,
		s.nowSeconds())
	return n > 0, err
}
