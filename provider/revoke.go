package provider

import (
	"errors"
	"net/http"

	"ithildin/provider/oauth"
	"ithildin/storage"
)

// revoke is the revocation endpoint (RFC 7009). A refresh token ends its whole grant, one that was rotated away too; an
// access token ends alone. An unknown token, or another client's, is answered like one that was revoked; a database
// that is away is not: the client must not believe in a revocation that did not happen.
func (e *tokenEndpoints) revoke(w http.ResponseWriter, r *http.Request) error {
	client, token, err := e.readTokenRequest(w, r, oauth.PathRevoke)
	if err != nil {
		return err
	}
	ctx := r.Context()
	e.cors.AllowOrigin(w, r, client.ID)
	event := storage.Event{Kind: storage.EventTokenRevoked, ClientID: client.ID}
	info, err := e.tokens.findAccess(ctx, token)
	switch {
	case err == nil && info.ClientID != client.ID:
		return done(w)
	case err == nil && info.IsJWT:
		event.UserID = info.UserID
		err = e.store.RevokeJTI(ctx, info.ID, info.ExpiresAt)
	case err == nil:
		event.UserID = info.UserID
		_, err = e.store.DeleteAccessToken(ctx, storage.Hash(token))
	case errors.Is(err, ErrInactive):
		grant, findErr := e.tokens.findRefreshGrant(ctx, token)
		if errors.Is(findErr, ErrInactive) || findErr == nil && grant.ClientID != client.ID {
			return done(w)
		}
		if err = findErr; err == nil {
			event.UserID = grant.UserID
			_, err = e.store.RevokeGrant(ctx, grant.ID)
		}
	}
	if err != nil {
		return err
	}
	if err := e.store.RecordEvents(ctx, []storage.Event{oauth.IdentifyEvent(ctx, event)}); err != nil {
		return err
	}
	return done(w)
}

func done(w http.ResponseWriter) error {
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(http.StatusOK)
	return nil
}
