package storage

import (
	"context"
	"slices"
	"time"

	"github.com/jmoiron/sqlx"
)

// RateCount is how many requests of a subject, by a keyed hash, one process has taken under a limit.
type RateCount struct {
	Limit   string `db:"limit_name"`
	Subject []byte `db:"subject"`
	Holder  string `db:"holder"` // the process, a UUID
	Taken   int64  `db:"taken"`  // since its allowance was last whole there
}

// rateCountsAtOnce are in one statement.
const rateCountsAtOnce = 100

// StoreRateCounts stores counts in the place of those that the same process stored before, for a lifetime. None is no
// write.
func (s *rateStore) StoreRateCounts(ctx context.Context, counts []RateCount, lifetime time.Duration) error {
	if len(counts) == 0 {
		return nil
	}
	now, end := s.nowSeconds(), toSeconds(s.Now().Add(lifetime))
	return s.transaction(ctx, func(tx *sqlx.Tx) error {
		for chunk := range slices.Chunk(counts, rateCountsAtOnce) {
			var args []any
			for _, c := range chunk {
				args = append(args, c.Limit, c.Subject, c.Holder, c.Taken, now, end)
			}
			_, err := tx.ExecContext(ctx, `
INSERT INTO rate_counts (limit_name, subject, holder, taken, counted_at, expires_at)
VALUES `+rowPlaceholders(len(chunk), 6)+`
ON CONFLICT (limit_name, subject, holder) DO UPDATE SET taken = excluded.taken, counted_at = excluded.counted_at,
    expires_at = excluded.expires_at`, args...)
			if err != nil {
				return err
			}
		}
		return nil
	})
}

// RateCountsOfOthers are the latest counts of other processes than holder since a time, so many at most.
func (s *rateStore) RateCountsOfOthers(
	ctx context.Context, holder string, since time.Time, most int,
) (counts []RateCount, err error) {
	err = s.selectAll(ctx, &counts, `
SELECT limit_name, subject, holder, taken FROM rate_counts WHERE counted_at >= $1 AND holder <> $2
ORDER BY counted_at DESC LIMIT $3`, toSeconds(since), holder, most)
	return counts, err
}
