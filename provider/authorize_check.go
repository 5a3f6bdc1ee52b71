package provider

import (
	"context"
	"net/http"
	"net/url"

	"ithildin/provider/login"
	"ithildin/provider/oauth"
)

// CheckAuthorizationRequest says how an authorization request with these parameters begins for a browser in which
// nobody is signed in: nil, where it leads to the sign-in, or the error that it ends with. It changes nothing.
func (p *Provider) CheckAuthorizationRequest(ctx context.Context, parameters url.Values) error {
	e := p.authorization
	query := parameters.Encode()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, e.issuer+oauth.PathAuthorize+"?"+query, nil)
	if err != nil {
		return err
	}
	_, _, err = e.examine(r, login.Interaction{Frontend: StandardFrontend, Query: query, At: e.now().UnixMicro()})
	return err
}
