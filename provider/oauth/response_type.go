package oauth

import (
	"net/url"
	"slices"
	"strings"
)

// ResponseTypes are those that the provider can be told to serve (OAuth 2.0 Multiple Response Type Encoding Practices).
// All but code send tokens through the browser (RFC 9700 2.1.2 advises against them), so the operator turns them on.
var ResponseTypes = []string{"code", "id_token", "id_token token", "code id_token", "code token", "code id_token token"}

// The ways of an answer to the client (OAuth 2.0 Multiple Response Type Encoding Practices 2.1, OAuth 2.0 Form Post).
const (
	ResponseModeQuery    = "query"
	ResponseModeFragment = "fragment"
	ResponseModeFormPost = "form_post"
)

// NormalizeResponseType writes the words of a response type in the order of ResponseTypes; "" for one that is unknown.
// The order in which they were given has no meaning (RFC 6749 3.1.1).
func NormalizeResponseType(value string) string {
	terms := strings.Fields(value)
	for _, known := range ResponseTypes {
		expected := strings.Fields(known)
		if len(terms) == len(expected) && ContainsAll(terms, expected) {
			return known
		}
	}
	return ""
}

// HasResponse says whether a response type asks for code, token or id_token.
func HasResponse(responseType, word string) bool {
	return slices.Contains(strings.Fields(responseType), word)
}

// UsesFrontChannel says that tokens go through the browser.
func UsesFrontChannel(responseType string) bool {
	return HasResponse(responseType, "token") || HasResponse(responseType, "id_token")
}

// ResponseMode is how the answer to a request goes to the client, an error too, and early: a request that is refused
// for its response_mode is answered in the default mode of its response_type.
func ResponseMode(form url.Values) string {
	tokens := UsesFrontChannel(form.Get("response_type"))
	switch mode := form.Get("response_mode"); {
	case mode == ResponseModeFormPost, mode == ResponseModeFragment, mode == ResponseModeQuery && !tokens:
		return mode
	case tokens:
		return ResponseModeFragment
	}
	return ResponseModeQuery
}
