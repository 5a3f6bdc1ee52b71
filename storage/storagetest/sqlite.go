package storagetest

import (
	"context"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"ithildin/migrations"
	"ithildin/storage"
)

// migratedFile is an empty SQLite database, made once for all tests of a process.
var migratedFile = sync.OnceValues(func() ([]byte, error) {
	directory, err := os.MkdirTemp("", "ithildin")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(directory)
	path := filepath.Join(directory, "ithildin.db")
	store, err := storage.Open("sqlite:"+path, storage.Options{})
	if err != nil {
		return nil, err
	}
	_, err = migrations.Up(context.Background(), store.SQL(), migrations.SQLite)
	if closed := store.Close(); err == nil { // closing moves the write-ahead log to the file
		err = closed
	}
	if err != nil {
		return nil, err
	}
	return os.ReadFile(path)
})

func createSQLite(t testing.TB) string {
	t.Helper()
	content, err := migratedFile()
	require.NoError(t, err)
	path := filepath.Join(t.TempDir(), "ithildin.db")
	require.NoError(t, os.WriteFile(path, content, 0o600))
	return "sqlite:" + path
}
