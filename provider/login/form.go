package login

import (
	"io"
	"mime"
	"net/http"
	"net/url"

	"ithildin/provider/inbound"
)

// readForm reads the form of a posted page, bounded; a body of another kind is an empty form.
func readForm(r *http.Request) (url.Values, error) {
	if media, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil ||
		media != "application/x-www-form-urlencoded" {
		return url.Values{}, nil
	}
	body, err := io.ReadAll(http.MaxBytesReader(nil, r.Body, maximumForm))
	if err != nil {
		return nil, err
	}
	return inbound.ParseForm(string(body))
}
