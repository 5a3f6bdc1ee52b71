package storagetest

import (
	_ "embed" // the rows
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ithildin/storage"
)

//go:embed country.sql
var country string

// Country fills a database of PostgreSQL with what a country may have: 100,000 users, 10,000 clients, and what is
// issued to them. User i is UserNumber(i), with the address olena.koval.i@clinic-(i modulo 5000).example; client i is
// client-i.
func Country(t testing.TB, databaseURL string) {
	t.Helper()
	store := Open(t, databaseURL, func(o *storage.Options) { o.StatementTimeout = storage.NoStatementTimeout })
	for _, statements := range []string{country, `VACUUM ANALYZE`} {
		_, err := store.SQL().ExecContext(t.Context(), statements)
		require.NoError(t, err)
	}
}

// Slowest is how long a list may take with the rows of Country.
const Slowest = 100 * time.Millisecond

// Fast makes a request five times and fails the test if even the least time is Slowest or more: others use the machine
// too.
func Fast(t *testing.T, what string, request func()) {
	t.Helper()
	least := time.Hour
	for range 5 {
		begin := time.Now()
		request()
		least = min(least, time.Since(begin))
	}
	t.Logf("%6.1f ms  %s", float64(least.Microseconds())/1000, what)
	if least >= Slowest {
		t.Errorf("%s takes %v", what, least)
	}
}
