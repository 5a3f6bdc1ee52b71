package provider

import (
	"context"

	"ithildin/storage"
)

// eventLifetime is how long an audit event is kept, in seconds.
const eventLifetime = 365 * 24 * 3600

// queueEvent lets an audit event ride in the request's own write.
func (p *Provider) queueEvent(ctx context.Context, u *storage.UnitOfWork, e storage.Event) {
	u.QueueEvent(p.dated(ctx, e))
}

func (p *Provider) dated(ctx context.Context, e storage.Event) storage.Event {
	e.ID, e.CreatedAt = p.store.NewID(), p.store.Now()
	e.ExpiresAt = e.CreatedAt + eventLifetime
	if id, ok := ctx.Value(requestIDKey{}).(string); ok {
		e.RequestID = id
	}
	return e
}
