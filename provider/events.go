package provider

import (
	"context"
	"log/slog"
	"time"

	"ithildin/storage"
)

const (
	eventBatch    = 200
	eventQueue    = 2000
	eventLifetime = 365 * 24 * 3600 // seconds that an audit event is kept
)

// events writes audit events that belong to no write in batches. A full queue blocks and drops nothing; a crash may lose
// the last second.
type events struct {
	store  *storage.Store
	logger *slog.Logger
	queue  chan storage.Event
	closed chan struct{}
}

func newEvents(store *storage.Store, logger *slog.Logger) *events {
	return &events{store: store, logger: logger, queue: make(chan storage.Event, eventQueue), closed: make(chan struct{})}
}

// queueEvent lets an audit event ride in the request's own write.
func (p *Provider) queueEvent(ctx context.Context, u *storage.UnitOfWork, e storage.Event) {
	u.QueueEvent(p.dated(ctx, e))
}

// recordEvent hands an audit event to the next batch.
func (p *Provider) recordEvent(ctx context.Context, e storage.Event) {
	select {
	case p.events.queue <- p.dated(ctx, e):
	case <-ctx.Done():
	}
}

func (p *Provider) dated(ctx context.Context, e storage.Event) storage.Event {
	e.ID, e.CreatedAt = p.store.NewID(), p.store.Now()
	e.ExpiresAt = e.CreatedAt + eventLifetime
	if id, ok := ctx.Value(requestIDKey{}).(string); ok {
		e.RequestID = id
	}
	return e
}

func (e *events) run(ctx context.Context) {
	ticker := time.NewTicker(time.Second)
	defer ticker.Stop()
	var batch []storage.Event
	for {
		select {
		case event := <-e.queue:
			if batch = append(batch, event); len(batch) >= eventBatch {
				batch = e.write(ctx, batch)
			}
		case <-ticker.C:
			batch = e.write(ctx, batch)
		case <-ctx.Done():
			e.drain(batch)
			close(e.closed)
			return
		}
	}
}

// write keeps the batch when the database is away: the queue then fills, and whoever adds to it waits.
func (e *events) write(ctx context.Context, batch []storage.Event) []storage.Event {
	if len(batch) == 0 {
		return batch
	}
	if err := e.store.RecordEvents(ctx, batch); err != nil {
		e.logger.LogAttrs(ctx, slog.LevelWarn, "audit events wait for the database", slog.String("cause", err.Error()),
			slog.Int("events", len(batch)))
		return batch
	}
	return batch[:0]
}

// drain writes what is left when the process ends.
func (e *events) drain(batch []storage.Event) {
	for len(e.queue) > 0 {
		batch = append(batch, <-e.queue)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	for len(batch) > 0 {
		part := batch[:min(len(batch), eventBatch)]
		if err := e.store.RecordEvents(ctx, part); err != nil {
			e.logger.LogAttrs(ctx, slog.LevelError, "audit events lost", slog.Int("events", len(batch)),
				slog.String("cause", err.Error()))
			return
		}
		batch = batch[len(part):]
	}
}

func (e *events) close() { <-e.closed }
