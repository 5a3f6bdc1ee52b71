package storage

import (
	"context"

	"github.com/jmoiron/sqlx"
)

type secretRow struct {
	ID           string `db:"id"`
	ConnectionID string `db:"connection_id"`
	Hash         []byte `db:"hash"`
	PasswordHash string `db:"password_hash"`
	CreatedAt    int64  `db:"created_at"`
	ExpiresAt    int64  `db:"expires_at"`
}

func (r secretRow) secret() ConnectionSecret {
	return ConnectionSecret{
		ID: r.ID, Hash: r.Hash, PasswordHash: r.PasswordHash, CreatedAt: r.CreatedAt, ExpiresAt: r.ExpiresAt,
	}
}

const selectSecret = `
SELECT k.id, k.connection_id, k.hash, k.password_hash, k.created_at, k.expires_at
FROM connection_secrets k JOIN connections c ON c.id = k.connection_id `

// liveSecret takes the time as the second argument. Who keeps a secret in memory must compare its ExpiresAt again.
const liveSecret = `(k.expires_at = 0 OR k.expires_at > $2)`

func createSecret(ctx context.Context, tx *sqlx.Tx, connectionID string, secret ConnectionSecret) error {
	return write(ctx, tx, `
INSERT INTO connection_secrets (id, connection_id, hash, password_hash, created_at, expires_at)
VALUES ($1, $2, $3, $4, $5, $6)`,
		secret.ID, connectionID, bytes(secret.Hash), secret.PasswordHash, secret.CreatedAt, secret.ExpiresAt)
}

// AddConnectionSecret gives a connection one more secret; the others end at othersExpireAt at the latest (epoch seconds),
// or stay as they are where that is 0. ErrConflict: the secret is taken.
func (s *Store) AddConnectionSecret(
	ctx context.Context, connectionID string, secret ConnectionSecret, othersExpireAt int64,
) error {
	connectionID, err := uuidKey(connectionID)
	if err != nil {
		return err
	}
	return s.changeConfiguration(ctx, func(tx *sqlx.Tx) error {
		err := writeRow(ctx, tx, `UPDATE connections SET updated_at = $2 WHERE id = $1`, connectionID, s.Now())
		if err != nil {
			return err
		}
		if othersExpireAt > 0 {
			err = write(ctx, tx, `
UPDATE connection_secrets SET expires_at = $2 WHERE connection_id = $1 AND (expires_at = 0 OR expires_at > $2)`,
				connectionID, othersExpireAt)
			if err != nil {
				return err
			}
		}
		return createSecret(ctx, tx, connectionID, secret)
	})
}

// FindConnectionBySecret reads the connection that a live secret belongs to, by the secret's hash alone and in one
// statement. The connection comes without its secrets.
func (s *Store) FindConnectionBySecret(ctx context.Context, hash []byte) (*Connection, error) {
	var row connectionRow
	err := s.get(ctx, &row, selectConnection+`
JOIN connection_secrets k ON k.connection_id = c.id WHERE k.hash = $1 AND `+liveSecret, hash, s.Now())
	if err != nil {
		return nil, err
	}
	connection, err := row.connection()
	if err != nil {
		return nil, err
	}
	return &connection, nil
}
