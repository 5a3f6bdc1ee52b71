package provider

import (
	"context"

	"ithildin/provider/oauth"
	"ithildin/storage"
)

// queueEvent adds an audit event to what the request will write at once.
func queueEvent(ctx context.Context, u *storage.UnitOfWork, e storage.Event) {
	u.QueueEvent(oauth.IdentifyEvent(ctx, e))
}
