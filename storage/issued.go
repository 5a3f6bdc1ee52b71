package storage

import (
	"context"
	"fmt"

	"github.com/jmoiron/sqlx"
)

// owner says whose codes, grants and access tokens are meant: the condition on its columns, with its number of arguments.
type owner struct {
	condition string
	arguments int
}

var (
	ofUser          = owner{`user_id = $1`, 1}
	ofClient        = owner{`client_id = $1`, 1}
	ofUserAndClient = owner{`user_id = $1 AND client_id = $2`, 2}
)

// endIssued revokes the unused codes and the grants of an owner and expires the access tokens, whose rows stay so that a
// question about them is answered by "expired". In that order: an exchange that has won its code by then has committed the
// grant and tokens that the next statements end, and one that has not finds its code revoked, whatever its clock says.
func (s *Store) endIssued(ctx context.Context, tx *sqlx.Tx, of owner, args ...any) error {
	now := s.Now()
	withNow := append(args[:len(args):len(args)], now)
	at := fmt.Sprintf("$%d", of.arguments+1)
	err := write(ctx, tx,
		`UPDATE codes SET revoked_at = `+at+` WHERE `+of.condition+` AND used_at = 0 AND revoked_at = 0`, withNow...)
	if err != nil {
		return err
	}
	err = write(ctx, tx, `UPDATE grants SET revoked_at = `+at+` WHERE `+of.condition+` AND revoked_at = 0`, withNow...)
	if err != nil {
		return err
	}
	return write(ctx, tx, `UPDATE access_tokens SET expires_at = `+at+` WHERE `+of.condition+` AND expires_at > `+at, withNow...)
}

// deleteIssued removes the rows that no foreign key removes with their owner; the order is endIssued's.
func deleteIssued(ctx context.Context, tx *sqlx.Tx, of owner, args ...any) error {
	for _, table := range []string{"codes", "grants", "access_tokens"} {
		if err := write(ctx, tx, `DELETE FROM `+table+` WHERE `+of.condition, args...); err != nil {
			return err
		}
	}
	return nil
}
