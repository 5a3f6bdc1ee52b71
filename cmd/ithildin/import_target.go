package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"ithildin/cmd/ithildin/internal/config"
	"ithildin/cmd/ithildin/internal/console"
	"ithildin/cmd/ithildin/internal/database"
	"ithildin/migrations"
	"ithildin/storage"
)

// importCache is how much of a SQLite database an import keeps in memory, in bytes: tokens are found by hashes, which
// lie all over it.
const importCache = 176 << 20

// withTarget gives the database to work that fills it. A SQLite database that is not there yet is made; one of
// PostgreSQL must be up to date.
func (c *importMithrilCommand) withTarget(ctx context.Context, work func(*storage.Store) error) error {
	s, err := config.LoadSealedDatabase(c.DatabaseFlags, c.SecretFlags, true)
	if err != nil {
		return err
	}
	path, isSQLite := strings.CutPrefix(s.URL, "sqlite:")
	if _, err := os.Stat(path); isSQLite && errors.Is(err, fs.ErrNotExist) {
		return withNewTarget(ctx, s, path, work)
	}
	return withOpenTarget(ctx, s, work)
}

// withNewTarget fills a SQLite database under another name, without the indexes of its tokens, and gives it its own
// when the indexes are there: nobody opens a half of it, and the import takes half as long. After an error it has what
// was written until then.
func withNewTarget(ctx context.Context, s config.Database, path string, work func(*storage.Store) error) error {
	beside := path + ".import"
	file, err := os.OpenFile(beside, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return console.WithHint("delete it, and what has a name that begins so, if no import runs",
			fmt.Errorf("%s is there: another import is filling the new database, or one was interrupted", beside))
	} else if err != nil {
		return fmt.Errorf("open %s: %w", beside, err)
	}
	_ = file.Close() // nothing was written
	s.URL = "sqlite:" + beside
	worked := withOpenTarget(ctx, s, func(store *storage.Store) error {
		return store.WithoutTokenIndexes(ctx, func() error { return work(store) })
	})
	if err := os.Rename(beside, path); err != nil { // its log is gone: the store was closed
		return errors.Join(worked, fmt.Errorf("open %s: %w", path, err))
	}
	return worked
}

func withOpenTarget(ctx context.Context, s config.Database, work func(*storage.Store) error) error {
	store, err := database.Open(s, func(o *storage.Options) { o.SQLiteCache = importCache })
	if err != nil {
		return err
	}
	if !store.IsPostgreSQL() {
		if _, err := migrations.Up(ctx, store.SQL(), migrations.SQLite); err != nil {
			return errors.Join(fmt.Errorf("open %s: %w", s.URL, err), store.Close())
		}
	} else if err := database.RefusePending(ctx, store); err != nil {
		return errors.Join(err, store.Close())
	}
	return errors.Join(database.ExplainSealed(work(store)), store.Close())
}
