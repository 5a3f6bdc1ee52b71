package storage

import (
	"context"
	"time"

	"github.com/jmoiron/sqlx"
)

type secretRow struct {
	ID           string  `db:"id"`
	ConnectionID string  `db:"connection_id"`
	Hash         []byte  `db:"hash"`
	PasswordHash string  `db:"password_hash"`
	Sealed       string  `db:"sealed"`
	CreatedAt    seconds `db:"created_at"`
	ExpiresAt    seconds `db:"expires_at"`
}

func (r secretRow) secret() ConnectionSecret {
	return ConnectionSecret{
		ID: r.ID, Hash: r.Hash, PasswordHash: r.PasswordHash, Sealed: r.Sealed,
		CreatedAt: r.CreatedAt.time(), ExpiresAt: r.ExpiresAt.time(),
	}
}

const selectSecret = `
SELECT k.id, k.connection_id, k.hash, k.password_hash, k.sealed, k.created_at, k.expires_at
FROM connection_secrets k JOIN connections c ON c.id = k.connection_id `

// liveSecret takes the time as the second argument. Who keeps a secret in memory must compare its ExpiresAt again.
const liveSecret = `(k.expires_at = 0 OR k.expires_at > $2)`

func createSecret(ctx context.Context, tx *sqlx.Tx, connectionID string, secret ConnectionSecret) error {
	return write(ctx, tx, `
INSERT INTO connection_secrets (id, connection_id, hash, password_hash, lookup, sealed, created_at, expires_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
		secret.ID, connectionID, bytes(secret.Hash), secret.PasswordHash, bytes(secret.Lookup), secret.Sealed,
		toSeconds(secret.CreatedAt), toSeconds(secret.ExpiresAt))
}

func sealedSecretContext(id string) string { return "connection_secrets:" + id }

// CanSeal says that the store has a master secret; without one, SealSecret and OpenSecret must not be called.
func (s *connectionStore) CanSeal() bool { return s.sealer != nil }

// SealSecret is the sealed form of a client's secret. id is that of its row.
func (s *connectionStore) SealSecret(id, secret string) string {
	return s.sealer.Seal([]byte(secret), sealedSecretContext(id))
}

// OpenSecret is the secret again. seal.ErrSealed: it was never sealed, or under a master secret that is gone.
func (s *connectionStore) OpenSecret(secret ConnectionSecret) ([]byte, error) {
	return s.sealer.Open(secret.Sealed, sealedSecretContext(secret.ID))
}

// AddConnectionSecret gives a connection one more secret; the others end at othersExpireAt at the latest, or
// stay as they are where that is zero. ErrConflict: the secret is taken.
func (s *connectionStore) AddConnectionSecret(
	ctx context.Context, connectionID string, secret ConnectionSecret, othersExpireAt time.Time,
) error {
	connectionID, err := uuidKey(connectionID)
	if err != nil {
		return err
	}
	ctx = changing(ctx, EventConnectionSecretReplaced, connectionSubject, connectionID)
	return s.changeConfiguration(ctx, func(tx *sqlx.Tx) error {
		err := writeRow(ctx, tx, `UPDATE connections SET updated_at = $2 WHERE id = $1`, connectionID, s.nowSeconds())
		if err != nil {
			return err
		}
		if !othersExpireAt.IsZero() {
			err = write(ctx, tx, `
UPDATE connection_secrets SET expires_at = $2 WHERE connection_id = $1 AND (expires_at = 0 OR expires_at > $2)`,
				connectionID, toSeconds(othersExpireAt))
			if err != nil {
				return err
			}
		}
		return createSecret(ctx, tx, connectionID, secret)
	})
}

// WeakSecretLookup is the MAC by which a weak secret is found where it doubles as an api-key.
func (s *connectionStore) WeakSecretLookup(ctx context.Context, secret string) ([]byte, error) {
	return s.keys.keyed(ctx, "weak secret lookup", secret)
}

// EndConnectionSecret ends a live secret of a connection at once. ErrNotFound: the connection has none of that id.
func (s *connectionStore) EndConnectionSecret(ctx context.Context, connectionID, secretID string) error {
	connectionID, err := uuidKey(connectionID)
	if err != nil {
		return err
	}
	if secretID, err = uuidKey(secretID); err != nil {
		return err
	}
	ctx = changingBy(ctx, Event{
		Kind: EventConnectionSecretEnded, Details: map[string]string{"secret_id": secretID},
	}, connectionSubject, connectionID)
	return s.changeConfiguration(ctx, func(tx *sqlx.Tx) error {
		return writeRow(ctx, tx, `
UPDATE connection_secrets SET expires_at = $3
WHERE connection_id = $1 AND id = $2 AND (expires_at = 0 OR expires_at > $3)`, connectionID, secretID, s.nowSeconds())
	})
}
