package login

import (
	"io"
	"mime"
	"net/http"
	"net/url"
	"strings"
)

// ParseForm reads application/x-www-form-urlencoded text, of a query or a body, as browsers write it: only & parts it, and a
// semicolon is data (WHATWG URL 5.1), which net/url refuses. With an error comes what is well formed.
func ParseForm(text string) (url.Values, error) {
	return url.ParseQuery(strings.ReplaceAll(text, ";", "%3B"))
}

// TakeSemicolons encodes the semicolons in the query of each request, so that every reader of it takes them for data, as
// ParseForm does.
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

// readForm reads the form of a posted page, bounded; a body of another kind is an empty form.
func readForm(r *http.Request) (url.Values, error) {
	if media, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || media != "application/x-www-form-urlencoded" {
		return url.Values{}, nil
	}
	body, err := io.ReadAll(http.MaxBytesReader(nil, r.Body, maximumForm))
	if err != nil {
		return nil, err
	}
	return ParseForm(string(body))
}
