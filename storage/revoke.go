package storage

import (
	"context"
	"fmt"
	"slices"
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

const (
	// issuedAtOnce is how many rows of a client end together with the event of the audit. A client may have millions, and
	// a statement that takes longer than its time-out has no effect at all.
	issuedAtOnce = 5_000
	// idsAtOnce is how many ids of rows one statement lists. To find those that are left it passes over all that are
	// ended already, of the client or, where that is cheaper, of the table. So one list serves many batches.
	idsAtOnce = 100_000
	// batchOfIDs is how many rows one statement ends or deletes by their ids.
	batchOfIDs = 500
	// slowestClock is how far the clock of a server may be behind: a code that expired before that is taken by none.
	slowestClock = 10 * time.Minute
)

// The rows that were issued to a client ($1); $2 is now.
const (
	liveGrantsOfClient = `SELECT id FROM grants WHERE client_id = $1 AND revoked_at = 0`
	liveTokensOfClient = `SELECT id FROM access_tokens WHERE client_id = $1 AND expires_at > $2`
	liveKeptOfClient   = liveTokensOfClient + ` AND kind IN ` + keptKinds

	endGrants = `UPDATE grants SET revoked_at = $1 WHERE revoked_at = 0 AND id IN `
	endTokens = `UPDATE access_tokens SET expires_at = $1 WHERE expires_at > $1 AND id IN `
)

// revokeTokensOfClient is revokeTokensOf for a client, but for rows beyond the first issuedAtOnce of a kind:
// endRestOfClient ends those.
func (s *tokenStore) revokeTokensOfClient(ctx context.Context, tx *sqlx.Tx, clientID string) error {
	for _, query := range []string{
		// A code lives for an hour at most, but those that nobody exchanged stay for a month.
		fmt.Sprintf(`UPDATE codes SET revoked_at = $2
WHERE client_id = $1 AND used_at = 0 AND revoked_at = 0 AND expires_at > $2 - %d`, int64(slowestClock/time.Second)),
		fmt.Sprintf(`UPDATE grants SET revoked_at = $2 WHERE revoked_at = 0 AND id IN (%s LIMIT %d)`,
			liveGrantsOfClient, issuedAtOnce),
		fmt.Sprintf(`UPDATE access_tokens SET expires_at = $2 WHERE expires_at > $2 AND id IN (%s LIMIT %d)`,
			liveTokensOfClient, issuedAtOnce),
	} {
		if err := write(ctx, tx, query, clientID, s.nowSeconds()); err != nil {
			return err
		}
	}
	return nil
}

// inBatches lists the ids of rows and runs a write for batches of them, until none are left. It returns how many rows
// it wrote. The write ends with IN; the ids come behind its own arguments. Each batch is kept by itself, so that what
// was cut short is gone on with where it is begun again.
func inBatches[ID string | []byte](ctx context.Context, d *database, list string, listed []any, write string,
	written ...any,
) (total int64, err error) {
	query := write + `(` + placeholders(len(written)+1, batchOfIDs) + `)`
	for {
		var ids []ID
		err := d.selectAll(ctx, &ids, fmt.Sprintf(`%s LIMIT %d`, list, idsAtOnce), listed...)
		if err != nil {
			return total, err
		}
		for batch := range slices.Chunk(ids, batchOfIDs) {
			args := slices.Clone(written)
			for n := range batchOfIDs { // the last batch is filled up with its last id: one text is prepared once
				args = append(args, batch[min(n, len(batch)-1)])
			}
			n, err := d.exec(ctx, query, args...)
			if err != nil {
				return total, err
			}
			total += n
		}
		if len(ids) < idsAtOnce {
			return total, nil
		}
	}
}

// endRestOfClient ends the grants and access tokens of a client, batch by batch.
func (s *tokenStore) endRestOfClient(ctx context.Context, clientID string) error {
	now := s.nowSeconds()
	_, err := inBatches[string](ctx, s.database, liveGrantsOfClient, []any{clientID}, endGrants, now)
	if err != nil {
		return err
	}
	_, err = inBatches[[]byte](ctx, s.database, liveTokensOfClient, []any{clientID, now}, endTokens, now)
	return err
}

// endKeptOfClient ends the tokens of sign-ins with a client that are not complete, batch by batch.
func (s *tokenStore) endKeptOfClient(ctx context.Context, clientID string) error {
	now := s.nowSeconds()
	_, err := inBatches[[]byte](ctx, s.database, liveKeptOfClient, []any{clientID, now}, endTokens, now)
	return err
}

// deleteTokensOfClient deletes the codes, grants and access tokens of a client, batch by batch.
func (s *tokenStore) deleteTokensOfClient(ctx context.Context, clientID string) error {
	const list, remove = `SELECT id FROM %s WHERE client_id = $1`, `DELETE FROM %s WHERE id IN `
	args := []any{clientID}
	_, err := inBatches[[]byte](ctx, s.database, fmt.Sprintf(list, "codes"), args, fmt.Sprintf(remove, "codes"))
	if err != nil {
		return err
	}
	_, err = inBatches[string](ctx, s.database, fmt.Sprintf(list, "grants"), args, fmt.Sprintf(remove, "grants"))
	if err != nil {
		return err
	}
	_, err = inBatches[[]byte](ctx, s.database, fmt.Sprintf(list, "access_tokens"), args,
		fmt.Sprintf(remove, "access_tokens"))
	return err
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
