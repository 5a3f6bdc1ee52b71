package storage

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"
)

// AuthenticationFactor is what a user proves besides the password; one of each type.
type AuthenticationFactor struct {
	ID        string
	UserID    string
	Type      string
	Factor    string // what may be shown, such as a phone number; "" where it is still to be set
	Secret    []byte // the seed of a generator, sealed in the row; nil where the type has none
	IsActive  bool
	CreatedAt time.Time
	UpdatedAt time.Time
}

type authenticationFactorRow struct {
	ID        string  `db:"id"`
	UserID    string  `db:"user_id"`
	Type      string  `db:"type"`
	Factor    string  `db:"factor"`
	Sealed    string  `db:"sealed"`
	IsActive  bool    `db:"is_active"`
	CreatedAt seconds `db:"created_at"`
	UpdatedAt seconds `db:"updated_at"`
}

func factorContext(id string) string { return "authentication_factors:" + id }

func (s *authenticationStore) openFactor(r authenticationFactorRow) (AuthenticationFactor, error) {
	f := AuthenticationFactor{
		ID: r.ID, UserID: r.UserID, Type: r.Type, Factor: r.Factor, IsActive: r.IsActive,
		CreatedAt: r.CreatedAt.time(), UpdatedAt: r.UpdatedAt.time(),
	}
	if r.Sealed == "" {
		return f, nil
	}
	var err error
	if f.Secret, err = s.sealer.Open(r.Sealed, factorContext(r.ID)); err != nil {
		return AuthenticationFactor{}, fmt.Errorf("storage: authentication factor %s: %w", r.ID, err)
	}
	return f, nil
}

func (s *authenticationStore) sealFactor(f AuthenticationFactor) string {
	if f.Secret == nil {
		return ""
	}
	return s.sealer.Seal(f.Secret, factorContext(f.ID))
}

const selectFactor = `
SELECT id, user_id, type, factor, sealed, is_active, created_at, updated_at FROM authentication_factors `

// CreateAuthenticationFactor stores a factor. ErrConflict: the user has one of this type. ErrNotFound: no such user.
func (s *authenticationStore) CreateAuthenticationFactor(ctx context.Context, f AuthenticationFactor) error {
	ctx = changing(ctx, EventFactorCreated, factorSubject, f.ID)
	return unknownReference(s.transaction(ctx, func(tx *sqlx.Tx) error {
		return write(ctx, tx, `
INSERT INTO authentication_factors (id, user_id, type, factor, sealed, is_active, created_at, updated_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
			f.ID, f.UserID, f.Type, f.Factor, s.sealFactor(f), f.IsActive, toSeconds(f.CreatedAt),
			toSeconds(f.UpdatedAt))
	}))
}

// FindAuthenticationFactor reads a user's factor of a type, inactive ones too.
func (s *authenticationStore) FindAuthenticationFactor(
	ctx context.Context,
	userID, factorType string,
) (*AuthenticationFactor, error) {
	userID, err := uuidKey(userID)
	if err != nil {
		return nil, err
	}
	var row authenticationFactorRow
	if err := s.get(ctx, &row, selectFactor+`WHERE user_id = $1 AND type = $2`, userID, factorType); err != nil {
		return nil, err
	}
	f, err := s.openFactor(row)
	if err != nil {
		return nil, err
	}
	return &f, nil
}

// ListAuthenticationFactors reads a user's factors in the order of types, inactive ones too.
func (s *authenticationStore) ListAuthenticationFactors(
	ctx context.Context, userID string,
) ([]AuthenticationFactor, error) {
	userID, err := uuidKey(userID)
	if err != nil {
		return nil, err
	}
	var rows []authenticationFactorRow
	if err := s.selectAll(ctx, &rows, selectFactor+`WHERE user_id = $1 ORDER BY type`, userID); err != nil {
		return nil, err
	}
	factors := make([]AuthenticationFactor, len(rows))
	for i, r := range rows {
		if factors[i], err = s.openFactor(r); err != nil {
			return nil, err
		}
	}
	return factors, nil
}

// UpdateAuthenticationFactor changes what a factor is checked by and whether it is active; not its user, nor its type.
// It ends the sign-ins that wait for the factor as it was.
func (s *authenticationStore) UpdateAuthenticationFactor(ctx context.Context, f AuthenticationFactor) error {
	return s.updateFactor(ctx, f, ``)
}

// ReplaceAuthenticationFactor is UpdateAuthenticationFactor for a factor that is still checked by before, in one
// conditional write. ErrConflict: it is checked by something else by now.
func (s *authenticationStore) ReplaceAuthenticationFactor(
	ctx context.Context, f AuthenticationFactor, before string,
) error {
	err := s.updateFactor(ctx, f, ` AND factor = $6`, before)
	if errors.Is(err, ErrNotFound) {
		return ErrConflict
	}
	return err
}

// ActivateAuthenticationFactor makes a factor active, or inactive, in one conditional write. Sign-ins that wait for it
// go on, and fail or not by what it is then. ErrConflict: it is so already.
func (s *authenticationStore) ActivateAuthenticationFactor(ctx context.Context, id string, active bool) error {
	err := s.changeFactor(ctx, id, false, `is_active = $3 WHERE id = $1 AND is_active <> $3`, active)
	if errors.Is(err, ErrNotFound) {
		return ErrConflict
	}
	return err
}

// ResetAuthenticationFactor takes away what an active factor is checked by. Sign-ins that wait for it go on: whoever
// has the password may set another one, as in a sign-in that begins now. ErrNotFound: there is none with that id that
// is active.
func (s *authenticationStore) ResetAuthenticationFactor(ctx context.Context, id string) error {
	return s.changeFactor(ctx, id, false, `factor = '', sealed = '' WHERE id = $1 AND is_active`)
}

// DeleteAuthenticationFactor removes a factor, and ends the sign-ins that wait for it. ErrNotFound: there is none.
func (s *authenticationStore) DeleteAuthenticationFactor(ctx context.Context, id string) error {
	id, err := uuidKey(id)
	if err != nil {
		return err
	}
	ctx = changing(ctx, EventFactorDeleted, factorSubject, id)
	return s.transaction(ctx, func(tx *sqlx.Tx) error {
		var before factorState
		err := tx.GetContext(ctx, &before,
			`DELETE FROM authentication_factors WHERE id = $1 RETURNING `+factorColumns, id)
		if err != nil {
			return classify(err)
		}
		if err := s.noteFactorChange(ctx, tx, before, factorState{}); err != nil {
			return err
		}
		return s.sessions.endTwoFactorTokens(ctx, tx, before.UserID)
	})
}

func (s *authenticationStore) updateFactor(
	ctx context.Context, f AuthenticationFactor, condition string, args ...any,
) error {
	id, err := uuidKey(f.ID)
	if err != nil {
		return err
	}
	f.ID = id
	return s.changeFactor(ctx, id, true, `factor = $3, sealed = $4, is_active = $5 WHERE id = $1`+condition,
		append([]any{f.Factor, s.sealFactor(f), f.IsActive}, args...)...)
}

// changeFactor sets columns of a factor, whose id is $1; args begin with $3. ErrNotFound: no row meets the condition.
func (s *authenticationStore) changeFactor(
	ctx context.Context, id string, endsSignIns bool, setWhere string, args ...any,
) error {
	id, err := uuidKey(id)
	if err != nil {
		return err
	}
	ctx = changing(ctx, EventFactorChanged, factorSubject, id)
	return s.transaction(ctx, func(tx *sqlx.Tx) error {
		// First a write, so that of two at once the second reads what the first has set.
		var before, after factorState
		err := tx.GetContext(ctx, &before, `
UPDATE authentication_factors SET updated_at = $2 WHERE id = $1 RETURNING `+factorColumns, id, s.nowSeconds())
		if err != nil {
			return classify(err)
		}
		err = tx.GetContext(ctx, &after,
			`UPDATE authentication_factors SET updated_at = $2, `+setWhere+` RETURNING `+factorColumns,
			append([]any{id, s.nowSeconds()}, args...)...)
		if err != nil {
			return classify(err)
		}
		if err := s.noteFactorChange(ctx, tx, before, after); err != nil || !endsSignIns {
			return err
		}
		return s.sessions.endTwoFactorTokens(ctx, tx, before.UserID)
	})
}
