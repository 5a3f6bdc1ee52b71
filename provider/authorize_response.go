package provider

import (
	"net/http"
	"slices"
	"strings"

	"ithildin/provider/oauth"
	"ithildin/storage"
)

// checkResponse refuses a response type that is not on, or not this client's, a mode that would put tokens into a
// query, and what the profile of the client forbids.
func (e *authorizeEndpoint) checkResponse(a *authorization) error {
	form := a.form
	responseType := oauth.NormalizeResponseType(form.Get("response_type"))
	_, _, known := oauth.ResponseMode(form)
	switch {
	case form.Get("response_type") == "":
		return oauth.InvalidRequest("The request names no response_type.")
	case !slices.Contains(e.responseTypes, responseType):
		return oauth.NewError(http.StatusBadRequest, oauth.CodeUnsupportedResponseType,
			"The response_type must be one of: "+strings.Join(e.responseTypes, ", ")+".")
	case !registeredFor(a.client, responseType):
		return oauth.NewError(http.StatusBadRequest, oauth.CodeUnauthorizedClient,
			"The client is not registered for the response_type "+responseType+".")
	case !known:
		return oauth.NewError(http.StatusBadRequest, oauth.CodeUnsupportedResponseMode, "The response_mode must be one of "+
			strings.Join(oauth.ResponseModes, ", ")+"; query and query.jwt are for code alone.")
	case oauth.UsesFrontChannel(responseType) && !oauth.ContainsAll(storage.SplitScope(form.Get("scope")),
		[]string{"openid"}):
		return oauth.NewError(http.StatusBadRequest, oauth.CodeInvalidScope,
			"The response_type "+responseType+" needs the scope openid.")
	case oauth.HasResponse(responseType, "id_token") && form.Get("nonce") == "":
		return oauth.InvalidRequest("The response_type " + responseType + " needs a nonce.")
	}
	a.responseType = responseType
	return a.checkProfile()
}

func registeredFor(client *storage.Client, responseType string) bool {
	return slices.ContainsFunc(client.Metadata.ResponseTypes, func(registered string) bool {
		return oauth.NormalizeResponseType(registered) == responseType
	})
}
