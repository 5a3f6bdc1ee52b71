package server

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"ithildin/cmd/ithildin/internal/console"
	"ithildin/cmd/ithildin/internal/database"
	"ithildin/storage"
)

const (
	// databaseTimeout is how long serve waits for a database that starts beside it.
	databaseTimeout = 30 * time.Second
	// databaseInterval is the time between two tries.
	databaseInterval = time.Second
)

// awaitDatabase waits until a PostgreSQL server answers, which may start at the same time as this process. A server
// that refuses the connection, for example because of a wrong password, is not asked again.
func awaitDatabase(ctx context.Context, store *storage.Store, logger *slog.Logger, timeout time.Duration) error {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	for {
		err := store.SQL().PingContext(ctx)
		if err == nil {
			return nil
		}
		if storage.IsMisconfigured(err) {
			return database.ExplainRefused(err)
		}
		logger.Warn("the database does not answer yet", "cause", err)
		select {
		case <-ctx.Done():
			return console.WithHint("is it running, and is ITHILDIN_DATABASE_URL right?",
				fmt.Errorf("the database did not answer within %v: %w", timeout, err))
		case <-time.After(databaseInterval):
		}
	}
}
