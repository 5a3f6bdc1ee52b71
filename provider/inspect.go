package provider

import (
	"context"
	"errors"
	"strings"
	"time"

	"ithildin/provider/details"
	"ithildin/provider/inbound"
	"ithildin/storage"
)

// TokenInfo is what is known of a live token.
type TokenInfo struct {
	Kind      string // access_token or refresh_token
	ID        string // UUID; the jti of a JWT
	IsJWT     bool
	ClientID  string
	UserID    string // "" for a client's own token
	Subject   string
	GrantID   string
	Scope     string
	Audience  []string
	IssuedAt  time.Time
	ExpiresAt time.Time
	AuthTime  time.Time // zero where it is not known
	ACR       string
	AMR       []string
	Details   []details.Detail // authorization details (RFC 9396)
	// Confirmation is what an access token is bound to; nil for a bearer token.
	Confirmation *storage.Confirmation
	Session      *storage.Session   // what its grant, or the token itself, remembers of the authorization
	UserClaims   storage.UserClaims // of an access token
}

// Inspect says what a token is, in one read for an access token. ErrInactive, wrapped with the reason, is a token that
// is unknown, expired, revoked, or whose user or client is blocked; any other error is a fault.
func (t *Tokens) Inspect(ctx context.Context, token string) (*TokenInfo, error) {
	info, err := t.inspectAccess(ctx, token)
	if errors.Is(err, ErrInactive) && !strings.Contains(token, ".") {
		if refresh, refreshErr := t.inspectRefresh(ctx, token); !errors.Is(refreshErr, ErrInactive) {
			return refresh, refreshErr
		}
	}
	return info, err
}

func inactive(reason string) error { return errors.Join(ErrInactive, errors.New(reason)) }

// inspectAccess finds an access token that opens something now.
func (t *Tokens) inspectAccess(ctx context.Context, token string) (*TokenInfo, error) {
	info, err := t.findAccess(ctx, token)
	if err != nil {
		return nil, err
	}
	inbound.RecordOf(ctx).About(info.ClientID, info.UserID)
	return info, t.checkClient(ctx, info.ClientID)
}

// findAccess finds an access token that is not over, though its client may be blocked for now. It never takes an ID
// token for one (readAccessToken).
func (t *Tokens) findAccess(ctx context.Context, token string) (*TokenInfo, error) {
	if strings.HasPrefix(token, refreshPrefix) {
		return nil, inactive("a refresh token")
	}
	given, err := t.read(token)
	if err != nil {
		return nil, errors.Join(ErrInactive, err)
	}
	if c := given.claims; c != nil && c.ExpiresAt <= t.store.Now().Unix() {
		return nil, inactive("expired")
	}
	given.probe.AccessTokenOnly = true
	found, err := t.find(ctx, given)
	switch {
	case errors.Is(err, ErrTokenUnknown):
		return nil, errors.Join(ErrInactive, err)
	case err != nil:
		return nil, err
	case found.Kind != storage.KindAccessToken:
		return nil, inactive("of another kind")
	case !found.ExpiresAt.After(t.store.Now()):
		return nil, inactive("expired")
	case found.IsEnded():
		return nil, inactive("revoked, or its user is blocked")
	}
	session := found.session
	if session == nil {
		if session, err = found.Session(); err != nil {
			return nil, err
		}
	}
	granted, err := details.Decode(string(found.details))
	if err != nil {
		return nil, err
	}
	return &TokenInfo{
		Details: granted,
		Kind:    found.Kind, ID: found.ID, IsJWT: found.isJWT, ClientID: found.ClientID, UserID: found.UserID,
		Subject: found.subject, GrantID: found.GrantID, Scope: found.Scope, Audience: found.audience,
		IssuedAt: found.CreatedAt, ExpiresAt: found.ExpiresAt, AuthTime: found.authTime, ACR: found.acr,
		AMR: found.amr, Confirmation: found.bound, Session: session, UserClaims: found.UserClaims,
	}, nil
}

// inspectRefresh finds a refresh token that could be used now.
func (t *Tokens) inspectRefresh(ctx context.Context, token string) (*TokenInfo, error) {
	g, err := t.findRefreshGrant(ctx, token)
	if err != nil {
		return nil, err
	}
	if !g.RevokedAt.IsZero() || !g.IsExchangeable || g.RefreshTokenID == "" ||
		!g.RefreshExpiresAt.After(t.store.Now()) || g.UserBlocked {
		return nil, inactive("a refresh token that is revoked, rotated or expired")
	}
	session := g.Session
	info := &TokenInfo{
		Kind: storage.KindRefreshToken, ID: g.RefreshTokenID, ClientID: g.ClientID, UserID: g.UserID,
		Subject: session.Subject, GrantID: g.ID, Scope: g.Scope, Audience: session.Audience, IssuedAt: g.CreatedAt,
		ExpiresAt: g.RefreshExpiresAt, AuthTime: session.AuthTime, ACR: session.ACR, AMR: session.AMR,
		Session: session,
	}
	if !g.IsCurrent {
		// The grant knows the id of the current one alone.
		info.ID, info.ExpiresAt = "", earlier(g.RefreshExpiresAt, g.PreviousUntil)
	}
	return info, t.checkClient(ctx, info.ClientID)
}

// refreshGrant is the family of a refresh token, and what the token is in it.
type refreshGrant struct {
	*storage.Grant
	IsCurrent bool
	// IsExchangeable says that the rotation of the family leaves the token good: it is the current one, or the one before
	// it within the times of docs/refresh-tokens.md. The family is not revoked, but may have expired.
	IsExchangeable bool
	// PreviousUntil is when the token before the current one ends.
	PreviousUntil time.Time
}

// findRefreshGrant finds the family of a refresh token, revoked and expired ones too. Errors: ErrInactive for a token
// that is unknown.
func (t *Tokens) findRefreshGrant(ctx context.Context, token string) (*refreshGrant, error) {
	if token == "" || len(token) > maximumToken {
		return nil, inactive("a refresh token that is not ours")
	}
	found, err := t.refreshTokens.find(ctx, t.store.NewBatch(), token)
	if errors.Is(err, storage.ErrNotFound) {
		return nil, inactive("unknown")
	}
	if err != nil {
		return nil, err
	}
	client, err := t.documented.Stored(ctx, found.Grant.ClientID)
	if errors.Is(err, storage.ErrNotFound) {
		return nil, inactive("its client is gone")
	}
	if err != nil {
		return nil, err
	}
	return &refreshGrant{
		Grant: found.Grant, IsCurrent: found.IsCurrent(), IsExchangeable: judgeRefreshToken(found, client.Policy) == nil,
		PreviousUntil: found.Grant.RotatedAt.Add(max(client.Policy.RefreshGrace, client.Policy.RefreshRetry)),
	}, nil
}

// checkClient ends the tokens of a client that is gone or blocked.
func (t *Tokens) checkClient(ctx context.Context, clientID string) error {
	client, err := t.documented.Stored(ctx, clientID)
	switch {
	case errors.Is(err, storage.ErrNotFound):
		return inactive("its client is gone")
	case err != nil:
		return err
	case client.IsBlocked:
		return inactive("its client is blocked")
	case !t.documented.Takes(client):
		return inactive("its client is of a host that is not taken any more")
	}
	return nil
}
