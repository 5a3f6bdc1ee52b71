//go:build unix

package storage_test

import (
	"context"
	"database/sql"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"ithildin/migrations"
	"ithildin/storage"
	"ithildin/storage/storagetest"
)

func TestSQLiteFilesAreReadableByTheirOwnerOnly(t *testing.T) {
	umask := syscall.Umask(0)
	defer syscall.Umask(umask)
	path := filepath.Join(t.TempDir(), "ithildin.db")
	store := storagetest.Open(t, "sqlite:"+path)
	_, err := migrations.Up(t.Context(), store.SQL(), migrations.SQLite)
	require.NoError(t, err)
	storagetest.User(t, store)
	for _, name := range []string{path, path + "-wal", path + "-shm"} {
		info, err := os.Stat(name)
		require.NoError(t, err)
		require.Equal(t, os.FileMode(0o600), info.Mode().Perm(), name)
	}
	readable, err := storage.FilesOthersRead("sqlite:" + path)
	require.NoError(t, err)
	require.Empty(t, readable)
}

func TestSQLiteFileReadableByOthersIsReported(t *testing.T) {
	path := filepath.Join(t.TempDir(), "ithildin.db")
	for _, name := range []string{path, path + "-wal"} {
		require.NoError(t, os.WriteFile(name, nil, 0o600))
	}
	require.NoError(t, os.Chmod(path+"-wal", 0o640))
	readable, err := storage.FilesOthersRead("sqlite:" + path)
	require.NoError(t, err)
	require.Equal(t, []string{path + "-wal"}, readable)
	readable, err = storage.FilesOthersRead("postgres://user@db/ithildin")
	require.NoError(t, err)
	require.Empty(t, readable)
}

func TestSQLiteWriteAheadLogIsTruncated(t *testing.T) {
	databaseURL := storagetest.Engines()[0].Create(t)
	path := strings.TrimPrefix(databaseURL, "sqlite:")
	store := storagetest.Open(t, databaseURL)
	size := func() int64 {
		info, err := os.Stat(path + "-wal")
		require.NoError(t, err)
		return info.Size()
	}
	write := func(megabytes int) {
		_, err := store.SQL().ExecContext(
			t.Context(),
			`INSERT INTO settings (name, value) VALUES ('large', hex(randomblob($1))) ON CONFLICT (name) DO UPDATE SET value `+
				`= excluded.value`,
			megabytes<<19,
		)
		require.NoError(t, err)
	}
	other, err := sql.Open("sqlite", "file:"+path)
	require.NoError(t, err)
	defer other.Close()
	reader, err := other.BeginTx(t.Context(), nil)
	require.NoError(t, err)
	var settings int
	require.NoError(t, reader.QueryRow(`SELECT count(*) FROM settings`).Scan(&settings))
	write(40)
	require.Greater(t, size(), int64(40<<20))
	require.NoError(t, store.TruncateLog(t.Context()), "while somebody reads, the log stays, and nobody waits")
	require.Greater(t, size(), int64(40<<20))
	require.NoError(t, reader.Rollback())

	t.Run("It is truncated when it starts again", func(t *testing.T) {
		write(1) // behind it the whole log is moved to the database
		write(1)
		require.LessOrEqual(t, size(), int64(8<<20))
	})
	t.Run("The janitor empties it", func(t *testing.T) {
		write(1)
		require.NoError(t, store.TruncateLog(context.WithoutCancel(t.Context())))
		require.Zero(t, size())
	})
}
