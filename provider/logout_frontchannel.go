package provider

import (
	"context"
	"errors"
	"net/url"

	"ithildin/provider/inbound"
	"ithildin/provider/oauth"
	"ithildin/storage"
)

// frames are the addresses by which clients are notified of a logout in the browser, each with issuer and sid (OIDC
// Front-Channel Logout 3). A client that was deleted meanwhile is not notified, and neither is one whose address the
// policy of the page would not let a browser open.
func (e *logoutEndpoint) frames(ctx context.Context, ended *storage.EndedSession) ([]string, error) {
	if ended == nil {
		return nil, nil
	}
	var frames []string
	for _, id := range ended.ClientIDs {
		client, err := e.store.Client(ctx, id)
		if errors.Is(err, storage.ErrNotFound) {
			continue
		}
		if err != nil {
			return nil, err
		}
		if address := client.Metadata.FrontchannelLogoutURI; inbound.HTTPSOrigin(address) != "" {
			frames = append(frames, oauth.WithParameters(address, url.Values{
				"iss": {e.issuer}, "sid": {e.identifiers.sid(ended.SessionID, id)},
			}))
		}
	}
	return frames, nil
}
