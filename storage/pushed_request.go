package storage

import (
	"context"
	"time"
)

// pushedRequestKept is how long a pushed request stays past its expiry: whoever has opened it in time may go on with it
// for as long as a sign-in may take, which is half an hour.
const pushedRequestKept = time.Hour

// PushedRequest is an authorization request that a client has sent before the browser came (RFC 9126).
type PushedRequest struct {
	ID       []byte // SHA-256 of the request_uri
	ClientID string
	// Parameters are form-encoded, and have nothing in them that authenticates the client.
	Parameters string
	CreatedAt  time.Time
	ExpiresAt  time.Time // until when a browser may begin with it
	UsedAt     time.Time // when it was answered; zero: not yet
}

// A conflict can only be with ourselves, sent twice: the id is the hash of a fresh random value.
const insertPushedRequest = `
INSERT INTO pushed_requests (id, client_id, parameters, created_at, expires_at)
SELECT $1, $2, $3, $4, $5 {{precondition}} ON CONFLICT (id) DO NOTHING`

// QueuePushedRequest stores a pushed request.
func (b *Batch) QueuePushedRequest(p PushedRequest) {
	b.queue(statement{name: "insert pushed request", sql: insertPushedRequest, args: []any{
		p.ID, p.ClientID, p.Parameters, toSeconds(p.CreatedAt), toSeconds(p.ExpiresAt),
	}})
}

// CreatePushedRequest stores a pushed request by itself, for tests; a request queues it in its Batch.
func (s *tokenStore) CreatePushedRequest(ctx context.Context, p PushedRequest) error {
	b := s.NewBatch()
	b.QueuePushedRequest(p)
	return b.Flush(ctx)
}

// FindPushedRequest reads a pushed request by the hash of its request_uri, used and expired ones too. ErrNotFound:
// there is none.
func (s *tokenStore) FindPushedRequest(ctx context.Context, hash []byte) (*PushedRequest, error) {
	var row struct {
		ClientID   string  `db:"client_id"`
		Parameters string  `db:"parameters"`
		CreatedAt  seconds `db:"created_at"`
		ExpiresAt  seconds `db:"expires_at"`
		UsedAt     seconds `db:"used_at"`
	}
	err := s.get(ctx, &row, `
SELECT client_id, parameters, created_at, expires_at, used_at FROM pushed_requests WHERE id = $1`, hash)
	if err != nil {
		return nil, err
	}
	return &PushedRequest{
		ID: hash, ClientID: row.ClientID, Parameters: row.Parameters, CreatedAt: row.CreatedAt.time(),
		ExpiresAt: row.ExpiresAt.time(), UsedAt: row.UsedAt.time(),
	}, nil
}

// usePushedRequest is the single use of a pushed request: the same attempt, sent twice, wins twice.
const usePushedRequest = `
UPDATE pushed_requests SET used_at = $2, used_by = $3 WHERE id = $1 AND (used_at = 0 OR used_by = $3)`

// UsePushedRequest makes it a precondition of the batch, beside the one that it has, that a pushed request is answered
// now for the first time. Flush answers ErrUsed where one of them is not met.
func (b *Batch) UsePushedRequest(id []byte) {
	use := statement{
		name: "use pushed request", sql: usePushedRequest, args: []any{id, b.store.nowSeconds(), b.idempotencyKey},
	}
	if other := b.precondition; other != nil {
		use.name += " and " + other.name
		use.sql += ` AND EXISTS (` + shift(other.sql, len(use.args)) + `)`
		use.args = append(use.args, other.args...)
	}
	use.sql += ` {{single use}} RETURNING 1`
	b.require(use, ErrUsed)
}
