package server

import (
	"context"
	"log/slog"
	"time"

	"ithildin/storage"
)

// replicaNoticeInterval is how often the log says at the most that looks at the replica fail.
const replicaNoticeInterval = time.Minute

// replicaWatch looks at the replica. While a look fails the replica grows old and is not asked, which nobody notices
// but by the metrics and this log.
type replicaWatch struct {
	store   *storage.Store
	logger  *slog.Logger
	now     func() time.Time
	noticed time.Time
}

// look looks once. It is not for several goroutines.
func (w *replicaWatch) look(ctx context.Context) {
	err := w.store.LookAtReplica(ctx)
	if err == nil || ctx.Err() != nil {
		return
	}
	if now := w.now(); now.Sub(w.noticed) >= replicaNoticeInterval {
		w.noticed = now
		w.logger.Warn("looking at the replica failed, and the primary answers; the log says so once a minute", "cause", err)
	}
}
