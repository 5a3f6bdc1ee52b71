package storage

import (
	"context"
)

// endSessionTokens expires the session tokens that a user has of a client, but for the one that takes their place. By
// "expires_at >" SQLite would take the index of all the client's tokens before that of the user's.
const endSessionTokens = `
UPDATE access_tokens SET expires_at = $3
WHERE user_id = $1 AND client_id = $2 AND NOT expires_at <= $3 AND access_token_id <> $4
AND kind IN ('` + KindAccessToken + `', '` + KindTwoFactor + `')`

// endPasswordTokens does the same to the tokens with which a password is set.
const endPasswordTokens = `
UPDATE access_tokens SET expires_at = $3
WHERE user_id = $1 AND client_id = $2 AND NOT expires_at <= $3 AND access_token_id <> $4
AND kind = '` + KindChangePasswordToken + `'`

// QueueSessionToken does what QueueSingleSessionToken does, and expires the session tokens of the same user and client
// (contract section 2.3): a token with which a password is set expires others like it, any other all but those.
func (b *Batch) QueueSessionToken(t AccessToken) {
	b.queueEndOfSessionTokens(t)
	b.QueueSingleSessionToken(t)
}

// QueueVouchedSessionToken is QueueSessionToken for a token that an administrator makes, whatever is true of its user:
// that counts where the token is used.
func (b *Batch) QueueVouchedSessionToken(t AccessToken) {
	b.queueEndOfSessionTokens(t)
	b.queueGrantedToken(t)
}

func (b *Batch) queueEndOfSessionTokens(t AccessToken) {
	end := statement{name: "end session tokens", sql: endSessionTokens}
	if t.Kind == KindChangePasswordToken {
		end = statement{name: "end password tokens", sql: endPasswordTokens}
	}
	end.args = []any{t.UserID, t.ClientID, b.store.nowSeconds(), t.AccessTokenID}
	b.queue(end)
}

// QueueSingleSessionToken stores the token of a sign-in with a grant of its own. Flush answers ErrNotFound where the
// user is blocked, or has another password by now.
func (b *Batch) QueueSingleSessionToken(t AccessToken) {
	b.require(statement{name: "unchanged password", sql: b.store.requireUnchangedPassword(), args: []any{
		t.UserID, toSeconds(t.Session.PasswordSetAt),
	}}, ErrNotFound)
	b.queueGrantedToken(t)
}

// queueGrantedToken stores a token with a grant of its own.
func (b *Batch) queueGrantedToken(t AccessToken) {
	b.QueueGrant(Grant{
		ID: t.GrantID, ClientID: t.ClientID, UserID: t.UserID, Scope: t.Scope, Session: t.Session, CreatedAt: t.CreatedAt,
		ExpiresAt: t.ExpiresAt.Add(30 * day),
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
