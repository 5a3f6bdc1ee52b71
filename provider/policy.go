package provider

import (
	"context"

	"github.com/ory/fosite"
)

// codePolicy refuses what fosite would accept although a policy does not (policyErrors): it runs after the handlers of
// the code and of PKCE. It is fosite's TokenEndpointHandler.
type codePolicy struct{}

// CanHandleTokenEndpointRequest says which grant this is about.
func (codePolicy) CanHandleTokenEndpointRequest(_ context.Context, r fosite.AccessRequester) bool {
	return r.GetGrantTypes().ExactOne("authorization_code")
}

// CanSkipClientAuth is false: the checks are about a client.
func (codePolicy) CanSkipClientAuth(context.Context, fosite.AccessRequester) bool { return false }

// HandleTokenEndpointRequest passes by claiming nothing.
func (codePolicy) HandleTokenEndpointRequest(ctx context.Context, _ fosite.AccessRequester) error {
	if err := issuanceFrom(ctx).policyError(); err != nil {
		return err
	}
	return fosite.ErrUnknownRequest
}

// PopulateTokenEndpointResponse adds nothing.
func (codePolicy) PopulateTokenEndpointResponse(context.Context, fosite.AccessRequester, fosite.AccessResponder) error {
	return fosite.ErrUnknownRequest
}
