package storage

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"strings"

	"github.com/jmoiron/sqlx"
	_ "modernc.org/sqlite" // the SQLite driver, in Go, so that the binary stays static
)

// longestSQLiteLog is to what SQLite cuts its write-ahead log back, in bytes, when it begins it anew.
const longestSQLiteLog = 8 << 20

// sqliteBusyTimeout is how long a statement waits for the lock of another process, in milliseconds.
const sqliteBusyTimeout = 5000

// openSQLite opens one writer and a pool of readers: SQLite has one writer at a time in any case, and waiting for it in
// Go costs nothing, while waiting in the busy handler sleeps.
func (d *database) openSQLite(path string, o Options) error {
	pragmas := url.Values{"_pragma": {
		"journal_mode(WAL)", "synchronous(FULL)", "foreign_keys(1)", "cache_size(-4000)",
		fmt.Sprintf("busy_timeout(%d)", sqliteBusyTimeout), fmt.Sprintf("journal_size_limit(%d)", longestSQLiteLog),
	}}
	dsn := "file:" + (&url.URL{Path: path}).EscapedPath() + "?" + pragmas.Encode()
	writerDSN := dsn + "&_txlock=immediate"
	if o.SQLiteCache > 0 {
		writerDSN += "&" + url.Values{"_pragma": {
			fmt.Sprintf("cache_size(-%d)", o.SQLiteCache>>10), fmt.Sprintf("wal_autocheckpoint(%d)", o.SQLiteCache>>13),
		}}.Encode()
	}
	makePrivate(path)
	write, err := o.openFile(writerDSN)
	if err != nil {
		return fmt.Errorf("storage: open: %w", err)
	}
	read, err := o.openFile(dsn)
	if err != nil {
		return fmt.Errorf("storage: open: %w", err)
	}
	writer, reader := sqlx.NewDb(write, "sqlite"), sqlx.NewDb(read, "sqlite")
	writer.SetMaxOpenConns(1)
	readers := min(o.MaxConnections, 8)
	reader.SetMaxOpenConns(readers)
	reader.SetMaxIdleConns(readers)
	d.writer, d.reader = newPool(writer, true), newPool(reader, true)
	d.commits = &commitGroup{writer: d.writer}
	return nil
}

// makePrivate makes the file of a new SQLite database, so that it is the owner's alone from its first byte; SQLite
// gives its log and its index of the log the same mode. A file that is there keeps its mode. What prevents the file
// from being made is SQLite's to report.
func makePrivate(path string) {
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err == nil {
		_ = file.Close() // nothing was written
	}
}

// FilesOthersRead returns the files of a SQLite database that not only their owner can read; none for PostgreSQL. The
// database holds hashes of passwords, tax numbers and phone numbers, and sealed keys.
func FilesOthersRead(databaseURL string) (paths []string, err error) {
	path, lite := strings.CutPrefix(databaseURL, "sqlite:")
	if !lite {
		return nil, nil
	}
	for _, name := range []string{path, path + "-wal", path + "-shm"} {
		info, err := os.Stat(name)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, err
		}
		if info.Mode().Perm()&0o077 != 0 {
			paths = append(paths, name)
		}
	}
	return paths, nil
}

// ErrNotSQLite says that a database is no file that could be copied.
var ErrNotSQLite = errors.New("storage: the database is not of SQLite")

// CopyTo writes the SQLite database, as it is at one moment, to a new file that is its owner's alone. Servers may write
// meanwhile. The file is complete when CopyTo returns nil, and is removed otherwise. Errors: ErrNotSQLite; fs.ErrExist:
// there is such a file, which stays as it is.
func (s *Store) CopyTo(ctx context.Context, path string) (err error) {
	if s.IsPostgreSQL() {
		return ErrNotSQLite
	}
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	defer func() {
		if err = errors.Join(err, file.Close()); err != nil {
			err = errors.Join(err, os.Remove(path))
		}
	}()
	if _, err := s.reader.DB.ExecContext(ctx, `VACUUM INTO $1`, path); err != nil {
		return classify(err)
	}
	return file.Sync()
}

// TruncateLog writes SQLite's write-ahead log to the database and empties it, unless somebody reads at that moment. On
// PostgreSQL it does nothing.
func (d *database) TruncateLog(ctx context.Context) (err error) {
	if d.IsPostgreSQL() {
		return nil
	}
	conn, err := d.writer.Conn(ctx)
	if err != nil {
		return classify(err)
	}
	defer conn.Close()
	defer func() {
		err = errors.Join(err, setBusyTimeout(context.WithoutCancel(ctx), conn, sqliteBusyTimeout))
	}()
	// Whoever waited for readers here would let every writer wait too.
	if err := setBusyTimeout(ctx, conn, 0); err != nil {
		return err
	}
	var busy, logged, moved int
	return classify(conn.QueryRowContext(ctx, `PRAGMA wal_checkpoint(TRUNCATE)`).Scan(&busy, &logged, &moved))
}

func setBusyTimeout(ctx context.Context, conn *sql.Conn, milliseconds int) error {
	_, err := conn.ExecContext(ctx, fmt.Sprintf(`PRAGMA busy_timeout = %d`, milliseconds))
	return classify(err)
}
