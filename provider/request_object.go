package provider

import (
	"context"
	"net/http"
	"net/url"

	"ithildin/storage"
)

// readRequestObject answers the parameters of a request, those of its request object among them (OIDC Core 6, RFC 9101), and
// whether a signature vouches for them. The form is returned as it is where it has no request object.
func (p *Provider) readRequestObject(_ context.Context, _ *storage.Client, form url.Values) (parameters url.Values, signed bool, err error) {
	switch {
	case form.Has("request"):
		return nil, false, newError(http.StatusBadRequest, CodeRequestNotSupported, "Request objects are not supported.")
	case form.Has("request_uri"):
		return nil, false, newError(http.StatusBadRequest, CodeRequestURINotSupported, "Request objects are not supported.")
	}
	return form, false, nil
}
