package storage

import (
	"context"
	"crypto/hmac"
	"time"
)

// IdempotencyKeyLifetime is how long a repetition of a creation is known.
const IdempotencyKeyLifetime = day

// IdempotencyKey is a key of an operator with the request that it was sent with, as MACs: the request may have a
// password in it.
type IdempotencyKey struct{ id, request []byte }

// NewIdempotencyKey makes the MACs of a key, for UseIdempotencyKey.
func (s *settingStore) NewIdempotencyKey(ctx context.Context, operator, key, request string) (IdempotencyKey, error) {
	id, err := s.keys.keyed(ctx, "idempotency keys", operator+"\x00"+key)
	if err != nil {
		return IdempotencyKey{}, err
	}
	fingerprint, err := s.keys.keyed(ctx, "idempotency keys", operator+"\x00"+key+"\x00"+request)
	return IdempotencyKey{id: id, request: fingerprint}, err
}

// UseIdempotencyKey claims a key for a creation, in the transaction of Together that makes the resource: of many at
// once, in whatever process, one makes it, and the others wait for that one. It returns "" where the key is the
// caller's now, and else the id of what was made with it before. ErrUsed: that was by another request.
func (s *settingStore) UseIdempotencyKey(ctx context.Context, key IdempotencyKey, resource string) (string, error) {
	n, err := s.exec(ctx, `
INSERT INTO idempotency_keys (id, request, resource, expires_at) VALUES ($1, $2, $3, $4)
ON CONFLICT (id) DO UPDATE SET request = excluded.request, resource = excluded.resource,
       expires_at = excluded.expires_at
WHERE idempotency_keys.expires_at <= $5`,
		key.id, key.request, resource, s.nowSeconds()+int64(IdempotencyKeyLifetime/time.Second), s.nowSeconds())
	if err != nil || n > 0 {
		return "", err
	}
	var earlier struct {
		Request  []byte `db:"request"`
		Resource string `db:"resource"`
	}
	err = s.get(ctx, &earlier, `SELECT request, resource FROM idempotency_keys WHERE id = $1`, key.id)
	if err == nil && !hmac.Equal(earlier.Request, key.request) {
		return "", ErrUsed
	}
	return earlier.Resource, err
}
