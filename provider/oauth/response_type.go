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

	// responseModeJWT is a signed response (JARM) in the way of its response type; signedResponse marks one in the way
	// before it.
	responseModeJWT = "jwt"
	signedResponse  = ".jwt"
)

// ResponseModes are all values of response_mode (JARM 2.3 for those of signed responses).
var ResponseModes = []string{
	ResponseModeQuery, ResponseModeFragment, ResponseModeFormPost,
	ResponseModeQuery + signedResponse, ResponseModeFragment + signedResponse, ResponseModeFormPost + signedResponse,
	responseModeJWT,
}

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

// ResponseMode is how the answer to a request goes to the client, an error too, and early: mode is one of
// ResponseModeQuery, ResponseModeFragment and ResponseModeFormPost, and signed says that the answer is a JWT (JARM). ok
// is false where the request asks for a mode that there is not, or not for its response_type; it is then answered in
// the default mode of that.
func ResponseMode(form url.Values) (mode string, signed, ok bool) {
	standard := ResponseModeQuery
	tokens := UsesFrontChannel(form.Get("response_type"))
	if tokens {
		standard = ResponseModeFragment
	}
	asked := form.Get("response_mode")
	mode, signed = strings.CutSuffix(asked, signedResponse)
	switch {
	case asked == "", asked == responseModeJWT:
		return standard, asked == responseModeJWT, true
	case mode == ResponseModeFormPost, mode == ResponseModeFragment, mode == ResponseModeQuery && !tokens:
		return mode, signed, true
	}
	return standard, false, false
}
