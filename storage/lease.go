package storage

import (
	"context"
	"time"
)

// A lease is how one replica of several does what only one should do: whoever has written its row holds it until it
// expires or is released. Work under a lease must be harmless when done twice, for a holder that stalls past the end of
// its lease does not learn of it.

// AcquireLease takes a lease for that long, in whole seconds, or prolongs it where holder, a UUID, has it already. It
// says whether holder has it now.
func (s *settingStore) AcquireLease(ctx context.Context, name, holder string, lifetime time.Duration) (bool, error) {
	n, err := s.exec(ctx, `
INSERT INTO leases (name, holder, expires_at) VALUES ($1, $2, $3)
ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, expires_at = excluded.expires_at
WHERE leases.holder = excluded.holder OR leases.expires_at <= $4`, name, holder,
		toSeconds(s.Now().Add(lifetime)), s.nowSeconds())
	return n > 0, err
}

// ReleaseLease gives a lease up. One that holder does not have is left as it is.
func (s *settingStore) ReleaseLease(ctx context.Context, name, holder string) error {
	_, err := s.exec(ctx, `DELETE FROM leases WHERE name = $1 AND holder = $2`, name, holder)
	return err
}
