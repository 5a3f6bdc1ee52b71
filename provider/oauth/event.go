package oauth

import (
	"context"

	"ithildin/provider/inbound"
	"ithildin/storage"
)

// IdentifyEvent adds the id of the request that a context is of and, where an administrator makes it, who that is.
func IdentifyEvent(ctx context.Context, e storage.Event) storage.Event {
	e.RequestID = inbound.RequestFrom(ctx).ID
	return storage.ByActor(ctx, e)
}
