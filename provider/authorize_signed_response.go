package provider

import (
	"cmp"
	"net/url"
	"time"

	"ithildin/jwks"
	"ithildin/storage"
)

// signedResponseLifetime is how long a signed authorization response is good (JARM 2.1 wants 10 minutes at most).
const signedResponseLifetime = 5 * time.Minute

// signResponse makes a JWT of the parameters of an authorization response, iss among them, by the algorithm that the
// client registered, RS256 by default (JARM 2.1, 3).
func (e *authorizeEndpoint) signResponse(client *storage.Client, parameters url.Values) (string, error) {
	claims := map[string]any{}
	for name := range parameters {
		claims[name] = parameters.Get(name)
	}
	claims["aud"] = client.ID
	claims["exp"] = e.store.Now().Add(signedResponseLifetime).Unix()
	return e.keys.Sign(cmp.Or(client.Metadata.AuthorizationSignedResponseAlg, jwks.RS256), "", claims)
}
