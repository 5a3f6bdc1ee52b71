package provider

import (
	"context"

	"github.com/ory/fosite"

	"ithildin/provider/oauth"
	"ithildin/provider/redirect"
	"ithildin/storage"
)

// codePolicy refuses what fosite would accept although a policy does not: it runs after the code's own handler, on both
// faces, in the order of the legacy contract (2.1.1, checks 7 to 9). It is fosite's TokenEndpointHandler.
type codePolicy struct{}

// CanHandleTokenEndpointRequest says which grant this is about.
func (codePolicy) CanHandleTokenEndpointRequest(_ context.Context, r fosite.AccessRequester) bool {
	return r.GetGrantTypes().ExactOne("authorization_code")
}

// CanSkipClientAuth is false: the checks are about a client.
func (codePolicy) CanSkipClientAuth(context.Context, fosite.AccessRequester) bool { return false }

// HandleTokenEndpointRequest passes by claiming nothing.
func (codePolicy) HandleTokenEndpointRequest(ctx context.Context, r fosite.AccessRequester) error {
	i := issuanceFrom(ctx)
	code := i.code
	if !redeemable(i.client, code, r.GetRequestForm().Get("redirect_uri")) {
		return oauth.InvalidGrant(
			"The redirect_uri is not the one of the authorization request, or not one of this client's connection.",
		)
	}
	if err := stillApproved(i.client, code.ApprovalID, code.UserBlocked); err != nil {
		return err
	}
	return fosite.ErrUnknownRequest
}

// PopulateTokenEndpointResponse adds nothing.
func (codePolicy) PopulateTokenEndpointResponse(context.Context, fosite.AccessRequester, fosite.AccessResponder) error {
	return fosite.ErrUnknownRequest
}

// redeemable compares the redirect URI of an exchange with the code's and with those of the connection that
// authenticated, each by the connection's rule: by the prefix rule it may be longer than at the authorization, never
// shorter. So a code that went to one MIS can't be redeemed with the secret of another.
func redeemable(client *storage.Client, code *storage.Code, redirectURI string) bool {
	connection := client.Connection
	if connection == nil {
		return false
	}
	if redirectURI == "" {
		if code.Session.RedirectURIGiven {
			return false
		}
		redirectURI = code.RedirectURI
	}
	return redirect.MatchesCode(connection, code.RedirectURI, redirectURI) &&
		redirect.MatchesConnection(connection, redirectURI)
}

// stillApproved holds for a code and for a grant: the approval stands, and neither client nor user is blocked.
func stillApproved(client *storage.Client, approvalID string, userBlocked bool) error {
	switch {
	case approvalID == "":
		return oauth.InvalidGrant("The user has withdrawn the approval of this client.")
	case client.IsBlocked:
		return oauth.InvalidGrant("The client is blocked.")
	case userBlocked:
		return oauth.InvalidGrant("The user is blocked.")
	}
	return nil
}
