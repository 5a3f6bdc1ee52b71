package oauth

import (
	"net/http"
	"strings"
)

// TokenOf reads an access token of the header Authorization, of one of the schemes Bearer and DPoP (RFC 9449 7.1); the
// scheme is given as it is written here.
func TokenOf(r *http.Request) (scheme, token string, found bool) {
	for _, scheme := range []string{"Bearer", "DPoP"} {
		if token, found := credentials(r, scheme); found {
			return scheme, token, true
		}
	}
	return "", "", false
}

// BearerToken reads the header and nothing else: what is in a URL ends up in logs (RFC 6750 section 5.3).
func BearerToken(r *http.Request) (token string, found bool) {
	return credentials(r, "Bearer")
}

func credentials(r *http.Request, expected string) (token string, found bool) {
	scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	token = strings.TrimSpace(token)
	return token, strings.EqualFold(scheme, expected) && token != ""
}
