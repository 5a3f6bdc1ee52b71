package storage

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"
)

// The kinds of tokens with which somebody changes an old password: they outlive it.
const keptKinds = `('` + KindTwoFactor + `', '` + KindChangePasswordToken + `')`

// usersOfOldPasswords walks along an index, over a batch of users, and says of each whether there is something left to
// end. A password that was never set has no age.
const usersOfOldPasswords = `
SELECT u.id, u.password_set_at, u.password <> '' AND (EXISTS (SELECT 1 FROM access_tokens t
WHERE t.user_id = u.id AND t.expires_at > $4 AND t.kind NOT IN ` + keptKinds + `)
  OR EXISTS (SELECT 1 FROM grants g WHERE g.user_id = u.id AND g.revoked_at = 0 AND g.expires_at > $4
             AND NOT EXISTS (SELECT 1 FROM access_tokens t WHERE t.grant_id = g.id AND t.kind IN ` + keptKinds + `))
  OR EXISTS (SELECT 1 FROM codes c WHERE c.user_id = u.id AND c.used_at = 0 AND c.revoked_at = 0 AND c.expires_at > $4)
  OR EXISTS (SELECT 1 FROM login_sessions l WHERE l.user_id = u.id AND l.revoked_at = 0 AND l.expires_at > $4))
  AS has_something
FROM users u WHERE u.password_set_at <= $1 AND u.password_set_at >= $2 AND (u.password_set_at, u.id) > ($2, $3)
ORDER BY u.password_set_at, u.id LIMIT $5`

// endOfOldPassword ends what a user was issued, beside the login sessions; $2 is now.
var endOfOldPassword = []string{
	`UPDATE codes SET revoked_at = $2 WHERE user_id = $1 AND used_at = 0 AND revoked_at = 0`,
	`UPDATE grants SET revoked_at = $2 WHERE user_id = $1 AND revoked_at = 0
AND NOT EXISTS (SELECT 1 FROM access_tokens t WHERE t.grant_id = grants.id AND t.kind IN ` + keptKinds + `)`,
	`UPDATE access_tokens SET expires_at = $2 WHERE user_id = $1 AND expires_at > $2 AND kind NOT IN ` + keptKinds,
}

// OldPasswords says whose tokens and sessions end.
type OldPasswords struct {
	SetBefore time.Time // passwords that were set in this second or earlier
	Batch     int       // users that one statement looks at
	// Budget is for how long users are looked at; 0: until all were.
	Budget time.Duration
	// After is where the run before has stopped; nil to begin with the oldest password.
	After *PasswordPosition
}

// PasswordPosition is a user's place in the order of the ages of passwords.
type PasswordPosition struct {
	UserID        string
	PasswordSetAt time.Time
}

type oldPasswordRow struct {
	UserID        string  `db:"id"`
	PasswordSetAt seconds `db:"password_set_at"`
	HasSomething  bool    `db:"has_something"`
}

// mostFailedUsers is after how many users whose tokens could not be ended a run gives up.
const mostFailedUsers = 10

// EndOldPasswords ends the tokens and sessions of users whose password is too old, and says how many users had some
// (contract section 8.1, token_expiration). It returns where it stopped for want of time, nil at the end. A user who
// fails does not keep the others from their turn. Two at once do no harm.
func (s *userStore) EndOldPasswords(
	ctx context.Context,
	o OldPasswords,
) (users int64, stopped *PasswordPosition, err error) {
	if o.Batch <= 0 {
		return 0, nil, fmt.Errorf("storage: old passwords in batches of %d: want one user or more", o.Batch)
	}
	last := PasswordPosition{UserID: "00000000-0000-0000-0000-000000000000"}
	if o.After != nil {
		last = *o.After
	}
	var failures []error
	budget := s.spend(o.Budget)
	for {
		var rows []oldPasswordRow
		err := s.selectAll(ctx, &rows, usersOfOldPasswords, toSeconds(o.SetBefore), toSeconds(last.PasswordSetAt),
			last.UserID, s.nowSeconds(),
			o.Batch)
		if err != nil {
			return users, &last, errors.Join(append(failures, err)...)
		}
		for _, row := range rows {
			last = PasswordPosition{UserID: row.UserID, PasswordSetAt: row.PasswordSetAt.time()}
			if !row.HasSomething {
				continue
			}
			if err := s.endOldPassword(ctx, row.UserID); err != nil {
				failures = append(failures, fmt.Errorf("storage: old password of user %s: %w", row.UserID, err))
				if ctx.Err() != nil || len(failures) == mostFailedUsers {
					return users, &last, errors.Join(failures...)
				}
				continue
			}
			users++
		}
		if len(rows) < o.Batch {
			return users, nil, errors.Join(failures...)
		}
		if budget.isSpent() {
			return users, &last, errors.Join(failures...)
		}
	}
}

func (s *userStore) endOldPassword(ctx context.Context, userID string) error {
	return s.transaction(ctx, func(tx *sqlx.Tx) error {
		if _, err := s.sessions.endSessions(ctx, tx, sessionsOfUser, userID); err != nil {
			return err
		}
		for _, query := range endOfOldPassword {
			if err := write(ctx, tx, query, userID, s.nowSeconds()); err != nil {
				return err
			}
		}
		return nil
	})
}
