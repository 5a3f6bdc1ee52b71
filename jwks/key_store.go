package jwks

import (
	"context"
	"time"
)

// StoredKey is one row. RetiresAt and ExpiresAt are zero while unknown.
type StoredKey struct {
	ID          string // RFC 7638 thumbprint, published as kid
	Algorithm   string // [RS256], [ES256] or [EdDSA]
	PrivateKey  []byte `json:"-"` // PKCS #8 DER
	CreatedAt   time.Time
	ActivatesAt time.Time
	RetiresAt   time.Time
	ExpiresAt   time.Time
}

// String names the key without its private part, so that no log line shows it.
func (k StoredKey) String() string { return k.Algorithm + " " + k.ID }

// KeyStore keeps the keys of all replicas. Implementations must be safe for concurrent use.
type KeyStore interface {
	// SigningKeys lists every key that is not past its ExpiresAt.
	SigningKeys(ctx context.Context) ([]StoredKey, error)

	// ReplaceSigningKey inserts next and, in the same transaction, gives the key previousID its retires_at and
	// expires_at. It answers false and changes nothing when previousID is unknown or has been replaced already (its
	// retires_at is set) or, with previousID "", when a key of next.Algorithm exists. So of several replicas one
	// rotates.
	ReplaceSigningKey(ctx context.Context, previousID string, next StoredKey, retiresAt, expiresAt time.Time) (bool, error)

	// DeleteExpiredSigningKeys removes the keys whose ExpiresAt is set and not after now, and answers how many.
	DeleteExpiredSigningKeys(ctx context.Context, now time.Time) (int64, error)
}
