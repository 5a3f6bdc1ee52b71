package provider

import (
	"net/http"
	"slices"

	"ithildin/provider/identity"
	"ithildin/provider/oauth"
	"ithildin/storage"
)

// acrValuesOf returns the authentication context classes of the provider: the assurances that its components can give,
// from the weakest to the strongest. One-time codes need none of them: authenticators make them.
func acrValuesOf(c identity.Components) []string {
	values := []string{storage.AssurancePassword, storage.AssuranceOneTimeCode}
	if c.Passkeys != nil {
		values = append(values, storage.AssurancePhishingResistant, storage.AssurancePhishingResistantHardware)
	}
	if c.Signatures != nil {
		values = append(values, storage.AssuranceSignature)
	}
	return values
}

// contextRequest is what a request asks of the acr (OIDC Core 3.1.2.1, 5.5.1.1): the values that will do, the first
// preferred, and whether any other would be a failed sign-in.
type contextRequest struct {
	values    []string // of those that the provider knows
	essential bool
}

// readContext takes the claims parameter before acr_values, and those before what the client registered.
func (e *authorizeEndpoint) readContext(
	acrParameter string,
	claims claimsRequest,
	client *storage.Client,
) (contextRequest, error) {
	var request contextRequest
	known := e.acrValues
	if asked, given := claims.IDToken["acr"]; given && (asked.Value != nil || len(asked.Values) > 0) {
		request.essential = asked.Essential
		for _, value := range append([]any{asked.Value}, asked.Values...) {
			if content, ok := value.(string); ok {
				request.values = append(request.values, content)
			}
		}
	} else if request.values = storage.SplitScope(acrParameter); len(request.values) == 0 {
		request.values = client.Metadata.DefaultACRValues
	}
	request.values = slices.DeleteFunc(slices.Clone(request.values),
		func(v string) bool { return !slices.Contains(known, v) })
	if request.essential && len(request.values) == 0 {
		return request, oauth.NewError(http.StatusBadRequest, oauth.CodeUnmetAuthenticationRequirements,
			"None of the requested acr values is one of this provider's.")
	}
	return request, nil
}

// demand raises what the scopes ask of the sign-in to the weakest of the values, where one of them is essential. What
// is only wished for needs no other sign-in: who has a second factor is always asked for it. A scope that needs a
// digital signature and an acr that only a passkey gives exclude each other.
func (c contextRequest) demand(of identity.RequiredAuthentication) (identity.RequiredAuthentication, error) {
	if !c.essential {
		return of, nil
	}
	of = of.AtLeast(slices.MinFunc(c.values, identity.CompareAssurances))
	if !slices.ContainsFunc(c.values, func(v string) bool { return identity.Satisfies(of.Assurance, v) }) {
		return of, oauth.NewError(http.StatusBadRequest, oauth.CodeUnmetAuthenticationRequirements,
			"The requested scope needs a sign-in that is none of the requested acr values.")
	}
	return of, nil
}

// acrToReport is the acr of the tokens: the first of the values that the sign-in reaches, since a stronger one includes
// the weaker, else what the sign-in was.
func (c contextRequest) acrToReport(session storage.LoginSession) string {
	for _, value := range c.values {
		if (identity.RequiredAuthentication{Assurance: value}).SatisfiedBy(session) {
			return value
		}
	}
	return session.ACR
}
