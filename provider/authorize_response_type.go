package provider

import (
	"net/http"
	"net/url"
	"slices"
	"strings"

	"ithildin/storage"
)

// ResponseTypes are those that the provider can be told to serve (OAuth 2.0 Multiple Response Type Encoding Practices). All
// but code send tokens through the browser (RFC 9700 2.1.2 advises against them), so the operator turns them on.
var ResponseTypes = []string{"code", "id_token", "id_token token", "code id_token", "code token", "code id_token token"}

// The ways of an answer to the client (OAuth 2.0 Multiple Response Type Encoding Practices 2.1, OAuth 2.0 Form Post).
const (
	responseModeQuery    = "query"
	responseModeFragment = "fragment"
	responseModeFormPost = "form_post"
)

// NormalizeResponseType writes the words of a response type in the order of ResponseTypes; "" for one that is unknown. The
// order in which they were given has no meaning (RFC 6749 3.1.1).
func NormalizeResponseType(text string) string {
	words := strings.Fields(text)
	for _, known := range ResponseTypes {
		expected := strings.Fields(known)
		if len(words) == len(expected) && contains(words, expected) {
			return known
		}
	}
	return ""
}

// hasResponse says whether a response type asks for code, token or id_token.
func hasResponse(responseType, word string) bool {
	return slices.Contains(strings.Fields(responseType), word)
}

// frontChannel says that tokens go through the browser.
func frontChannel(responseType string) bool {
	return hasResponse(responseType, "token") || hasResponse(responseType, "id_token")
}

// responseMode is how the answer to a request goes to the client, an error too, and early: a request that is refused for its
// response_mode is answered in the default mode of its response_type.
func responseMode(form url.Values) string {
	tokens := frontChannel(form.Get("response_type"))
	switch mode := form.Get("response_mode"); {
	case mode == responseModeFormPost, mode == responseModeFragment, mode == responseModeQuery && !tokens:
		return mode
	case tokens:
		return responseModeFragment
	}
	return responseModeQuery
}

// checkResponse refuses a response type that is not on, or not this client's, and a mode that would put tokens into a query.
func (p *Provider) checkResponse(a *authorization) error {
	form := a.form
	responseType := NormalizeResponseType(form.Get("response_type"))
	switch {
	case form.Get("response_type") == "":
		return invalidRequest("The request names no response_type.")
	case !slices.Contains(p.responseTypes, responseType):
		return newError(http.StatusBadRequest, CodeUnsupportedResponseType,
			"The response_type must be one of: "+strings.Join(p.responseTypes, ", ")+".")
	case !registeredFor(a.client, responseType):
		return newError(http.StatusBadRequest, CodeUnauthorizedClient,
			"The client is not registered for the response_type "+responseType+".")
	case responseMode(form) != form.Get("response_mode") && form.Get("response_mode") != "":
		return newError(http.StatusBadRequest, CodeUnsupportedResponseMode,
			"The response_mode must be query (for code alone), fragment or form_post.")
	case frontChannel(responseType) && !contains(storage.SplitScope(form.Get("scope")), []string{"openid"}):
		return newError(http.StatusBadRequest, CodeInvalidScope, "The response_type "+responseType+" needs the scope openid.")
	case hasResponse(responseType, "id_token") && form.Get("nonce") == "":
		return invalidRequest("The response_type " + responseType + " needs a nonce.")
	}
	a.responseType = responseType
	return nil
}

func registeredFor(client *storage.Client, responseType string) bool {
	return slices.ContainsFunc(client.Metadata.ResponseTypes, func(registered string) bool {
		return NormalizeResponseType(registered) == responseType
	})
}
