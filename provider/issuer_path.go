package provider

import (
	"net/http"
	"net/url"
	"strings"

	"ithildin/provider/oauth"
)

// underIssuerPath serves a provider whose issuer has a path, such as https://example.org/id. Requests come with that
// path, or without it from a proxy that cuts it off. The metadata stands at both of its addresses: behind the path
// (OIDC Discovery 4) and with the path at its end (RFC 8414 section 3.1). That of the UserInfo endpoint has the path in
// its middle (RFC 9728 section 3.1).
func underIssuerPath(path string, next http.Handler) http.Handler {
	if path == "" {
		return next
	}
	withoutPath := http.StripPrefix(path, next)
	at := func(w http.ResponseWriter, r *http.Request, document string) {
		inner := r.WithContext(r.Context())
		inner.URL = &url.URL{Path: document, RawQuery: r.URL.RawQuery}
		next.ServeHTTP(w, inner)
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		document, atTheEnd := strings.CutSuffix(r.URL.Path, path)
		switch {
		case atTheEnd && (document == oauth.PathDiscovery || document == oauth.PathServerMetadata):
			at(w, r, document)
		case r.URL.Path == oauth.PathProtectedResource+path+oauth.PathUserinfo:
			at(w, r, oauth.PathProtectedResource+oauth.PathUserinfo)
		case strings.HasPrefix(r.URL.Path, path+"/"):
			withoutPath.ServeHTTP(w, r)
		default:
			next.ServeHTTP(w, r)
		}
	})
}
