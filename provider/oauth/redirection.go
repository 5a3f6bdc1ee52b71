package oauth

import (
	"net/http"
	"net/url"
	"strings"
)

// WithParameters appends to the query of a URI and leaves the query that it has as it was registered.
func WithParameters(uri string, parameters url.Values) string {
	separator := "?"
	if strings.Contains(uri, "?") {
		separator = "&"
		if strings.HasSuffix(uri, "?") || strings.HasSuffix(uri, "&") {
			separator = ""
		}
	}
	return uri + separator + parameters.Encode()
}

// SeeOther is a 303, so that no browser sends a form on to the client (RFC 9700 2.6), written as it is: net/http would
// rewrite the path of the client's URI.
func SeeOther(w http.ResponseWriter, location string) {
	header := w.Header()
	header.Set("Location", location)
	header.Set("Cache-Control", "no-store")
	header.Set("Referrer-Policy", "no-referrer")
	w.WriteHeader(http.StatusSeeOther)
}
