package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"ithildin/migrations"
	"ithildin/storage"
)

// openStore opens a database. It makes no connection to PostgreSQL yet; it makes the file of SQLite where there is none.
func openStore(s databaseSettings, change ...func(*storage.Options)) (*storage.Store, error) {
	options := storage.Options{MaxConnections: s.connections}
	for _, c := range change {
		c(&options)
	}
	if len(s.secrets) > 0 {
		sealer, err := storage.NewSealer(s.secrets...)
		if err != nil {
			return nil, &usageError{cause: err}
		}
		options.Sealer = sealer
	}
	return storage.Open(s.url, options)
}

func engineOf(store *storage.Store) migrations.Engine {
	if store.IsPostgreSQL() {
		return migrations.PostgreSQL
	}
	return migrations.SQLite
}

// withStore runs a verb on a database that exists and is up to date.
func withStore(ctx context.Context, f databaseFlags, work func(*storage.Store) error) error {
	s, err := loadDatabase(f)
	if err != nil {
		return err
	}
	return withExisting(ctx, s, work)
}

// withSealedStore is withStore for a verb that reads what the master secrets seal.
func withSealedStore(ctx context.Context, f databaseFlags, secrets secretFlags, work func(*storage.Store) error) error {
	s, err := loadSealedDatabase(f, secrets, true)
	if err != nil {
		return err
	}
	return withExisting(ctx, s, work)
}

// withSealableStore is withStore for a verb that needs the master secrets for some clients only: they may be absent.
func withSealableStore(ctx context.Context, f databaseFlags, secrets secretFlags, work func(*storage.Store) error) error {
	s, err := loadSealedDatabase(f, secrets, false)
	if err != nil {
		return err
	}
	return withExisting(ctx, s, work)
}

func withExisting(ctx context.Context, s databaseSettings, work func(*storage.Store) error) error {
	if path, lite := strings.CutPrefix(s.url, "sqlite:"); lite {
		if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
			return withHint("ithildin migrate up makes it", fmt.Errorf("there is no database %s", path))
		}
	}
	store, err := openStore(s)
	if err != nil {
		return err
	}
	defer store.Close()
	if err := refusePending(ctx, store); err != nil {
		return err
	}
	return work(store)
}

// refusePending refuses a database whose schema is older than this program.
func refusePending(ctx context.Context, store *storage.Store) error {
	pending, err := migrations.Pending(ctx, store.SQL(), engineOf(store))
	if err != nil {
		return err
	}
	if pending {
		return withHint("run ithildin migrate up", errors.New("the database has pending migrations"))
	}
	return nil
}

// withSchema runs a verb on a database whatever its schema, making the file of SQLite where there is none. No statement
// is cut off for its length: building an index takes what it takes.
func withSchema(f databaseFlags, work func(*storage.Store) error) error {
	s, err := loadDatabase(f)
	if err != nil {
		return err
	}
	store, err := openStore(s,
		func(o *storage.Options) { o.StatementTimeout = storage.NoStatementTimeout })
	if err != nil {
		return err
	}
	defer store.Close()
	return work(store)
}

func explainSealed(err error) error {
	if errors.Is(err, storage.ErrSealed) {
		return withHint("ITHILDIN_SECRET must have the master secret that this database began with, or was resealed under; "+
			"that of a development server is in "+devSecretFile, err)
	}
	return err
}
