package storagetest

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ithildin/storage"
)

// RunManyRows measures the lists of the admin API and the janitor on n rows in each table. A page is read within 100
// ms, and no statement of the janitor takes a second.
func RunManyRows(t *testing.T, engine Engine, n int) {
	few := Open(t, engine.Create(t))
	ManyRows(t, few, fewRows)
	databaseURL := engine.Create(t)
	filler := Open(t, databaseURL, func(o *storage.Options) { o.StatementTimeout = storage.NoStatementTimeout })
	ManyRows(t, filler, n)
	clock := NewClock()
	store := Open(t, databaseURL, At(clock), func(o *storage.Options) { o.StatementTimeout = time.Second })
	for name, list := range adminLists() {
		t.Run("The list of "+name, func(t *testing.T) { listIsFast(t, few, store, list) })
	}
	t.Run("Old passwords", func(t *testing.T) {
		old := min(n, 500_000)
		_, err := filler.SQL().ExecContext(t.Context(),
			`UPDATE users SET password = 'x', password_set_at = 1 WHERE id <= '`+UserNumber(old)+`'`)
		require.NoError(t, err)
		begin := time.Now()
		users, _, err := store.EndOldPasswords(t.Context(), storage.OldPasswords{SetBefore: time.Unix(2, 0), Batch: 500})
		require.NoError(t, err)
		t.Logf("the tokens of %d of %d users were ended in %v", users, old, time.Since(begin).Round(time.Millisecond))
	})
	t.Run("Sweep", func(t *testing.T) {
		begin := time.Now()
		deleted, err := store.Sweep(t.Context(),
			storage.Sweep{Batch: 500, TokenRetention: storage.TokenRetention, Budget: time.Minute})
		require.NoError(t, err)
		require.NotZero(t, deleted["grants"])
		t.Logf("%v were deleted in %v", deleted, time.Since(begin).Round(time.Millisecond))
	})
	t.Run("Deactivating the tokens of a client", func(t *testing.T) { deactivate(t, store) })
	t.Run("Pruning the audit of a rare kind", func(t *testing.T) {
		begin := time.Now()
		gone, err := store.PruneEvents(t.Context(), "rare", time.Unix(int64(n), 0), 500)
		require.NoError(t, err)
		require.EqualValues(t, n/1000, gone)
		t.Logf("%d were deleted in %v", gone, time.Since(begin).Round(time.Millisecond))
	})
}

// deactivate ends what a client with most of the rows has. The last batch is as fast as the first.
func deactivate(t *testing.T, store *storage.Store) {
	begin := time.Now()
	require.NoError(t, store.DeactivateTokens(t.Context(), "client0"))
	t.Logf("the tokens of a client were ended in %v", time.Since(begin).Round(time.Millisecond))
}

// fewRows are those of the database that the large one is compared with: enough for each page that is read.
const fewRows = 20_000

// listIsFast reads the first page, a later one by its number, and one by a cursor, of a database with few rows and of
// the store.
func listIsFast(t *testing.T, few, store *storage.Store, list listed) {
	ofFew, ofMany := timesOf(t, few, list), timesOf(t, store, list)
	t.Logf("first page, page 200 and by a cursor: %v; with %d rows %v", ofMany, fewRows, ofFew)
	for _, fastest := range ofMany {
		require.Less(t, fastest, 100*time.Millisecond)
	}
}

// timesOf are how long a list takes; of five times the fastest counts, for others use the machine too.
func timesOf(t *testing.T, store *storage.Store, list listed) (times []time.Duration) {
	var after string
	for _, p := range []storage.Page{{Number: 1, Size: 50}, {Number: 200, Size: 50}, {Size: 50,
		After: "the first page's"}} {
		if p.After != "" {
			if p.After = after; after == "" {
				continue
			}
		}
		fastest := time.Hour
		for range 5 {
			begin := time.Now()
			_, total, err := list.read(t.Context(), store, p)
			require.NoError(t, err)
			fastest = min(fastest, time.Since(begin))
			if p.Number == 1 {
				after = total.Next
			}
		}
		times = append(times, fastest.Round(10*time.Microsecond))
	}
	return times
}
