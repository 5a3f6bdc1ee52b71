package storage

import (
	"context"

	"github.com/jmoiron/sqlx"
)

// RecoveryCodeMAC is what is kept of a recovery code of a user. It is keyed, so that the rows alone say nothing.
func (s *secondFactorStore) RecoveryCodeMAC(ctx context.Context, userID, code string) ([]byte, error) {
	return s.keys.keyed(ctx, "recovery codes", userID+"\x00"+code)
}

// ReplaceRecoveryCodes stores the recovery codes of a user, as RecoveryCodeMAC has them, in the place of those before.
// ErrConflict: this set was stored before. ErrNotFound: no such user.
func (s *secondFactorStore) ReplaceRecoveryCodes(ctx context.Context, userID, setID string, macs [][]byte) error {
	userID, err := uuidKey(userID)
	if err != nil {
		return err
	}
	ctx = changing(ctx, EventRecoveryCodesCreated, recoveryCodesSubject, userID)
	return unknownReference(s.transaction(ctx, func(tx *sqlx.Tx) error {
		var stored int64
		err := tx.GetContext(ctx, &stored,
			`SELECT count(*) FROM recovery_codes WHERE user_id = $1 AND set_id = $2`, userID, setID)
		if err != nil {
			return err
		}
		if stored > 0 {
			return ErrConflict
		}
		replaced, err := affected(tx.ExecContext(ctx, `DELETE FROM recovery_codes WHERE user_id = $1`, userID))
		if err != nil {
			return err
		}
		if replaced > 0 { // of the first ones the notice of the factor says enough
			notice := AccountNotice{UserID: userID, Kind: EventRecoveryCodesCreated}
			if err := s.noteChange(ctx, tx, notice); err != nil {
				return err
			}
		}
		args := make([]any, 0, 5*len(macs))
		for _, mac := range macs {
			args = append(args, s.NewID(), userID, setID, mac, s.nowSeconds())
		}
		return write(ctx, tx, `INSERT INTO recovery_codes (id, user_id, set_id, code_mac, created_at) VALUES `+
			rowPlaceholders(len(macs), 5), args...)
	}))
}

// CountRecoveryCodes says how many recovery codes a user has left.
func (s *secondFactorStore) CountRecoveryCodes(ctx context.Context, userID string) (left int64, err error) {
	if userID, err = uuidKey(userID); err != nil {
		return 0, err
	}
	err = s.get(ctx, &left, `SELECT count(*) FROM recovery_codes WHERE user_id = $1 AND used_at = 0`, userID)
	return left, err
}

// UseRecoveryCode uses a recovery code up, in one conditional write. ErrUsed: the user has no such code, or none that
// is still good.
func (s *secondFactorStore) UseRecoveryCode(ctx context.Context, userID string, mac []byte) error {
	userID, err := uuidKey(userID)
	if err != nil {
		return ErrUsed
	}
	n, err := s.exec(ctx, `
UPDATE recovery_codes SET used_at = $3, used_by = $4
WHERE user_id = $1 AND code_mac = $2 AND (used_at = 0 OR used_by = $4)`, userID, mac, s.nowSeconds(), s.NewID())
	if err == nil && n == 0 {
		return ErrUsed
	}
	return err
}

// DeleteRecoveryCodes takes the recovery codes of a user away. ErrNotFound: there are none.
func (s *secondFactorStore) DeleteRecoveryCodes(ctx context.Context, userID string) error {
	userID, err := uuidKey(userID)
	if err != nil {
		return err
	}
	ctx = changing(ctx, EventRecoveryCodesDeleted, recoveryCodesSubject, userID)
	return s.transaction(ctx, func(tx *sqlx.Tx) error {
		return writeRow(ctx, tx, `DELETE FROM recovery_codes WHERE user_id = $1`, userID)
	})
}
