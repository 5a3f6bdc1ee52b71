package provider

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"time"

	"ithildin/provider/identity"
	"ithildin/provider/oauth"
	"ithildin/provider/redirect"
	"ithildin/storage"
)

// Approval is what a user approves for a client through an API of a frontend, without our pages: a front end has asked
// already (contract section 2.2).
type Approval struct {
	Frontend    string
	ClientID    string
	RedirectURI string
	Scope       string // "" for all that the user's roles give, where the client is trusted
	State       string
	UserID      string
	// How and when the user signed in; AuthTime is zero where that is not known.
	AuthTime time.Time
	AMR      []string
	ACR      string
}

// Approved is the code that came of it.
type Approved struct {
	Code        string
	CodeID      string
	ApprovalID  string
	ExpiresAt   time.Time
	Scope       []string
	RedirectURI string
	Location    string // the redirect URI with the code
}

// approveByAPI remembers the approval and issues a code.
func (e *authorizeEndpoint) approveByAPI(r *http.Request, approval Approval) (*Approved, error) {
	a := &authorization{
		frontend: e.frontends[approval.Frontend], at: e.now(), issuance: newIssuance(e.store),
		form: url.Values{
			"response_type": {"code"}, "client_id": {approval.ClientID}, "redirect_uri": {approval.RedirectURI},
			"scope": {approval.Scope}, "state": {approval.State},
		},
	}
	ctx := a.issuance.context(r.Context())
	if err := e.resolveApproval(ctx, a, approval); err != nil {
		return nil, err
	}
	a.form.Set("scope", strings.Join(a.scope, " "))
	if err := e.readParameters(ctx, r, a); err != nil {
		return nil, err
	}
	if _, err := e.issue(r, a); err != nil {
		return nil, err
	}
	code := a.issuance.issued.code
	return &Approved{
		Code: code, CodeID: a.issuance.issued.codeID, ApprovalID: a.approvalID,
		ExpiresAt: e.store.Now().Add(a.client.Policy.CodeLifetime), Scope: a.scope, RedirectURI: approval.RedirectURI,
		Location: a.frontend.Success(approval.RedirectURI, code, approval.State),
	}, nil
}

func (e *authorizeEndpoint) resolveApproval(ctx context.Context, a *authorization, approval Approval) error {
	client, err := e.findClient(ctx, a.frontend, approval.ClientID)
	switch {
	case errors.Is(err, storage.ErrNotFound):
		return oauth.InvalidRequest("The client_id is unknown.").Because(oauth.ErrUnknownClient)
	case err != nil:
		return err
	case client.IsBlocked:
		return oauth.NewError(http.StatusForbidden, oauth.CodeUnauthorizedClient,
			"The client is blocked.").Because(oauth.ErrClientBlocked)
	case e.mustPush(client):
		return oauth.InvalidRequest("The client must push its authorization requests (RFC 9126).")
	}
	found, err := e.store.FindUserForClient(ctx, approval.UserID, approval.ClientID)
	switch {
	case errors.Is(err, storage.ErrNotFound):
		return oauth.NewError(http.StatusForbidden, oauth.CodeAccessDenied, "The user is unknown.").Because(ErrUnknownUser)
	case err != nil:
		return err
	case found.User.IsBlocked:
		return oauth.NewError(http.StatusForbidden, oauth.CodeAccessDenied, "The user is blocked.").Because(ErrUserBlocked)
	}
	found.Session.AuthTime, found.Session.AMR, found.Session.ACR = approval.AuthTime, approval.AMR, approval.ACR
	a.login, a.approvalID = found, found.ApprovalID
	uri, given, err := redirect.Resolve(client, approval.RedirectURI)
	if err != nil {
		return redirectError("redirect_uri", err)
	}
	a.client, a.given = client.WithRedirectURI(uri), given
	a.issuance.client = a.client
	a.frontend.ScopeOfRoles = client.Policy.Trusted
	if err := e.resolveScope(ctx, a); err != nil {
		return err
	}
	if len(a.scope) == 0 {
		return asScopeError(&ScopeError{Reason: ScopeEmpty})
	}
	if !identity.RequiredAuthenticationOf(a.scopes.entries(a.scope)).SatisfiedBy(found.Session) {
		return weakSignIn()
	}
	return nil
}
