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

func openStore(databaseURL string, connections int, secrets [][]byte, change ...func(*storage.Options)) (*storage.Store, error) {
	options := storage.Options{MaxConnections: connections}
	for _, c := range change {
		c(&options)
	}
	if len(secrets) > 0 {
		sealer, err := storage.NewSealer(secrets...)
		if err != nil {
			return nil, &usageError{cause: err}
		}
		options.Sealer = sealer
	}
	return storage.Open(databaseURL, options)
}

func engineOf(store *storage.Store) migrations.Engine {
	if store.IsPostgreSQL() {
		return migrations.PostgreSQL
	}
	return migrations.SQLite
}

// withStore runs a verb on a database that exists and is up to date.
func (f databaseFlags) withStore(ctx context.Context, work func(*storage.Store) error) error {
	return f.withSecrets(ctx, func(*problems) [][]byte { return nil }, work)
}

// withSealedStore is withStore for a verb that reads what the master secrets seal.
func withSealedStore(ctx context.Context, f databaseFlags, s *secretFlags, work func(*storage.Store) error) error {
	return f.withSecrets(ctx, func(p *problems) [][]byte { return s.load(p, false) }, work)
}

// withSealableStore is withStore for a verb that needs the master secrets for some clients only: they may be absent.
func withSealableStore(ctx context.Context, f databaseFlags, s secretFlags, work func(*storage.Store) error) error {
	return f.withSecrets(ctx, func(p *problems) [][]byte { return s.load(p, true) }, work)
}

func (f databaseFlags) withSecrets(
	ctx context.Context, load func(*problems) [][]byte, work func(*storage.Store) error,
) error {
	var p problems
	databaseURL, connections := f.load(&p, false)
	secrets := load(&p)
	if err := p.err(); err != nil {
		return err
	}
	if path, lite := strings.CutPrefix(databaseURL, "sqlite:"); lite {
		if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
			return withHint("ithildin migrate up makes it", fmt.Errorf("there is no database %s", path))
		}
	}
	store, err := openStore(databaseURL, connections, secrets)
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
func (f databaseFlags) withSchema(work func(*storage.Store) error) error {
	var p problems
	databaseURL, connections := f.load(&p, false)
	if err := p.err(); err != nil {
		return err
	}
	store, err := openStore(databaseURL, connections, nil,
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
