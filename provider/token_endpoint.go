package provider

import (
	"encoding/json"
	"net/http"
	"time"

	"ithildin/provider/oauth"
)

// tokenResponse is RFC 6749 5.1 and OIDC Core 3.1.3.3.
type tokenResponse struct {
	AccessToken  string          `json:"access_token"`
	TokenType    string          `json:"token_type"`
	ExpiresIn    int64           `json:"expires_in"`
	RefreshToken string          `json:"refresh_token,omitempty"`
	IDToken      string          `json:"id_token,omitempty"`
	Scope        string          `json:"scope,omitempty"`
	Details      json.RawMessage `json:"authorization_details,omitempty"` // RFC 9396 7
}

// token is the token endpoint (RFC 6749 3.2).
func (p *Provider) token(w http.ResponseWriter, r *http.Request) error {
	form, malformed := oauth.ReadForm(w, r)
	if malformed != nil {
		return malformed
	}
	proof, err := p.proofs.ofRequest(w, r, oauth.PathToken)
	if err != nil {
		p.metrics.tokenRefused(form.Get("grant_type"), oauth.AsError(err).Code)
		return err
	}
	set, err := p.Exchange(r.Context(), TokenRequest{
		Authorization: r.Header.Get("Authorization"), Form: form, Proof: proof,
	})
	if err != nil {
		return err
	}
	p.cors.AllowOrigin(w, r, set.ClientID)
	set.Allowance.WriteTo(w.Header())
	return oauth.WriteJSON(w, http.StatusOK, tokenResponse{
		AccessToken: set.AccessToken, TokenType: set.TokenType, ExpiresIn: int64(set.ExpiresIn / time.Second),
		RefreshToken: set.RefreshToken, IDToken: set.IDToken, Scope: set.Scope, Details: set.Details,
	})
}
