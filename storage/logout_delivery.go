package storage

import (
	"context"
	"time"

	"github.com/jmoiron/sqlx"
)

// LogoutDelivery is one client that has to be told, by the back channel, of the end of a session that it took part in
// (OIDC Back-Channel Logout 2.5). The row is written with that end and is there until the client has answered.
type LogoutDelivery struct {
	ID        string    `db:"id"`
	ClientID  string    `db:"client_id"`
	UserID    string    `db:"user_id"`
	SessionID string    `db:"session_id"`
	Subject   string    `db:"subject"` // as the client's own tokens had it; "" where it need not have seen them
	Attempts  int64     `db:"attempts"`
	NextAt    time.Time `db:"-"` // when to try again
	CreatedAt time.Time `db:"-"`
	ExpiresAt time.Time `db:"-"` // when to give up
}

type logoutDeliveryRow struct {
	LogoutDelivery
	NextAt    seconds `db:"next_at"`
	CreatedAt seconds `db:"created_at"`
	ExpiresAt seconds `db:"expires_at"`
}

func (r logoutDeliveryRow) delivery() LogoutDelivery {
	d := r.LogoutDelivery
	d.NextAt, d.CreatedAt, d.ExpiresAt = r.NextAt.time(), r.CreatedAt.time(), r.ExpiresAt.time()
	return d
}

// insertLogoutDeliveries stores those of the participants that want to be told.
func insertLogoutDeliveries(ctx context.Context, tx *sqlx.Tx, participants []participant) error {
	for _, participant := range participants {
		d := participant.delivery
		if d == nil {
			continue
		}
		err := write(ctx, tx, `
INSERT INTO logout_deliveries (id, client_id, user_id, session_id, subject, attempts, next_at, created_at, expires_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
			d.ID, d.ClientID, d.UserID, d.SessionID, d.Subject, d.Attempts,
			toSeconds(d.NextAt), toSeconds(d.CreatedAt), toSeconds(d.ExpiresAt))
		if err != nil {
			return err
		}
	}
	return nil
}

// DueLogoutDeliveries reads the deliveries whose time has come, those that have waited longest first.
func (s *loginSessionStore) DueLogoutDeliveries(ctx context.Context, limit int) ([]LogoutDelivery, error) {
	var rows []logoutDeliveryRow
	err := s.selectAll(ctx, &rows, `
SELECT id, client_id, user_id, session_id, subject, attempts, next_at, created_at, expires_at FROM logout_deliveries
WHERE next_at <= $1 AND expires_at > $1 ORDER BY next_at, id LIMIT $2`, s.nowSeconds(), pageSize(limit))
	if err != nil {
		return nil, err
	}
	due := make([]LogoutDelivery, len(rows))
	for i, r := range rows {
		due[i] = r.delivery()
	}
	return due, nil
}

// ClaimLogoutDelivery takes the next attempt of a delivery, and sets when the one after it is due should this one come
// to nothing. It says whether the attempt is the caller's: of many who read the same row, one's is.
func (s *loginSessionStore) ClaimLogoutDelivery(ctx context.Context, d LogoutDelivery, nextAt time.Time) (bool, error) {
	n, err := s.exec(ctx, `
UPDATE logout_deliveries SET attempts = attempts + 1, next_at = $3 WHERE id = $1 AND attempts = $2 AND expires_at > $4`,
		d.ID, d.Attempts, toSeconds(nextAt), s.nowSeconds())
	return n > 0, err
}

// PostponeLogoutDeliveries puts off what is due for a client until that time: one that does not answer must not keep
// others waiting.
func (s *loginSessionStore) PostponeLogoutDeliveries(ctx context.Context, clientID string, until time.Time) error {
	_, err := s.exec(ctx, `UPDATE logout_deliveries SET next_at = $2 WHERE client_id = $1 AND next_at <= $3`,
		clientID, toSeconds(until), s.nowSeconds())
	return err
}

// DeleteLogoutDelivery ends a delivery: the client knows, or will not know.
func (s *loginSessionStore) DeleteLogoutDelivery(ctx context.Context, id string) error {
	_, err := s.exec(ctx, `DELETE FROM logout_deliveries WHERE id = $1`, id)
	return err
}

// PageOfLogoutDeliveries reads every delivery that is not done, those first whose next attempt is the earliest.
func (s *loginSessionStore) PageOfLogoutDeliveries(ctx context.Context, p Page) ([]LogoutDelivery, Total, error) {
	key := []string{"next_at", "id"}
	l := listing{parts: []part{{
		query: `SELECT id, client_id, user_id, session_id, subject, attempts, next_at, created_at, expires_at
FROM logout_deliveries`, table: "logout_deliveries", key: key, order: key,
	}}}
	var rows []logoutDeliveryRow
	total, err := l.read(ctx, s.database, &rows, p)
	waiting := make([]LogoutDelivery, len(rows))
	for i, r := range rows {
		waiting[i] = r.delivery()
	}
	return waiting, total, err
}
