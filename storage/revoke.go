package storage

import (
	"context"
	"fmt"
	"math"
	"time"

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
	ofClient        = owner{theClient, 1}
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
		// Not >, by which SQLite would take the index of the client's tokens before that of the user's.
		`UPDATE access_tokens SET expires_at = `+at+` WHERE `+of.condition+` AND NOT expires_at <= `+at,
		withNow...)
}

const (
	// issuedAtOnce is how many rows of a client end together with the event of the audit. A client may have millions, and
	// a statement that takes longer than its time-out has no effect at all.
	issuedAtOnce = 5_000
	// slowestClock is how far the clock of a server may be behind: a code that expired before that is taken by none.
	slowestClock = 10 * time.Minute
)

// The writes of batches; $1 is now.
const (
	endGrants = `UPDATE grants SET revoked_at = $1 WHERE revoked_at = 0 AND id IN `
	endTokens = `UPDATE access_tokens SET expires_at = $1 WHERE expires_at > $1 AND id IN `
)

// revokeTokensOfClient is revokeTokensOf for a client, but for rows beyond the first issuedAtOnce of a kind:
// endRestOfClient ends those.
func (s *tokenStore) revokeTokensOfClient(ctx context.Context, tx *sqlx.Tx, clientID string) error {
	for _, query := range []string{
		// A code lives for an hour at most, but those that nobody exchanged stay for a month.
		fmt.Sprintf(`UPDATE codes SET revoked_at = $2
WHERE client_id = $1 AND used_at = 0 AND revoked_at = 0 AND expires_at > CAST($2 AS bigint) - %d`,
			int64(slowestClock/time.Second)),
		`UPDATE grants SET revoked_at = $2 WHERE revoked_at = 0 AND id IN (SELECT id FROM ` + liveGrantsOfClient + `)`,
		fmt.Sprintf(`UPDATE access_tokens SET expires_at = $2 WHERE expires_at > $2 AND id IN (
SELECT id FROM access_tokens WHERE %s AND expires_at > $2 ORDER BY expires_at LIMIT %d)`, theClient, issuedAtOnce),
	} {
		if err := write(ctx, tx, query, clientID, s.nowSeconds()); err != nil {
			return err
		}
	}
	return nil
}

// endRestOfClient ends the grants and access tokens of a client, batch by batch.
func (s *tokenStore) endRestOfClient(ctx context.Context, clientID string) error {
	now := s.nowSeconds()
	for _, w := range issuedToClient("grants", clientID, math.MinInt64) {
		if _, err := inBatches[string](ctx, s.database, w, "revoked_at = 0", endGrants, now); err != nil {
			return err
		}
	}
	return s.endTokensOfClient(ctx, clientID, "")
}

// endKeptOfClient ends the tokens of sign-ins with a client that are not complete, batch by batch.
func (s *tokenStore) endKeptOfClient(ctx context.Context, clientID string) error {
	return s.endTokensOfClient(ctx, clientID, "kind IN "+keptKinds)
}

func (s *tokenStore) endTokensOfClient(ctx context.Context, clientID, condition string) error {
	now := s.nowSeconds()
	for _, w := range issuedToClient("access_tokens", clientID, now+1) {
		if _, err := inBatches[[]byte](ctx, s.database, w, condition, endTokens, now); err != nil {
			return err
		}
	}
	return nil
}

// deleteTokensOfClient deletes the codes, grants and access tokens of a client, batch by batch.
func (s *tokenStore) deleteTokensOfClient(ctx context.Context, clientID string) error {
	for _, table := range []string{"codes", "grants", "access_tokens"} {
		remove := inBatches[[]byte]
		if table == "grants" {
			remove = inBatches[string]
		}
		for _, w := range issuedToClient(table, clientID, math.MinInt64) {
			if _, err := remove(ctx, s.database, w, "", `DELETE FROM `+table+` WHERE id IN `); err != nil {
				return err
			}
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
