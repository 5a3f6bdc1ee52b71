package database

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"ithildin/cmd/ithildin/internal/config"
	"ithildin/cmd/ithildin/internal/console"
	"ithildin/migrations"
	"ithildin/storage"
	"ithildin/storage/seal"
)

// Open opens a database. It makes no connection to PostgreSQL yet; it makes the file of SQLite where there is none.
func Open(s config.Database, change ...func(*storage.Options)) (*storage.Store, error) {
	options := storage.Options{MaxConnections: s.Connections}
	for _, c := range change {
		c(&options)
	}
	if len(s.Secrets) > 0 {
		sealer, err := seal.New(s.Secrets...)
		if err != nil {
			return nil, &console.UsageError{Cause: err}
		}
		options.Sealer = sealer
	}
	return storage.Open(s.URL, options)
}

// EngineOf is the engine of a store, as migrations name it.
func EngineOf(store *storage.Store) migrations.Engine {
	if store.IsPostgreSQL() {
		return migrations.PostgreSQL
	}
	return migrations.SQLite
}

// WithStore runs a verb on a database that exists and is up to date.
func WithStore(ctx context.Context, f config.DatabaseFlags, work func(*storage.Store) error) error {
	s, err := config.LoadDatabase(f)
	if err != nil {
		return err
	}
	return withExisting(ctx, s, work)
}

// WithSealedStore is WithStore for a verb that reads what the master secrets seal.
func WithSealedStore(
	ctx context.Context, f config.DatabaseFlags, secrets config.SecretFlags, work func(*storage.Store) error,
) error {
	s, err := config.LoadSealedDatabase(f, secrets, true)
	if err != nil {
		return err
	}
	return withExisting(ctx, s, work)
}

// WithSealableStore is WithStore for a verb that needs the master secrets for some clients only: they may be absent.
func WithSealableStore(
	ctx context.Context, f config.DatabaseFlags, secrets config.SecretFlags, work func(*storage.Store) error,
) error {
	s, err := config.LoadSealedDatabase(f, secrets, false)
	if err != nil {
		return err
	}
	return withExisting(ctx, s, work)
}

func withExisting(ctx context.Context, s config.Database, work func(*storage.Store) error) error {
	if err := refuseMissing(s); err != nil {
		return err
	}
	store, err := Open(s)
	if err != nil {
		return err
	}
	defer store.Close()
	if err := RefusePending(ctx, store); err != nil {
		return err
	}
	return work(store)
}

// refuseMissing refuses a file of SQLite that is not there, which opening it would make.
func refuseMissing(s config.Database) error {
	if path, isSQLite := strings.CutPrefix(s.URL, "sqlite:"); isSQLite {
		if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
			return console.WithHint("ithildin migrate up makes it", fmt.Errorf("there is no database %s", path))
		}
	}
	return nil
}

// RefusePending refuses a database whose schema is older than this program.
func RefusePending(ctx context.Context, store *storage.Store) error {
	pending, err := migrations.Unapplied(ctx, store.SQL(), EngineOf(store))
	if err != nil {
		return err
	}
	if pending {
		return console.WithHint("run ithildin migrate up", errors.New("the database has pending migrations"))
	}
	return nil
}

// WithSchema runs a verb on a database whatever its schema, making the file of SQLite where there is none. No statement
// is cut off for its length: building an index takes what it takes.
func WithSchema(f config.DatabaseFlags, work func(*storage.Store) error) error {
	s, err := config.LoadDatabase(f)
	if err != nil {
		return err
	}
	return withAnySchema(s, work)
}

// WithOldSchema runs a verb on a database that exists, whatever its schema.
func WithOldSchema(f config.DatabaseFlags, work func(*storage.Store) error) error {
	s, err := config.LoadDatabase(f)
	if err != nil {
		return err
	}
	if err := refuseMissing(s); err != nil {
		return err
	}
	return withAnySchema(s, work)
}

func withAnySchema(s config.Database, work func(*storage.Store) error) error {
	store, err := Open(s,
		func(o *storage.Options) { o.StatementTimeout = storage.NoStatementTimeout })
	if err != nil {
		return err
	}
	defer store.Close()
	return work(store)
}

// ExplainRefused tells of a PostgreSQL that refuses the connection what to look at. Other errors stay as they are.
func ExplainRefused(err error) error {
	if !storage.IsMisconfigured(err) {
		return err
	}
	return console.WithHint("see the user, the password, the name and sslmode in ITHILDIN_DATABASE_URL; the user and the "+
		"database must be there already", fmt.Errorf("the database refuses the connection: %w", err))
}

// ExplainSealed adds a hint to the error of a master secret that does not open what the database holds sealed.
func ExplainSealed(err error) error {
	if errors.Is(err, seal.ErrSealed) {
		return console.WithHint("ITHILDIN_SECRET must have the master secret that this database "+
			"began with, or was resealed under; "+
			"that of a development server is in "+config.DevelopmentSecretFile, err)
	}
	return err
}

// Explain replaces two errors of the store by messages: what does not exist, and what exists already. It returns
// other errors as they are. subject is a noun phrase such as "user doctor@example.com".
func Explain(err error, subject string) error {
	switch {
	case errors.Is(err, storage.ErrNotFound):
		return fmt.Errorf("%s does not exist", subject)
	case errors.Is(err, storage.ErrConflict):
		return fmt.Errorf("%s exists already", subject)
	}
	return err
}
