package storage_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"ithildin/storage"
	"ithildin/storage/storagetest"
)

func TestAMigrationHasNoStatementTimeoutWhateverTheURLSays(t *testing.T) {
	databaseURL := storagetest.PostgreSQL().Create(t) + "&statement_timeout=100&lock_timeout=100"
	store := storagetest.Open(t, databaseURL, func(o *storage.Options) { o.StatementTimeout = storage.NoStatementTimeout })
	_, err := store.SQL().ExecContext(t.Context(), `SELECT pg_sleep(0.3)`)
	require.NoError(t, err)
	store = storagetest.Open(t, databaseURL)
	_, err = store.SQL().ExecContext(t.Context(), `SELECT pg_sleep(0.3)`)
	require.Error(t, err, "a server keeps to the URL")
}
