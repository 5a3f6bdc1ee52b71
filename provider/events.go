package provider

import (
	"context"

	"ithildin/storage"
)

// queueEvent lets an audit event ride in the request's own write.
func (p *Provider) queueEvent(ctx context.Context, u *storage.UnitOfWork, e storage.Event) {
	u.QueueEvent(Identified(ctx, e))
}

// Identified adds the id of the request that a context is of and, where an administrator makes it, who that is.
func Identified(ctx context.Context, e storage.Event) storage.Event {
	e.RequestID = requestFrom(ctx).id
	return storage.ByActor(ctx, e)
}
