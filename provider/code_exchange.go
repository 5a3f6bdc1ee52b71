package provider

import (
	"context"

	"github.com/ory/fosite"
)

// codeHandler refuses what fosite would accept although a policy does not (policyErrors): it runs after the handlers of
// the code and of PKCE. It is fosite's TokenEndpointHandler.
type codeHandler struct{}

// CanHandleTokenEndpointRequest says which grant this is about.
func (codeHandler) CanHandleTokenEndpointRequest(_ context.Context, r fosite.AccessRequester) bool {
	return r.GetGrantTypes().ExactOne("authorization_code")
}

// CanSkipClientAuth is false: the checks are about a client.
func (codeHandler) CanSkipClientAuth(context.Context, fosite.AccessRequester) bool { return false }

// HandleTokenEndpointRequest passes by claiming nothing.
func (codeHandler) HandleTokenEndpointRequest(ctx context.Context, _ fosite.AccessRequester) error {
	if err := issuanceFrom(ctx).policyError(); err != nil {
		return err
	}
	return fosite.ErrUnknownRequest
}

// PopulateTokenEndpointResponse adds nothing.
func (codeHandler) PopulateTokenEndpointResponse(
	context.Context, fosite.AccessRequester, fosite.AccessResponder,
) error {
	return fosite.ErrUnknownRequest
}
