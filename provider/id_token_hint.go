package provider

import (
	"encoding/json"

	"ithildin/jwks"
	"ithildin/provider/oauth"
)

// idTokenHints reads what clients send as id_token_hint.
type idTokenHints struct {
	keys   *jwks.Set
	issuer string
}

// read reads an id_token_hint: an ID token that this provider signed with any key that is still published, expired or
// not (OIDC Core 3.1.2.1, RP-Initiated Logout 2).
func (h idTokenHints) read(token string) (*idTokenClaims, error) {
	payload, typ, err := h.keys.Verify(token, jwks.SupportedAlgorithms...)
	var claims struct {
		idTokenClaims
		ClientID string `json:"client_id"` // an access token has it, which may be of the same typ
	}
	if err != nil || typ != typeIDToken || json.Unmarshal(payload, &claims) != nil || claims.Issuer != h.issuer ||
		claims.ClientID != "" {
		return nil, oauth.InvalidRequest("The id_token_hint is not an ID token of this provider.").Because(err)
	}
	return &claims.idTokenClaims, nil
}
