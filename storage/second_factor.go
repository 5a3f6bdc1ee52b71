package storage

import (
	"context"
	"fmt"
	"slices"
	"time"
)

// The kinds of second factors, as rows and audit events name them.
const (
	FactorSMS          = "SMS"
	FactorTOTP         = "TOTP"
	FactorPasskey      = "passkey"
	FactorRecoveryCode = "recovery_code"
)

// SecondFactor is one of the ways in which a user can prove who they are besides the password, whatever its kind.
type SecondFactor struct {
	Kind string // Factor…
	ID   string // of recovery codes, that of their set
	// Name is what the user calls it; of FactorSMS it is the phone, "" where that is still to be set; of recovery codes it
	// is "".
	Name       string
	IsActive   bool
	Left       int64 // recovery codes that are not used up
	CreatedAt  time.Time
	LastUsedAt time.Time // zero where it was never used, and of FactorSMS
}

// ListSecondFactors reads all second factors of a user in one statement, inactive ones too: kind by kind, and within a
// kind in the order in which they were added.
func (s *secondFactorStore) ListSecondFactors(ctx context.Context, userID string) ([]SecondFactor, error) {
	userID, err := uuidKey(userID)
	if err != nil {
		return nil, err
	}
	var rows []struct {
		Kind       string  `db:"kind"`
		ID         string  `db:"id"`
		Name       string  `db:"name"`
		IsActive   bool    `db:"is_active"`
		Left       int64   `db:"codes_left"`
		CreatedAt  seconds `db:"created_at"`
		LastUsedAt seconds `db:"last_used_at"`
		Place      int64   `db:"place"`
	}
	err = s.selectAll(ctx, &rows, `
SELECT '`+FactorSMS+`' AS kind, id, factor AS name, is_active, 0 AS codes_left, created_at, 0 AS last_used_at,
       1 AS place
FROM authentication_factors WHERE user_id = $1 AND type = '`+FactorSMS+`'
UNION ALL
SELECT '`+FactorTOTP+`', id, name, is_active, 0, created_at, last_used_at, 2 FROM authenticators WHERE user_id = $1
UNION ALL
SELECT '`+FactorPasskey+`', id, name, TRUE, 0, created_at, last_used_at, 3 FROM passkeys WHERE user_id = $1
UNION ALL
SELECT '`+FactorRecoveryCode+`', set_id, '', TRUE, count(CASE WHEN used_at = 0 THEN 1 END), min(created_at),
       max(used_at), 4
FROM recovery_codes WHERE user_id = $1 GROUP BY set_id
ORDER BY place, created_at, id`, userID)
	if err != nil {
		return nil, err
	}
	factors := make([]SecondFactor, len(rows))
	for i, r := range rows {
		factors[i] = SecondFactor{
			Kind: r.Kind, ID: r.ID, Name: r.Name, IsActive: r.IsActive, Left: r.Left, CreatedAt: r.CreatedAt.time(),
			LastUsedAt: r.LastUsedAt.time(),
		}
	}
	return factors, nil
}

// RemoveSecondFactor removes a second factor of a user, whatever its kind; of recovery codes the whole set. With the
// last other factor the recovery codes go, since they stand in for one. ErrNotFound: the user has none of that kind
// with that id.
func (s *secondFactorStore) RemoveSecondFactor(ctx context.Context, userID, kind, id string) error {
	return s.Together(ctx, func(ctx context.Context) error {
		others, err := s.lockSecondFactor(ctx, userID, kind, id)
		if err != nil {
			return err
		}
		if err := s.authentication.forgetBrowsersOf(ctx, userID); err != nil {
			return err
		}
		switch kind {
		case FactorSMS:
			err = s.authentication.DeleteAuthenticationFactor(ctx, id)
		case FactorTOTP:
			err = s.DeleteAuthenticator(ctx, userID, id)
		case FactorPasskey:
			err = s.passkeys.DeletePasskey(ctx, userID, id)
		default:
			return s.DeleteRecoveryCodes(ctx, userID)
		}
		isLast := !slices.ContainsFunc(others, func(f SecondFactor) bool { return f.Kind != FactorRecoveryCode })
		if err == nil && isLast && len(others) > 0 {
			err = s.DeleteRecoveryCodes(ctx, userID)
		}
		return err
	})
}

// ActivateSecondFactor makes a second factor of a user active, or inactive. Passkeys and recovery codes are neither:
// they are removed. ErrNotFound: the user has none of that kind with that id.
func (s *secondFactorStore) ActivateSecondFactor(ctx context.Context, userID, kind, id string, active bool) error {
	return s.Together(ctx, func(ctx context.Context) error {
		if _, err := s.lockSecondFactor(ctx, userID, kind, id); err != nil {
			return err
		}
		switch kind {
		case FactorSMS:
			factor, err := s.authentication.FindAuthenticationFactor(ctx, userID, FactorSMS)
			if err != nil {
				return err
			}
			factor.IsActive = active
			return s.authentication.UpdateAuthenticationFactor(ctx, *factor)
		case FactorTOTP:
			return s.ActivateAuthenticator(ctx, userID, id, active)
		}
		return fmt.Errorf("storage: second factors of the kind %s are always active", kind)
	})
}

// lockSecondFactor holds the second factors of a user as they are until the transaction ends, and returns those beside
// the one of the kind and id. ErrNotFound: there is no such one.
func (s *secondFactorStore) lockSecondFactor(
	ctx context.Context, userID, kind, id string,
) (others []SecondFactor, err error) {
	if userID, err = uuidKey(userID); err != nil {
		return nil, err
	}
	if err := s.hold(ctx, "users", userID); err != nil {
		return nil, err
	}
	all, err := s.ListSecondFactors(ctx, userID)
	if err != nil {
		return nil, err
	}
	others = slices.DeleteFunc(slices.Clone(all), func(f SecondFactor) bool { return f.Kind == kind && f.ID == id })
	if len(others) == len(all) {
		return nil, ErrNotFound
	}
	return others, nil
}
