package oauth

import (
	"net/http"
	"strings"
)

// BearerToken reads the header and nothing else: what is in a URL ends up in logs (RFC 6750 section 5.3).
func BearerToken(r *http.Request) (token string, found bool) {
	scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	token = strings.TrimSpace(token)
	return token, strings.EqualFold(scheme, "Bearer") && token != ""
}
