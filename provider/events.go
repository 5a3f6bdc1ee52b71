package provider

import (
	"context"

	"ithildin/provider/oauth"
	"ithildin/storage"
)

// queueEvent adds an audit event to what the request will write at once.
func queueEvent(ctx context.Context, batch *storage.Batch, e storage.Event) {
	batch.QueueEvent(oauth.IdentifyEvent(ctx, e))
}
