package storage

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"
)

// SigningKey is a key that signs tokens, one day or no more. RetiresAt and ExpiresAt are zero while unknown.
type SigningKey struct {
	ID          string // published as kid
	Algorithm   string
	PrivateKey  []byte // PKCS #8 DER, sealed in the row
	CreatedAt   time.Time
	ActivatesAt time.Time
	RetiresAt   time.Time
	ExpiresAt   time.Time
}

func signingKeyContext(id string) string { return "signing_keys:" + id }

// SigningKeys reads every key that is not past its ExpiresAt, oldest first.
func (s *keyStore) SigningKeys(ctx context.Context) ([]SigningKey, error) {
	var rows []struct {
		ID          string  `db:"id"`
		Algorithm   string  `db:"algorithm"`
		Sealed      string  `db:"sealed"`
		CreatedAt   seconds `db:"created_at"`
		ActivatesAt seconds `db:"activates_at"`
		RetiresAt   seconds `db:"retires_at"`
		ExpiresAt   seconds `db:"expires_at"`
	}
	err := s.selectAll(ctx, &rows, `
SELECT id, algorithm, sealed, created_at, activates_at, retires_at, expires_at FROM signing_keys
WHERE expires_at = 0 OR expires_at > $1 ORDER BY created_at, id`, s.nowSeconds())
	if err != nil {
		return nil, err
	}
	keys := make([]SigningKey, len(rows))
	for i, r := range rows {
		private, err := s.sealer.Open(r.Sealed, signingKeyContext(r.ID))
		if err != nil {
			return nil, fmt.Errorf("storage: signing key %s: %w", r.ID, err)
		}
		keys[i] = SigningKey{
			ID: r.ID, Algorithm: r.Algorithm, PrivateKey: private,
			CreatedAt: r.CreatedAt.time(), ActivatesAt: r.ActivatesAt.time(),
			RetiresAt: r.RetiresAt.time(), ExpiresAt: r.ExpiresAt.time(),
		}
	}
	return keys, nil
}

// replacing is the detail that names the key before; nil where there is none.
func replacing(previousID string) map[string]string {
	if previousID == "" {
		return nil
	}
	return map[string]string{"replaces": previousID}
}

// ReplaceSigningKey stores next and, in the same transaction, gives the key previousID its retiresAt (not zero) and
// expiresAt. It answers false and changes nothing when previousID is unknown or was replaced already, or, with
// previousID "", when a key of next's algorithm exists: so of several replicas one rotates.
func (s *keyStore) ReplaceSigningKey(
	ctx context.Context, previousID string, next SigningKey, retiresAt, expiresAt time.Time,
) (bool, error) {
	// The details and the snapshots are of the new key; the one before is named.
	ctx = changingBy(ctx, Event{Kind: EventSigningKeyReplaced, Details: replacing(previousID)}, signingKeySubject, next.ID)
	err := s.changeConfiguration(ctx, func(tx *sqlx.Tx) error {
		if previousID != "" {
			err := writeRow(ctx, tx, `UPDATE signing_keys SET retires_at = $2, expires_at = $3 WHERE id = $1 AND retires_at = 0`,
				previousID, toSeconds(retiresAt), toSeconds(expiresAt))
			if err != nil {
				return err
			}
		}
		// A replica that makes a first key at the same moment waits here for the unique index, and then does nothing.
		return writeRow(ctx, tx, `
INSERT INTO signing_keys (id, algorithm, sealed, created_at, activates_at, retires_at, expires_at)
SELECT $1, $2, $3, $4, $5, $6, $7
WHERE $8 OR NOT EXISTS (SELECT 1 FROM signing_keys WHERE algorithm = $2)
ON CONFLICT DO NOTHING`,
			next.ID, next.Algorithm, s.sealer.Seal(next.PrivateKey, signingKeyContext(next.ID)), toSeconds(next.CreatedAt),
			toSeconds(next.ActivatesAt), toSeconds(next.RetiresAt), toSeconds(next.ExpiresAt), previousID != "")
	})
	if errors.Is(err, ErrNotFound) {
		return false, nil
	}
	return err == nil, err
}

// DeleteExpiredSigningKeys removes the keys whose ExpiresAt is set and not after now, and says how many.
func (s *keyStore) DeleteExpiredSigningKeys(ctx context.Context, now time.Time) (deleted int64, err error) {
	err = s.changeConfiguration(ctx, func(tx *sqlx.Tx) error {
		var err error
		deleted, err = affected(
			tx.ExecContext(ctx, `DELETE FROM signing_keys WHERE expires_at > 0 AND expires_at <= $1`, toSeconds(now)),
		)
		if err == nil && deleted == 0 {
			return ErrNotFound // nothing changed, so no process need read again
		}
		return err
	})
	if errors.Is(err, ErrNotFound) {
		return 0, nil
	}
	return deleted, err
}
