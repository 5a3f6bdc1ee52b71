package provider

import (
	"context"
	"fmt"

	"ithildin/provider/identity"
	"ithildin/provider/invitation"
	"ithildin/provider/login"
	"ithildin/storage"
)

// Invitations are what an operator decides about invitations.
type Invitations struct {
	EHealthAPI string // the URL of ehealth.api; "": there are none of it
	// ClientID is the client for which the session tokens are that ehealth.api gets: the one of the sign-in front end.
	ClientID       string
	RulesURI       string // rules that a person agrees to; "" for none
	FactorOptional bool   // people may answer without a second factor
}

// invitationOptions connects the pages with the database and with ehealth.api.
func (p *Provider) invitationOptions(o Invitations) login.InvitationOptions {
	options := login.InvitationOptions{RulesURI: o.RulesURI, FactorOptional: o.FactorOptional}
	factorType := identity.FactorSMS
	if o.FactorOptional {
		factorType = ""
	}
	options.Kept = invitation.NewKept(p.store, func(ctx context.Context, password string) (string, error) {
		return p.identity.HashPassword(ctx, password, identity.CheckNewPassword)
	}, factorType)
	if o.EHealthAPI != "" {
		options.EmployeeRequests = invitation.NewEmployeeRequests(invitation.Options{
			URL: o.EHealthAPI, Now: p.now, Tokens: invitationTokens{p.store, p.sessionTokens, o.ClientID},
			Count: p.metrics.called(purposeEmployeeRequest),
		})
	}
	return options
}

// invitationTokens are session tokens for answers to invitations.
type invitationTokens struct {
	store    *storage.Store
	tokens   *SessionTokens
	clientID string
}

// Issue implements invitation.Tokens. Errors: ErrSignInOver, and those of SessionTokens.Check.
func (t invitationTokens) Issue(ctx context.Context, login *storage.Login) (string, error) {
	client, err := t.store.Client(ctx, t.clientID)
	if err != nil {
		return "", fmt.Errorf("provider: the client of invitations: %w", err)
	}
	token, err := t.tokens.Issue(ctx, SessionToken{
		Kind: storage.KindAccessToken, Client: client, UserID: login.User.ID, Scope: invitation.Scope,
		ScopeRequest: invitation.Scope, GrantType: "password", Invited: true, AMR: login.Session.AMR,
		ACR: login.Session.ACR, AuthTime: login.Session.AuthTime, PasswordSetAt: login.User.PasswordSetAt,
	})
	if err != nil {
		return "", err
	}
	return token.Value, nil
}

// End implements invitation.Tokens.
func (t invitationTokens) End(ctx context.Context, token string) error {
	_, err := t.store.ExpireAccessToken(ctx, storage.Hash(token))
	return err
}
