package storage

import (
	"context"
	"time"
)

// deviceAuthorizationKept is how long a request of a device stays past its expiry, so that the device is told of it.
const deviceAuthorizationKept = time.Hour

// DeviceAuthorization is the request of a device that somebody signs in for it elsewhere (RFC 8628). Once it is
// approved there is a Code with the same ID.
type DeviceAuthorization struct {
	ID       []byte // SHA-256 of the device_code
	UserCode []byte // MAC of the code that a person types
	ClientID string
	// Parameters are form-encoded, and have nothing in them that authenticates the client.
	Parameters string
	Address    string // of the device
	CreatedAt  time.Time
	ExpiresAt  time.Time
	// Interval is how long the device has to wait between two polls, PolledAt when it polled last; zero: never.
	Interval time.Duration
	PolledAt time.Time
	// ApprovedAt and DeniedAt are when a person answered; both are zero until then.
	ApprovedAt, DeniedAt time.Time
}

// IsOpen says whether a person may answer the request.
func (d *DeviceAuthorization) IsOpen(now time.Time) bool {
	return d.ApprovedAt.IsZero() && d.DeniedAt.IsZero() && d.ExpiresAt.After(now)
}

// insertDeviceAuthorization is the same where it is sent twice: the id is the hash of a fresh random value.
const insertDeviceAuthorization = `
INSERT INTO device_authorizations (id, user_code, client_id, parameters, address, created_at, expires_at, poll_interval)
SELECT $1, $2, $3, $4, $5, $6, $7, $8
WHERE NOT EXISTS (SELECT 1 FROM device_authorizations o WHERE o.user_code = $2 AND o.id <> $1) {{single use}}
ON CONFLICT (id) DO UPDATE SET client_id = excluded.client_id RETURNING 1`

// BeginDeviceAuthorization makes it the precondition of the batch that the request of a device is stored. Flush answers
// ErrUsed where another request has the same user code.
func (b *Batch) BeginDeviceAuthorization(d DeviceAuthorization) {
	b.require(statement{name: "insert device authorization", sql: insertDeviceAuthorization, args: []any{
		d.ID, d.UserCode, d.ClientID, d.Parameters, d.Address, toSeconds(d.CreatedAt), toSeconds(d.ExpiresAt),
		int64(d.Interval / time.Second),
	}}, ErrUsed)
}

const selectDeviceAuthorization = `
SELECT id, user_code, client_id, parameters, address, created_at, expires_at, poll_interval, polled_at, approved_at,
       denied_at
FROM device_authorizations `

// FindDeviceAuthorization reads the request of a device by the hash of its device_code, answered and expired ones too.
// ErrNotFound: there is none.
func (s *tokenStore) FindDeviceAuthorization(ctx context.Context, hash []byte) (*DeviceAuthorization, error) {
	return s.findDeviceAuthorization(ctx, selectDeviceAuthorization+`WHERE id = $1`, hash)
}

// FindDeviceAuthorizationByUserCode is FindDeviceAuthorization by the MAC of the code that a person types.
func (s *tokenStore) FindDeviceAuthorizationByUserCode(
	ctx context.Context, code []byte,
) (*DeviceAuthorization, error) {
	return s.findDeviceAuthorization(ctx, selectDeviceAuthorization+`WHERE user_code = $1`, code)
}

func (s *tokenStore) findDeviceAuthorization(
	ctx context.Context, query string, key []byte,
) (*DeviceAuthorization, error) {
	var row struct {
		ID         []byte  `db:"id"`
		UserCode   []byte  `db:"user_code"`
		ClientID   string  `db:"client_id"`
		Parameters string  `db:"parameters"`
		Address    string  `db:"address"`
		CreatedAt  seconds `db:"created_at"`
		ExpiresAt  seconds `db:"expires_at"`
		Interval   int64   `db:"poll_interval"`
		PolledAt   seconds `db:"polled_at"`
		ApprovedAt seconds `db:"approved_at"`
		DeniedAt   seconds `db:"denied_at"`
	}
	if err := s.get(ctx, &row, query, key); err != nil {
		return nil, err
	}
	return &DeviceAuthorization{
		ID: row.ID, UserCode: row.UserCode, ClientID: row.ClientID, Parameters: row.Parameters, Address: row.Address,
		CreatedAt: row.CreatedAt.time(), ExpiresAt: row.ExpiresAt.time(),
		Interval: time.Duration(row.Interval) * time.Second, PolledAt: row.PolledAt.time(),
		ApprovedAt: row.ApprovedAt.time(), DeniedAt: row.DeniedAt.time(),
	}, nil
}

// RecordDevicePoll remembers that a device polled now, and how long it has to wait from now on. It says whether the row
// was still as d has it: of two polls at once, one is remembered.
func (s *tokenStore) RecordDevicePoll(
	ctx context.Context, d *DeviceAuthorization, interval time.Duration,
) (bool, error) {
	n, err := s.exec(ctx, `
UPDATE device_authorizations SET polled_at = $2, poll_interval = $3
WHERE id = $1 AND polled_at = $4 AND poll_interval = $5 AND approved_at = 0 AND denied_at = 0`,
		d.ID, s.nowSeconds(), int64(interval/time.Second), toSeconds(d.PolledAt), int64(d.Interval/time.Second))
	return n > 0, err
}

// The single answer to the request of a device: the same attempt, sent twice, wins twice.
const (
	approveDeviceAuthorization = `
UPDATE device_authorizations SET approved_at = $2, answered_by = $3
WHERE id = $1 AND expires_at > $2 AND (approved_at = 0 AND denied_at = 0 OR answered_by = $3) {{single use}}
RETURNING 1`
	denyDeviceAuthorization = `
UPDATE device_authorizations SET denied_at = $2, answered_by = $3
WHERE id = $1 AND expires_at > $2 AND (approved_at = 0 AND denied_at = 0 OR answered_by = $3) {{single use}}
RETURNING 1`
)

// ApproveDeviceAuthorization makes it the precondition of the batch that the request of a device is answered now for
// the first time, in time, and approved. Flush answers ErrUsed where it is not met.
func (b *Batch) ApproveDeviceAuthorization(id []byte) {
	b.answerDeviceAuthorization("approve device authorization", approveDeviceAuthorization, id)
}

// DenyDeviceAuthorization is ApproveDeviceAuthorization for a refusal.
func (b *Batch) DenyDeviceAuthorization(id []byte) {
	b.answerDeviceAuthorization("deny device authorization", denyDeviceAuthorization, id)
}

func (b *Batch) answerDeviceAuthorization(name, query string, id []byte) {
	b.require(statement{name: name, sql: query, args: []any{id, b.store.nowSeconds(), b.idempotencyKey}}, ErrUsed)
}
