package provider

import (
	"encoding/json"

	"ithildin/jwks"
	"ithildin/provider/oauth"
)

// readHint reads an id_token_hint: an ID token that this provider signed with any key that is still published, expired or
// not (OIDC Core 3.1.2.1, RP-Initiated Logout 2).
func (p *Provider) readHint(token string) (*idTokenClaims, error) {
	payload, typ, err := p.keys.Verify(token, jwks.SupportedAlgorithms...)
	var claims struct {
		idTokenClaims
		ClientID string `json:"client_id"` // an access token has it, which may be of the same typ
	}
	if err != nil || typ != typeIDToken || json.Unmarshal(payload, &claims) != nil || claims.Issuer != p.issuer ||
		claims.ClientID != "" {
		return nil, oauth.InvalidRequest("The id_token_hint is not an ID token of this provider.").Because(err)
	}
	return &claims.idTokenClaims, nil
}
