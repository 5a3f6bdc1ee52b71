package storage

import (
	"context"
	"encoding/base64"
	"errors"
	"time"
)

// UseJTI is the single use of a token id (RFC 7519 4.1.7) of an issuer, within a namespace for each use that ids are
// put to. attempt is the Batch's: sent twice, it wins twice. ErrUsed: another attempt came first. expiresAt
// is when the token can't be accepted in any case. The row holds a hash of the id, which may have any length.
//
// Batch.UseJTI is the same in the statement of a request that has one.
func (s *tokenStore) UseJTI(ctx context.Context, namespace, issuer, jti, attempt string, expiresAt time.Time) error {
	id := jtiKey(jti)
	n, err := s.exec(ctx, `
INSERT INTO used_jti (namespace, issuer, jti, used_by, expires_at) VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING`,
		namespace, issuer, id, attempt, toSeconds(expiresAt))
	if err != nil || n > 0 {
		return err
	}
	var usedBy string
	err = s.get(ctx, &usedBy,
		`SELECT used_by FROM used_jti WHERE namespace = $1 AND issuer = $2 AND jti = $3`, namespace, issuer, id)
	if errors.Is(err, ErrNotFound) || err == nil && usedBy != attempt {
		return ErrUsed
	}
	return err
}

func jtiKey(jti string) string { return base64.RawURLEncoding.EncodeToString(Hash(jti)) }

// useJTI leaves a row that another attempt made as it is, and then returns none.
const useJTI = `
INSERT INTO used_jti (namespace, issuer, jti, used_by, expires_at) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (namespace, issuer, jti) DO UPDATE SET used_by = excluded.used_by WHERE used_jti.used_by = excluded.used_by
RETURNING 1`

// UseJTI makes it a condition of all else in the batch that a token id is used now for the first time; namespace,
// issuer and expiresAt are those of Store.UseJTI. Flush answers ErrReplayed where it was used before. An id is used up
// also where the precondition of the batch is not met.
func (b *Batch) UseJTI(namespace, issuer, jti string, expiresAt time.Time) {
	b.singleUse = &statement{name: "use jti", sql: useJTI, args: []any{
		namespace, issuer, jtiKey(jti), b.idempotencyKey, toSeconds(expiresAt),
	}}
}
