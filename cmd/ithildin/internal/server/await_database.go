package server

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"ithildin/cmd/ithildin/internal/console"
	"ithildin/storage"
)

const (
	// databasePatience is how long serve waits for a database that starts beside it.
	databasePatience = 30 * time.Second
	// databasePause is the time between two tries.
	databasePause = time.Second
)

// awaitDatabase tries until a PostgreSQL server answers, which may be starting beside this process. One that refuses,
// as with a wrong password, is not asked again.
func awaitDatabase(ctx context.Context, store *storage.Store, logger *slog.Logger, patience time.Duration) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	for {
		err := store.SQL().PingContext(ctx)
		if err == nil {
			return nil
		}
		if storage.IsMisconfigured(err) {
			return console.WithHint("see the user, the password, the name and sslmode in ITHILDIN_DATABASE_URL",
				fmt.Errorf("the database refuses the connection: %w", err))
		}
		logger.Warn("the database does not answer yet", "cause", err)
		select {
		case <-ctx.Done():
			return console.WithHint("is it running, and is ITHILDIN_DATABASE_URL right?",
				fmt.Errorf("the database did not answer within %v: %w", patience, err))
		case <-time.After(databasePause):
		}
	}
}
