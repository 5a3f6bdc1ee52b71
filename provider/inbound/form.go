package inbound

import (
	"net/http"
	"net/url"
	"strings"
)

// ParseForm reads application/x-www-form-urlencoded text, of a query or a body, as browsers write it: only & parts it,
// and a semicolon is data (WHATWG URL 5.1), which net/url refuses. With an error comes what is well formed.
func ParseForm(value string) (url.Values, error) {
	return url.ParseQuery(strings.ReplaceAll(value, ";", "%3B"))
}

// TakeSemicolons encodes the semicolons in the query of each request, so that every reader of it takes them for data,
// as ParseForm does.
func TakeSemicolons(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.Contains(r.URL.RawQuery, ";") {
			address := *r.URL
			address.RawQuery = strings.ReplaceAll(address.RawQuery, ";", "%3B")
			r = r.Clone(r.Context())
			r.URL = &address
		}
		next.ServeHTTP(w, r)
	})
}
