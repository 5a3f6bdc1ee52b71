package provider

import (
	"context"
	"errors"
	"strings"

	"ithildin/provider/inbound"
	"ithildin/storage"
)

// maximumToken bounds a presented token, in bytes.
const maximumToken = 16 << 10

// TokenInfo is what is known of a live token.
type TokenInfo struct {
	Kind       string // access_token or refresh_token
	ID         string // UUID; the jti of a JWT
	IsJWT      bool
	ClientID   string
	UserID     string // "" for a client's own token
	Subject    string
	GrantID    string
	Scope      string
	Audience   []string
	IssuedAt   int64 // epoch seconds
	ExpiresAt  int64
	AuthTime   int64
	ACR        string
	AMR        []string
	Session    *storage.Session   // what its grant, or the token itself, remembers of the authorization
	UserClaims storage.UserClaims // of an access token
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
	switch {
	case token == "" || len(token) > maximumToken:
		return nil, inactive("empty or too long")
	case strings.HasPrefix(token, refreshPrefix):
		return nil, inactive("a refresh token")
	case strings.Count(token, ".") == 2:
		return t.inspectJWT(ctx, token)
	}
	return t.inspectOpaque(ctx, token)
}

func (t *Tokens) inspectJWT(ctx context.Context, token string) (*TokenInfo, error) {
	c, err := t.readAccessToken(token)
	if err != nil {
		return nil, errors.Join(ErrInactive, err)
	}
	if c.ExpiresAt <= t.store.Now().Unix() {
		return nil, inactive("expired")
	}
	state, err := t.store.FindTokenState(ctx, c.ID, c.GrantID)
	if err != nil {
		return nil, err
	}
	if state.Revoked || state.UserBlocked {
		return nil, inactive("revoked, or its user is blocked")
	}
	return &TokenInfo{
		Kind: "access_token", ID: c.ID, IsJWT: true, ClientID: c.ClientID, UserID: state.UserID, Subject: c.Subject,
		GrantID: c.GrantID, Scope: c.Scope, Audience: c.Audience, IssuedAt: c.IssuedAt, ExpiresAt: c.ExpiresAt,
		AuthTime: c.AuthTime, ACR: c.ACR, AMR: c.AMR, Session: state.Session, UserClaims: state.UserClaims,
	}, nil
}

func (t *Tokens) inspectOpaque(ctx context.Context, token string) (*TokenInfo, error) {
	row, err := t.store.FindAccessToken(ctx, storage.Hash(token))
	if errors.Is(err, storage.ErrNotFound) {
		return nil, inactive("unknown")
	}
	if err != nil {
		return nil, err
	}
	switch {
	case row.Kind != storage.KindAccessToken:
		return nil, inactive("of another kind")
	case row.ExpiresAt <= t.store.Now().Unix():
		return nil, inactive("expired")
	case row.GrantRevoked || row.UserBlocked:
		return nil, inactive("revoked, or its user is blocked")
	}
	info := infoOf(row.Session)
	info.Kind, info.ID, info.ClientID, info.UserID, info.GrantID = "access_token", row.AccessTokenID, row.ClientID,
		row.UserID, row.GrantID
	info.Scope, info.IssuedAt, info.ExpiresAt, info.UserClaims = row.Scope, row.CreatedAt, row.ExpiresAt, row.UserClaims
	return info, nil
}

// inspectRefresh finds a refresh token that could be used now.
func (t *Tokens) inspectRefresh(ctx context.Context, token string) (*TokenInfo, error) {
	g, err := t.FindRefreshGrant(ctx, token)
	if err != nil {
		return nil, err
	}
	if g.RevokedAt > 0 || !g.IsExchangeable || g.RefreshTokenID == "" || g.RefreshExpiresAt <= t.store.Now().Unix() ||
		g.UserBlocked {
		return nil, inactive("a refresh token that is revoked, rotated or expired")
	}
	info := infoOf(g.Session)
	info.Kind, info.ID, info.ClientID, info.UserID, info.GrantID = "refresh_token", g.RefreshTokenID, g.ClientID,
		g.UserID, g.ID
	info.Scope, info.IssuedAt, info.ExpiresAt = g.Scope, g.CreatedAt, g.RefreshExpiresAt
	if !g.IsCurrent {
		info.ID, info.ExpiresAt = "", min(g.RefreshExpiresAt,
			g.PreviousUntil) // the grant knows the id of the current one alone
	}
	return info, t.checkClient(ctx, info.ClientID)
}

// RefreshGrant is the family of a refresh token, and what the token is in it.
type RefreshGrant struct {
	*storage.Grant
	IsCurrent bool
	// IsExchangeable says that the rotation of the family leaves the token good: it is the current one, or the one before
	// it within the times of docs/refresh-tokens.md. The family is not revoked, but may have expired.
	IsExchangeable bool
	// PreviousUntil is when the token before the current one ends, in epoch seconds.
	PreviousUntil int64
}

// FindRefreshGrant finds the family of a refresh token, revoked and expired ones too. Errors: ErrInactive for a token
// that is unknown.
func (t *Tokens) FindRefreshGrant(ctx context.Context, token string) (*RefreshGrant, error) {
	if token == "" || len(token) > maximumToken {
		return nil, inactive("a refresh token that is not ours")
	}
	found, err := t.refreshTokens.probe(token).find(ctx, t.store.NewBatch())
	if errors.Is(err, storage.ErrNotFound) {
		return nil, inactive("unknown")
	}
	if err != nil {
		return nil, err
	}
	client, err := t.store.Client(ctx, found.Grant.ClientID)
	if errors.Is(err, storage.ErrNotFound) {
		return nil, inactive("its client is gone")
	}
	if err != nil {
		return nil, err
	}
	return &RefreshGrant{
		Grant: found.Grant, IsCurrent: found.IsCurrent(), IsExchangeable: judgeRefreshToken(found, client.Policy) == nil,
		PreviousUntil: found.Grant.RotatedAt + max(client.Policy.RefreshGrace, client.Policy.RefreshRetry),
	}, nil
}

func infoOf(s *storage.Session) *TokenInfo {
	return &TokenInfo{
		Session:  s,
		Subject:  s.Subject,
		Audience: s.Audience,
		AuthTime: s.AuthTime / 1e6,
		ACR:      s.ACR,
		AMR:      s.AMR,
	}
}

// checkClient ends the tokens of a client that is gone or blocked.
func (t *Tokens) checkClient(ctx context.Context, clientID string) error {
	client, err := t.store.Client(ctx, clientID)
	switch {
	case errors.Is(err, storage.ErrNotFound):
		return inactive("its client is gone")
	case err != nil:
		return err
	case client.IsBlocked:
		return inactive("its client is blocked")
	}
	return nil
}
