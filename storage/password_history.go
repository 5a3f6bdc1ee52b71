package storage

import (
	"context"
	"time"

	"github.com/jmoiron/sqlx"
)

// passwordsRemembered is how many passwords before the present one a user may not take again.
const passwordsRemembered = 3

// PasswordHistory reads the passwords that a user had before the present one, as PHC strings, newest first.
func (s *userStore) PasswordHistory(ctx context.Context, userID string) ([]string, error) {
	userID, err := uuidKey(userID)
	if err != nil {
		return nil, err
	}
	var passwords []string
	err = s.selectAll(ctx, &passwords,
		`SELECT password FROM password_history WHERE user_id = $1 ORDER BY created_at DESC`, userID)
	return passwords, err
}

// SetPassword gives a user another password and moves the one before, if there was one, to the history. It ends every
// login session, and every token of the login API: whoever knew the old password may have one.
func (s *userStore) SetPassword(ctx context.Context, id, phc string) error {
	return s.setPassword(ctx, id, phc, false, nil)
}

// SetPasswordByToken is SetPassword by the bearer of a token for it, which it uses up. ErrUsed: the token is over.
func (s *userStore) SetPasswordByToken(ctx context.Context, t *AccessToken, phc string) error {
	return s.setPassword(ctx, t.UserID, phc, false, t.ID)
}

// SetPasswordToChange is SetPassword for a password that somebody else knows: its owner must choose another at the next
// sign-in.
func (s *userStore) SetPasswordToChange(ctx context.Context, id, phc string) error {
	return s.setPassword(ctx, id, phc, true, nil)
}

func (s *userStore) setPassword(ctx context.Context, id, phc string, mustChange bool, token []byte) error {
	id, err := uuidKey(id)
	if err != nil {
		return err
	}
	ctx = changing(ctx, EventPasswordSet, userSubject, id)
	return s.transaction(ctx, func(tx *sqlx.Tx) error {
		if err := s.writePassword(ctx, tx, id, phc, mustChange, nil); err != nil {
			return err
		}
		if token != nil {
			if err := s.sessions.useUp(ctx, tx, token); err != nil {
				return err
			}
		}
		_, err = s.sessions.endSignIns(ctx, tx, id)
		return err
	})
}

// writePassword replaces a password, if it is still the one that was set at proved, or whichever it is where that is
// nil. ErrNotFound: it is another one, or there is no such user.
func (s *userStore) writePassword(
	ctx context.Context, tx *sqlx.Tx, id, phc string, mustChange bool, proved *time.Time,
) error {
	// First a write, so that of two at once the second reads what the first has set. No two passwords of a user were set
	// at the same time, since sign-ins are bound to that.
	condition, args := ``, []any{id, s.nowSeconds()}
	if proved != nil {
		condition, args = ` AND password_set_at = $3`, append(args, toSeconds(*proved))
	}
	if err := writeRow(ctx, tx, `
UPDATE users SET password_set_at = CASE WHEN password_set_at >= $2 THEN password_set_at + 1 ELSE $2 END, updated_at = $2
WHERE id = $1`+condition, args...); err != nil {
		return err
	}
	if err := s.rememberPassword(ctx, tx, id); err != nil {
		return err
	}
	err := write(ctx, tx, `UPDATE users SET password = $2, must_change_password = $3 WHERE id = $1`, id, phc, mustChange)
	if err != nil {
		return err
	}
	if err := write(ctx, tx, forgetBrowsers, id); err != nil {
		return err
	}
	return s.noteChange(ctx, tx, AccountNotice{UserID: id, Kind: EventPasswordSet})
}

// rememberPassword copies the present password to the history and forgets the oldest there. Two changes may share a
// second, so the row's time is at least one above the one before: the order is what it is for.
func (s *userStore) rememberPassword(ctx context.Context, tx *sqlx.Tx, userID string) error {
	var latest int64
	err := tx.GetContext(ctx, &latest,
		`SELECT coalesce(max(created_at), 0) FROM password_history WHERE user_id = $1`, userID)
	if err != nil {
		return err
	}
	err = write(ctx, tx, `
INSERT INTO password_history (id, user_id, password, created_at)
SELECT $1, id, password, $3 FROM users WHERE id = $2 AND password <> ''`,
		s.NewID(), userID, max(s.nowSeconds(), latest+1))
	if err != nil {
		return err
	}
	return write(ctx, tx, `
DELETE FROM password_history WHERE user_id = $1
AND id NOT IN (SELECT id FROM password_history WHERE user_id = $1 ORDER BY created_at DESC LIMIT $2)`,
		userID, passwordsRemembered)
}
