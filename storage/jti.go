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
func (s *tokenStore) UseJTI(ctx context.Context, namespace, issuer, jti, attempt string, expiresAt time.Time) error {
	id := base64.RawURLEncoding.EncodeToString(Hash(jti))
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
