package server

import (
	"context"
	"fmt"
	"log/slog"

	"ithildin/cmd/ithildin/internal/config"
	"ithildin/cmd/ithildin/internal/database"
	"ithildin/cmd/ithildin/internal/telemetry"
	"ithildin/migrations"
	"ithildin/storage"
)

// openServing opens the database of a server, migrates it where it is SQLite, and returns an error where its schema
// is old or it belongs to another server.
func openServing(
	ctx context.Context, s *config.Settings, sender *telemetry.Telemetry, logger *slog.Logger,
) (*storage.Store, error) {
	store, err := database.Open(s.Database, func(o *storage.Options) {
		o.EventLifetimes, o.Tracing = s.Janitor.AuditRetention, sender.TracerProvider()
		o.Replica = s.Replica
	})
	if err != nil {
		return nil, err
	}
	err = prepareDatabase(ctx, s, store, logger)
	if err == nil {
		err = checkIssuer(ctx, s, store)
	}
	if err != nil {
		_ = store.Close() // the cause is err
		return nil, err
	}
	return store, nil
}

func prepareDatabase(ctx context.Context, s *config.Settings, store *storage.Store, logger *slog.Logger) error {
	if store.IsPostgreSQL() {
		if err := awaitDatabase(ctx, store, logger, databaseTimeout); err != nil {
			return err
		}
		if err := database.RefusePending(ctx, store); err != nil {
			return err
		}
		return checkDevelopmentMark(ctx, s, store, func() (bool, error) { return unused(ctx, store) })
	}
	if err := prepareSQLite(ctx, s, store); err != nil {
		return err
	}
	return warnOfReadableFiles(s, logger)
}

// warnOfReadableFiles warns of files that this program makes for its owner alone and that others can read.
func warnOfReadableFiles(s *config.Settings, logger *slog.Logger) error {
	paths, err := storage.FilesOthersRead(s.Database.URL)
	for _, path := range paths {
		logger.Warn("others can read a file of the database: chmod 600", "path", path)
	}
	return err
}

// prepareSQLite migrates, but never a database that belongs to the other kind of server.
func prepareSQLite(ctx context.Context, s *config.Settings, store *storage.Store) error {
	before, err := migrations.List(ctx, store.SQL(), migrations.SQLite)
	if err != nil {
		return fmt.Errorf("open %s: %w", s.Database.URL, err)
	}
	isNew := !before[0].Applied
	made := func() (bool, error) { return isNew, nil }
	if !isNew {
		if err := checkDevelopmentMark(ctx, s, store, made); err != nil {
			return err
		}
	}
	if _, err := migrations.Up(ctx, store.SQL(), migrations.SQLite); err != nil || !isNew {
		return err
	}
	return checkDevelopmentMark(ctx, s, store, made)
}
