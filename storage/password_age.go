package storage

import (
	"context"
	"fmt"
	"math"

	"github.com/jmoiron/sqlx"
)

// The kinds of tokens with which somebody changes an old password: they outlive it.
const keptKinds = `('` + KindTwoFactor + `', '` + KindChangePasswordToken + `')`

// usersOfOldPasswords walks along an index, to users who have something left to end. A password that was never set has no
// age.
const usersOfOldPasswords = `
SELECT u.id, u.password_set_at FROM users u
WHERE u.password_set_at <= $1 AND (u.password_set_at, u.id) > ($2, $3) AND u.password <> ''
AND (EXISTS (SELECT 1 FROM access_tokens t WHERE t.user_id = u.id AND t.expires_at > $4 AND t.kind NOT IN ` + keptKinds + `)
  OR EXISTS (SELECT 1 FROM grants g WHERE g.user_id = u.id AND g.revoked_at = 0 AND g.expires_at > $4
             AND NOT EXISTS (SELECT 1 FROM access_tokens t WHERE t.grant_id = g.id AND t.kind IN ` + keptKinds + `))
  OR EXISTS (SELECT 1 FROM codes c WHERE c.user_id = u.id AND c.used_at = 0 AND c.revoked_at = 0 AND c.expires_at > $4)
  OR EXISTS (SELECT 1 FROM login_sessions l WHERE l.user_id = u.id AND l.revoked_at = 0 AND l.expires_at > $4))
ORDER BY u.password_set_at, u.id LIMIT $5`

// endOfOldPassword ends what a user was issued, beside the login sessions; $2 is now.
var endOfOldPassword = []string{
	`UPDATE codes SET revoked_at = $2 WHERE user_id = $1 AND used_at = 0 AND revoked_at = 0`,
	`UPDATE grants SET revoked_at = $2 WHERE user_id = $1 AND revoked_at = 0
AND NOT EXISTS (SELECT 1 FROM access_tokens t WHERE t.grant_id = grants.id AND t.kind IN ` + keptKinds + `)`,
	`UPDATE access_tokens SET expires_at = $2 WHERE user_id = $1 AND expires_at > $2 AND kind NOT IN ` + keptKinds,
}

// EndOldPasswords ends the tokens and sessions of users whose password was set at setBefore (epoch seconds) or earlier, in
// batches of users, and says how many users that was (contract section 8.1, token_expiration). Two at once do no harm.
func (s *Store) EndOldPasswords(ctx context.Context, setBefore int64, batch int) (users int64, err error) {
	if batch <= 0 {
		return 0, fmt.Errorf("storage: old passwords in batches of %d: want one user or more", batch)
	}
	type user struct {
		ID            string `db:"id"`
		PasswordSetAt int64  `db:"password_set_at"`
	}
	last := user{ID: "00000000-0000-0000-0000-000000000000", PasswordSetAt: math.MinInt64}
	for {
		var rows []user
		err := s.selectAll(ctx, &rows, usersOfOldPasswords, setBefore, last.PasswordSetAt, last.ID, s.Now(), batch)
		if err != nil {
			return users, err
		}
		for _, row := range rows {
			err := s.transaction(ctx, func(tx *sqlx.Tx) error {
				if _, err := s.endSessions(ctx, tx, sessionsOfUser, row.ID); err != nil {
					return err
				}
				for _, query := range endOfOldPassword {
					if err := write(ctx, tx, query, row.ID, s.Now()); err != nil {
						return err
					}
				}
				return nil
			})
			if err != nil {
				return users, err
			}
			users++
			last = row
		}
		if len(rows) < batch {
			return users, nil
		}
	}
}
