package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"strings"
	"time"

	"ithildin/migrations"
	"ithildin/storage"
)

const (
	// databasePatience is how long serve waits for a database that starts beside it.
	databasePatience = 30 * time.Second
	// databasePause is the time between two tries.
	databasePause = time.Second
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

// awaitDatabase tries until a PostgreSQL server answers, which may be starting beside this process. One that refuses, as with a
// wrong password, is not asked again.
func awaitDatabase(ctx context.Context, store *storage.Store, logger *slog.Logger, patience time.Duration) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	for {
		err := store.SQL().PingContext(ctx)
		if err == nil {
			return nil
		}
		if storage.IsMisconfigured(err) {
			return withHint("see the user, the password, the name and sslmode in ITHILDIN_DATABASE_URL",
				fmt.Errorf("the database refuses the connection: %w", err))
		}
		logger.Warn("the database does not answer yet", "cause", err)
		select {
		case <-ctx.Done():
			return withHint("is it running, and is ITHILDIN_DATABASE_URL right?",
				fmt.Errorf("the database did not answer within %v: %w", patience, err))
		case <-time.After(databasePause):
		}
	}
}
