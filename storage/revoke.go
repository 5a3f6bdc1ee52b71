package storage

import (
	"context"
	"fmt"

	"github.com/jmoiron/sqlx"
)

// owner says whose codes, grants and access tokens are meant: the condition on its columns, with its number of
// arguments.
type owner struct {
	condition string
	arguments int
}

var (
	ofUser          = owner{`user_id = $1`, 1}
	ofClient        = owner{`client_id = $1`, 1}
	ofUserAndClient = owner{`user_id = $1 AND client_id = $2`, 2}
)

// revokeTokensOf revokes the unused codes and the grants of an owner and expires the access tokens, whose rows stay so
// that a question about them is answered by "expired". In that order: an exchange that has won its code by then has
// committed the grant and tokens that the next statements end, and one that has not finds its code revoked, whatever
// its clock says.
func (s *tokenStore) revokeTokensOf(ctx context.Context, tx *sqlx.Tx, of owner, args ...any) error {
	now := s.nowSeconds()
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
	return write(
		ctx,
		tx,
		`UPDATE access_tokens SET expires_at = `+at+` WHERE `+of.condition+` AND expires_at > `+at,
		withNow...)
}

// issuedAtOnce is how many rows of a client one statement ends or deletes. A client may have millions, and a statement
// that takes longer than its time-out has no effect at all.
const issuedAtOnce = 5_000

// The rows that were issued to a client, at most issuedAtOnce of them.
var (
	liveGrantsOfClient = fmt.Sprintf(`SELECT id FROM grants WHERE client_id = $1 AND revoked_at = 0 LIMIT %d`,
		issuedAtOnce)
	liveTokensOfClient = fmt.Sprintf(`SELECT id FROM access_tokens WHERE client_id = $1 AND expires_at > $2 LIMIT %d`,
		issuedAtOnce)
	liveKeptOfClient = fmt.Sprintf(
		`SELECT id FROM access_tokens WHERE client_id = $1 AND expires_at > $2 AND kind IN %s LIMIT %d`,
		keptKinds,
		issuedAtOnce,
	)

	endGrantsOfClient = `UPDATE grants SET revoked_at = $2 WHERE revoked_at = 0 AND id IN (` + liveGrantsOfClient + `)`
	endTokensOfClient = `UPDATE access_tokens SET expires_at = $2 WHERE expires_at > $2 AND id IN (` +
		liveTokensOfClient + `)`
	endKeptOfClient = `UPDATE access_tokens SET expires_at = $2 WHERE expires_at > $2 AND id IN (` +
		liveKeptOfClient + `)`
)

// revokeTokensOfClient is revokeTokensOf for a client, but for rows beyond the first issuedAtOnce of a kind:
// endRestOfClient ends those.
func (s *tokenStore) revokeTokensOfClient(ctx context.Context, tx *sqlx.Tx, clientID string) error {
	for _, query := range []string{
		`UPDATE codes SET revoked_at = $2 WHERE client_id = $1 AND used_at = 0 AND revoked_at = 0`,
		endGrantsOfClient, endTokensOfClient,
	} {
		if err := write(ctx, tx, query, clientID, s.nowSeconds()); err != nil {
			return err
		}
	}
	return nil
}

// inBatches runs a write of a bounded number of rows until there are none left. Each is kept by itself, so that what
// was cut short is gone on with where it is begun again.
func (d *database) inBatches(ctx context.Context, query string, args ...any) error {
	for {
		n, err := d.exec(ctx, query, args...)
		if err != nil || n == 0 {
			return err
		}
	}
}

// endRestOfClient ends the grants and access tokens of a client, batch by batch.
func (s *tokenStore) endRestOfClient(ctx context.Context, clientID string) error {
	for _, query := range []string{endGrantsOfClient, endTokensOfClient} {
		if err := s.inBatches(ctx, query, clientID, s.nowSeconds()); err != nil {
			return err
		}
	}
	return nil
}

// deleteTokensOfClient deletes the codes, grants and access tokens of a client, batch by batch.
func (s *tokenStore) deleteTokensOfClient(ctx context.Context, clientID string) error {
	for _, table := range []string{"codes", "grants", "access_tokens"} {
		err := s.inBatches(
			ctx,
			fmt.Sprintf(`DELETE FROM %[1]s WHERE id IN (SELECT id FROM %[1]s WHERE client_id = $1 LIMIT %[2]d)`,
				table, issuedAtOnce),
			clientID,
		)
		if err != nil {
			return err
		}
	}
	return nil
}

// deleteTokensOf removes the rows that no foreign key removes with their owner; the order is revokeTokensOf's.
func deleteTokensOf(ctx context.Context, tx *sqlx.Tx, of owner, args ...any) error {
	for _, table := range []string{"codes", "grants", "access_tokens"} {
		if err := write(ctx, tx, `DELETE FROM `+table+` WHERE `+of.condition, args...); err != nil {
			return err
		}
	}
	return nil
}
