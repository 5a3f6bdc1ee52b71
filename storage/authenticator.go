package storage

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"
)

// Authenticator is an app of a user that makes one-time codes (TOTP, RFC 6238). A user may have several.
type Authenticator struct {
	ID         string
	UserID     string
	Name       string // by which the user tells it from others
	Secret     []byte // shared with the app; sealed in the row
	IsActive   bool
	LastStep   int64 // the latest time step whose code was taken
	CreatedAt  time.Time
	LastUsedAt time.Time // zero: never since it was added
}

type authenticatorRow struct {
	ID         string  `db:"id"`
	UserID     string  `db:"user_id"`
	Name       string  `db:"name"`
	Sealed     string  `db:"sealed"`
	IsActive   bool    `db:"is_active"`
	LastStep   int64   `db:"last_step"`
	CreatedAt  seconds `db:"created_at"`
	LastUsedAt seconds `db:"last_used_at"`
}

var errNoAuthenticatorSealer = errors.New("storage: authenticators need a master secret")

func authenticatorContext(id string) string { return "authenticators:" + id }

// CreateAuthenticator stores an authenticator. ErrConflict: there is one with that id. ErrNotFound: no such user.
func (s *secondFactorStore) CreateAuthenticator(ctx context.Context, a Authenticator) error {
	if s.sealer == nil {
		return errNoAuthenticatorSealer
	}
	ctx = changing(ctx, EventFactorCreated, authenticatorSubject, a.ID)
	return unknownReference(s.transaction(ctx, func(tx *sqlx.Tx) error {
		if err := write(ctx, tx, `
INSERT INTO authenticators (id, user_id, name, sealed, is_active, last_step, created_at, last_used_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
			a.ID, a.UserID, a.Name, s.sealer.Seal(a.Secret, authenticatorContext(a.ID)), a.IsActive, a.LastStep,
			toSeconds(a.CreatedAt), toSeconds(a.LastUsedAt)); err != nil {
			return err
		}
		return s.noteChange(ctx, tx, AccountNotice{UserID: a.UserID, Kind: EventFactorCreated, Name: a.Name})
	}))
}

// ListAuthenticators reads the authenticators of a user in the order in which they were added, inactive ones too.
func (s *secondFactorStore) ListAuthenticators(ctx context.Context, userID string) ([]Authenticator, error) {
	userID, err := uuidKey(userID)
	if err != nil {
		return nil, err
	}
	var rows []authenticatorRow
	if err := s.selectAll(ctx, &rows, `
SELECT id, user_id, name, sealed, is_active, last_step, created_at, last_used_at FROM authenticators
WHERE user_id = $1 ORDER BY created_at, id`, userID); err != nil {
		return nil, err
	}
	list := make([]Authenticator, len(rows))
	for i, r := range rows {
		if s.sealer == nil {
			return nil, errNoAuthenticatorSealer
		}
		secret, err := s.sealer.Open(r.Sealed, authenticatorContext(r.ID))
		if err != nil {
			return nil, fmt.Errorf("storage: authenticator %s: %w", r.ID, err)
		}
		list[i] = Authenticator{
			ID: r.ID, UserID: r.UserID, Name: r.Name, Secret: secret, IsActive: r.IsActive, LastStep: r.LastStep,
			CreatedAt: r.CreatedAt.time(), LastUsedAt: r.LastUsedAt.time(),
		}
	}
	return list, nil
}

// UseAuthenticator takes the code of a time step once, in one conditional write. ErrUsed: a code of that step or of a
// later one was taken before, or there is no such authenticator that is active.
func (s *secondFactorStore) UseAuthenticator(ctx context.Context, id string, step int64) error {
	id, err := uuidKey(id)
	if err != nil {
		return ErrUsed
	}
	n, err := s.exec(ctx, `
UPDATE authenticators SET last_step = $2, used_by = $3, last_used_at = $4
WHERE id = $1 AND is_active AND (last_step < $2 OR used_by = $3)`, id, step, s.NewID(), s.nowSeconds())
	if err == nil && n == 0 {
		return ErrUsed
	}
	return err
}

// ActivateAuthenticator makes an authenticator of a user active, or inactive. ErrNotFound: the user has none with that
// id.
func (s *secondFactorStore) ActivateAuthenticator(ctx context.Context, userID, id string, active bool) error {
	notice := NoticeFactorDisabled
	if active {
		notice = "" // one that counts again is nothing to tell
	}
	return s.changeAuthenticator(ctx, EventFactorChanged, notice, userID, id,
		`UPDATE authenticators SET is_active = $3 WHERE id = $1 AND user_id = $2 RETURNING name`, active)
}

// DeleteAuthenticator removes an authenticator of a user. ErrNotFound: the user has none with that id.
func (s *secondFactorStore) DeleteAuthenticator(ctx context.Context, userID, id string) error {
	return s.changeAuthenticator(ctx, EventFactorDeleted, EventFactorDeleted, userID, id,
		`DELETE FROM authenticators WHERE id = $1 AND user_id = $2 RETURNING name`)
}

// changeAuthenticator runs a query that returns the name of the authenticator, and has the owner told, but for the
// notice "".
func (s *secondFactorStore) changeAuthenticator(
	ctx context.Context, kind, notice, userID, id, query string, args ...any,
) error {
	userID, err := uuidKey(userID)
	if err != nil {
		return err
	}
	if id, err = uuidKey(id); err != nil {
		return err
	}
	ctx = changing(ctx, kind, authenticatorSubject, id)
	return s.transaction(ctx, func(tx *sqlx.Tx) error {
		var name string
		if err := tx.GetContext(ctx, &name, query, append([]any{id, userID}, args...)...); err != nil {
			return classify(err)
		}
		if notice == "" {
			return nil
		}
		return s.noteChange(ctx, tx, AccountNotice{UserID: userID, Kind: notice, Name: name})
	})
}
