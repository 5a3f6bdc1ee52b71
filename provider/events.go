package provider

import (
	"context"

	"ithildin/storage"
)

// queueEvent lets an audit event ride in the request's own write.
func (p *Provider) queueEvent(ctx context.Context, u *storage.UnitOfWork, e storage.Event) {
	u.QueueEvent(identified(ctx, e))
}

// identified adds the id of the request and, where an administrator makes it, who that is.
func identified(ctx context.Context, e storage.Event) storage.Event {
	e.RequestID, _ = ctx.Value(requestIDKey{}).(string)
	return storage.ByActor(ctx, e)
}
