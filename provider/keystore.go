package provider

import (
	"context"
	"time"

	"ithildin/jwks"
	"ithildin/storage"
)

// KeyStore lets the store, which knows nothing of signing, keep the signing keys, which know nothing of rows.
type KeyStore struct{ Store *storage.Store }

var _ jwks.KeyStore = KeyStore{}

// SigningKeys implements jwks.KeyStore.
func (k KeyStore) SigningKeys(ctx context.Context) ([]jwks.StoredKey, error) {
	rows, err := k.Store.SigningKeys(ctx)
	if err != nil {
		return nil, err
	}
	keys := make([]jwks.StoredKey, len(rows))
	for i, row := range rows {
		keys[i] = jwks.StoredKey(row)
	}
	return keys, nil
}

// ReplaceSigningKey implements jwks.KeyStore.
func (k KeyStore) ReplaceSigningKey(
	ctx context.Context,
	previousID string,
	next jwks.StoredKey,
	retiresAt, expiresAt time.Time,
) (bool, error) {
	return k.Store.ReplaceSigningKey(ctx, previousID, storage.SigningKey(next), retiresAt, expiresAt)
}

// DeleteExpiredSigningKeys implements jwks.KeyStore.
func (k KeyStore) DeleteExpiredSigningKeys(ctx context.Context, now time.Time) (int64, error) {
	return k.Store.DeleteExpiredSigningKeys(ctx, now)
}
