package provider

import (
	"context"
	"errors"
	"net/http"

	"ithildin/provider/oauth"
	"ithildin/storage"
)

// revoke is the revocation endpoint (RFC 7009). A refresh token ends its whole grant, one that was rotated away too; an
// access token ends alone. An unknown token, or another client's, is answered like one that was revoked; a database that
// is away is not: the client must not believe in a revocation that did not happen.
func (p *Provider) revoke(w http.ResponseWriter, r *http.Request) error {
	client, token, err := p.askedAbout(w, r, oauth.PathRevoke)
	if err != nil {
		return err
	}
	ctx := r.Context()
	p.cors.AllowOrigin(w, r, client.ID)
	event := storage.Event{Kind: storage.EventTokenRevoked, ClientID: client.ID}
	info, err := p.findAccess(ctx, token)
	switch {
	case err == nil && info.ClientID != client.ID:
		return done(w)
	case err == nil && info.IsJWT:
		event.UserID = info.UserID
		err = p.store.RevokeJTI(ctx, info.ID, info.ExpiresAt)
	case err == nil:
		event.UserID = info.UserID
		_, err = p.store.DeleteAccessToken(ctx, storage.Hash(token))
	case errors.Is(err, ErrInactive):
		grant, findErr := p.FindRefreshGrant(ctx, token)
		if errors.Is(findErr, ErrInactive) || findErr == nil && grant.ClientID != client.ID {
			return done(w)
		}
		if err = findErr; err == nil {
			event.UserID = grant.UserID
			_, err = p.store.RevokeGrant(ctx, grant.ID)
		}
	}
	if err != nil {
		return err
	}
	if err := p.store.RecordEvents(ctx, []storage.Event{oauth.IdentifyEvent(ctx, event)}); err != nil {
		return err
	}
	return done(w)
}

func done(w http.ResponseWriter) error {
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(http.StatusOK)
	return nil
}

// EndToken ends an access token that Inspect has found, and the grant that it came of with its refresh token. The row of
// an opaque token stays for as long as expired ones do.
func (p *Provider) EndToken(ctx context.Context, token string, info *TokenInfo) error {
	var err error
	if info.IsJWT {
		err = p.store.RevokeJTI(ctx, info.ID, info.ExpiresAt)
	} else {
		_, err = p.store.ExpireAccessToken(ctx, storage.Hash(token))
	}
	if err != nil {
		return err
	}
	if info.GrantID != "" {
		if _, err := p.store.RevokeGrant(ctx, info.GrantID); err != nil {
			return err
		}
	}
	return p.store.RecordEvents(ctx, []storage.Event{oauth.IdentifyEvent(ctx, storage.Event{
		Kind: storage.EventTokenRevoked, ClientID: info.ClientID, UserID: info.UserID,
	})})
}
