package provider

import (
	"context"
	"errors"
	"strings"

	"ithildin/storage"
)

// SessionToken is the token of somebody who signs in through an API: a session token, or one that says how far a sign-in
// with several steps has come (contract section 1, token kinds).
type SessionToken struct {
	ID           string // UUID; default: made here
	Kind         string // storage.KindAccessToken, KindTwoFactor or KindChangePasswordToken
	Client       *storage.Client
	UserID       string
	Scope        string
	ScopeRequest string // what the complete sign-in will have
	GrantType    string // how the sign-in began
	Factor       string // the second factor that is to be confirmed
	FactorType   string
	AMR          []string
	ACR          string // storage.Assurance…
	// ByAdministrator says that no sign-in stands behind the token: whoever may administrate vouches for its user.
	ByAdministrator bool

	Value     string // made here
	ExpiresAt int64  // epoch seconds; made here
}

// IssueSessionToken makes a session token and ends the session tokens that the user has of the client, in one write. Its
// life is that of the client's access tokens. Errors: those of CheckSessionToken.
func (p *Provider) IssueSessionToken(ctx context.Context, t SessionToken) (*SessionToken, error) {
	beyond, err := p.checkSessionToken(ctx, t)
	if err != nil {
		return nil, err
	}
	if t.Value, err = opaque(p.random, t.Client.Policy.TokenForm); err != nil {
		return nil, err
	}
	if t.ID == "" {
		t.ID = p.store.NewID()
	}
	now := p.store.Now()
	t.ExpiresAt = now + t.Client.Policy.AccessLifetime
	u := p.store.NewUnitOfWork()
	u.QueueSessionToken(storage.AccessToken{
		ID: storage.Hash(t.Value), AccessTokenID: t.ID, Kind: t.Kind, ClientID: t.Client.ID, UserID: t.UserID,
		GrantID: p.store.NewID(), Scope: t.Scope, CreatedAt: now, ExpiresAt: t.ExpiresAt,
		Session: &storage.Session{
			UserID: t.UserID, Subject: t.UserID, GrantType: t.GrantType, ScopeRequest: t.ScopeRequest, Factor: t.Factor,
			FactorType: t.FactorType, AuthTime: p.now().UnixMicro(), AMR: t.AMR, ACR: t.ACR,
		},
	})
	p.queueEvent(ctx, u, storage.Event{
		Kind: storage.EventSessionTokenIssued, ClientID: t.Client.ID, UserID: t.UserID,
		Details: map[string]string{"kind": t.Kind, "grant_type": t.GrantType},
	})
	if len(beyond) > 0 {
		p.queueEvent(ctx, u, storage.Event{
			Kind: eventBeyondRoles, ClientID: t.Client.ID, UserID: t.UserID,
			Details: map[string]string{"kind": t.Kind, "scope": strings.Join(beyond, " ")},
		})
	}
	if err := u.Flush(ctx); err != nil {
		return nil, err
	}
	return &t, nil
}

// FindSessionToken finds an opaque access token of any kind by its value, one that is over too: the caller says so in its
// own order. ErrTokenUnknown: there is none.
func (p *Provider) FindSessionToken(ctx context.Context, value string) (*storage.AccessToken, error) {
	if value == "" || len(value) > maximumToken || strings.Count(value, ".") == 2 {
		return nil, ErrTokenUnknown
	}
	t, err := p.store.FindAccessToken(ctx, storage.Hash(value))
	if errors.Is(err, storage.ErrNotFound) {
		return nil, ErrTokenUnknown
	}
	if err != nil {
		return nil, err
	}
	if t.GrantRevoked {
		t.ExpiresAt = 0 // revoking is expiring
	}
	return t, nil
}
