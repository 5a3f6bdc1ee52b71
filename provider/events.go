package provider

import (
	"context"

	"ithildin/provider/oauth"
	"ithildin/storage"
)

// queueEvent lets an audit event ride in the request's own write.
func (p *Provider) queueEvent(ctx context.Context, u *storage.UnitOfWork, e storage.Event) {
	u.QueueEvent(oauth.IdentifyEvent(ctx, e))
}
