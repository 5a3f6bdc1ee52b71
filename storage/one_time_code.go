package storage

import (
	"context"
	"errors"
	"time"

	"github.com/jmoiron/sqlx"
)

// The states of a one-time code. Being expired, or out of attempts, follows from the row.
const (
	OneTimeCodeNew      = "new"
	OneTimeCodeVerified = "verified"
	OneTimeCodeCanceled = "canceled" // another was made for the same key
)

// OneTimeCode is a short code that was sent to a person.
type OneTimeCode struct {
	ID        string    `db:"id"`
	Key       string    `db:"key"`      // what it proves, such as a token's id with a phone number
	CodeMAC   []byte    `db:"code_mac"` // keyed, because a code this short could be guessed from a mere hash
	Status    string    `db:"status"`
	Attempts  int64     `db:"attempts"`
	CreatedAt time.Time `db:"-"`
	ExpiresAt time.Time `db:"-"`
}

type oneTimeCodeRow struct {
	OneTimeCode
	CreatedAt seconds `db:"created_at"`
	ExpiresAt seconds `db:"expires_at"`
}

func (r oneTimeCodeRow) code() OneTimeCode {
	c := r.OneTimeCode
	c.CreatedAt, c.ExpiresAt = r.CreatedAt.time(), r.ExpiresAt.time()
	return c
}

// OneTimeCodeMAC is what is kept of a one-time code for a key.
func (s *authenticationStore) OneTimeCodeMAC(ctx context.Context, key, code string) ([]byte, error) {
	return s.keys.keyed(ctx, "one-time codes", key+"\x00"+code)
}

// CreateOneTimeCode stores a new code, without attempts, and cancels the ones before it that have the same key.
func (s *authenticationStore) CreateOneTimeCode(ctx context.Context, c OneTimeCode) error {
	return s.transaction(ctx, func(tx *sqlx.Tx) error {
		err := write(ctx, tx, `UPDATE one_time_codes SET status = 'canceled' WHERE key = $1 AND status = 'new'`, c.Key)
		if err != nil {
			return err
		}
		return write(ctx, tx, `
INSERT INTO one_time_codes (id, key, code_mac, status, created_at, expires_at) VALUES ($1, $2, $3, 'new', $4, $5)`,
			c.ID, c.Key, c.CodeMAC, toSeconds(c.CreatedAt), toSeconds(c.ExpiresAt))
	})
}

// FindOneTimeCode reads the latest code of a key, expired and verified ones too.
func (s *authenticationStore) FindOneTimeCode(ctx context.Context, key string) (*OneTimeCode, error) {
	var row oneTimeCodeRow
	err := s.get(ctx, &row, `
SELECT id, key, code_mac, status, attempts, created_at, expires_at FROM one_time_codes
WHERE key = $1 AND status <> 'canceled'
ORDER BY created_at DESC, CASE status WHEN 'new' THEN 0 ELSE 1 END LIMIT 1`, key)
	if err != nil {
		return nil, err
	}
	c := row.code()
	return &c, nil
}

// VerifyOneTimeCode counts an attempt at a code and says whether it was right, in one conditional write: of many
// attempts at once no more than most are counted, and one of them wins. ErrUsed: the code is unknown, verified,
// canceled, expired, or out of attempts, and mac was not looked at.
func (s *authenticationStore) VerifyOneTimeCode(ctx context.Context, id string, mac []byte, most int64) (bool, error) {
	id, err := uuidKey(id)
	if err != nil {
		return false, ErrUsed
	}
	attempt, now := s.NewID(), s.nowSeconds()
	var verified bool
	err = s.execIdempotent(ctx, func(ctx context.Context) error {
		return s.writer.get(ctx, &verified, `
UPDATE one_time_codes SET attempts = CASE WHEN attempted_by = $5 THEN attempts ELSE attempts + 1 END,
       status = CASE WHEN code_mac = $2 THEN 'verified' ELSE status END, attempted_by = $5
WHERE id = $1 AND (attempted_by = $5 OR (status = 'new' AND attempts < $3 AND expires_at > $4))
RETURNING status = 'verified'`, id, mac, most, now, attempt)
	})
	if errors.Is(err, ErrNotFound) {
		return false, ErrUsed
	}
	return verified, err
}
