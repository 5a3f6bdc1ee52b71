package storage

import (
	"context"
	"time"
)

// RememberedBrowser is a browser in which a user is not asked for a second factor, for a time.
type RememberedBrowser struct {
	ID         string    `db:"id"` // a UUID
	UserID     string    `db:"user_id"`
	DeviceHash []byte    `db:"device_hash"` // Hash of the id in the device cookie
	UserAgent  string    `db:"user_agent"`
	Address    string    `db:"address"`
	CreatedAt  time.Time `db:"-"`
	ExpiresAt  time.Time `db:"-"`
}

type rememberedBrowserRow struct {
	RememberedBrowser
	CreatedAt seconds `db:"created_at"`
	ExpiresAt seconds `db:"expires_at"`
}

// RememberBrowser stores that a browser is remembered, from now on where it was before. ErrNotFound: no such user.
func (s *authenticationStore) RememberBrowser(ctx context.Context, b RememberedBrowser) error {
	_, err := s.exec(ctx, `
INSERT INTO remembered_browsers (id, user_id, device_hash, user_agent, address, created_at, expires_at)
VALUES ($1, $2, $3, $4, $5, $6, $7)
ON CONFLICT (user_id, device_hash) DO UPDATE SET user_agent = excluded.user_agent, address = excluded.address,
    created_at = excluded.created_at, expires_at = excluded.expires_at`,
		b.ID, b.UserID, b.DeviceHash, b.UserAgent, b.Address, toSeconds(b.CreatedAt), toSeconds(b.ExpiresAt))
	return unknownReference(err)
}

// ListRememberedBrowsers lists the browsers of a user that are remembered now, the latest first.
func (s *authenticationStore) ListRememberedBrowsers(ctx context.Context, userID string) ([]RememberedBrowser, error) {
	userID, err := uuidKey(userID)
	if err != nil {
		return nil, err
	}
	var rows []rememberedBrowserRow
	if err := s.selectAll(ctx, &rows, `
SELECT id, user_id, device_hash, user_agent, address, created_at, expires_at FROM remembered_browsers
WHERE user_id = $1 AND expires_at > $2 ORDER BY created_at DESC, id`, userID, s.nowSeconds()); err != nil {
		return nil, err
	}
	browsers := make([]RememberedBrowser, len(rows))
	for i, row := range rows {
		browsers[i] = row.RememberedBrowser
		browsers[i].CreatedAt, browsers[i].ExpiresAt = row.CreatedAt.time(), row.ExpiresAt.time()
	}
	return browsers, nil
}

// ForgetBrowser ends that a browser of a user is remembered. ErrNotFound: none of theirs has that id.
func (s *authenticationStore) ForgetBrowser(ctx context.Context, userID, id string) error {
	userID, err := uuidKey(userID)
	if err != nil {
		return err
	}
	if id, err = uuidKey(id); err != nil {
		return err
	}
	n, err := s.exec(ctx, `DELETE FROM remembered_browsers WHERE id = $1 AND user_id = $2`, id, userID)
	if err == nil && n == 0 {
		return ErrNotFound
	}
	return err
}

// forgetBrowsersOf ends that any browser of a user is remembered, since what opens their account has changed.
func (s *authenticationStore) forgetBrowsersOf(ctx context.Context, userID string) error {
	_, err := s.exec(ctx, forgetBrowsers, userID)
	return err
}

// forgetBrowsers is the statement by which no browser of a user ($1) is remembered any more.
const forgetBrowsers = `DELETE FROM remembered_browsers WHERE user_id = $1`
