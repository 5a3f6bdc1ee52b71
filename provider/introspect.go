package provider

import (
	"errors"
	"net/http"
	"slices"

	"ithildin/provider/oauth"
	"ithildin/storage"
)

// introspection is RFC 7662 2.2.
type introspection struct {
	Active    bool           `json:"active"`
	Scope     string         `json:"scope,omitempty"`
	ClientID  string         `json:"client_id,omitempty"`
	TokenType string         `json:"token_type,omitempty"`
	ExpiresAt int64          `json:"exp,omitempty"`
	IssuedAt  int64          `json:"iat,omitempty"`
	Subject   string         `json:"sub,omitempty"`
	Audience  oauth.Audience `json:"aud,omitempty"`
	Issuer    string         `json:"iss,omitempty"`
	ID        string         `json:"jti,omitempty"`
	AuthTime  int64          `json:"auth_time,omitempty"`
	ACR       string         `json:"acr,omitempty"`
	AMR       []string       `json:"amr,omitempty"`
}

// introspect is the introspection endpoint (RFC 7662). A confidential client may ask about tokens issued to it or meant
// for it, or about any with the policy introspect_any; of every other token it learns that it is not active.
func (p *Provider) introspect(w http.ResponseWriter, r *http.Request) error {
	client, token, err := p.askedAbout(w, r, oauth.PathIntrospect)
	if err != nil {
		return err
	}
	if client.IsPublic() || client.IsBlocked {
		return oauth.InvalidClient("A public client, or one that is blocked, may not introspect tokens.")
	}
	info, err := p.Inspect(r.Context(), token)
	if errors.Is(err, ErrInactive) || err == nil && !p.mayAsk(client, info) {
		return oauth.WriteJSON(w, http.StatusOK, introspection{})
	}
	if err != nil {
		return err
	}
	answer := introspection{
		Active: true, Scope: info.Scope, ClientID: info.ClientID, ExpiresAt: info.ExpiresAt, IssuedAt: info.IssuedAt,
		Subject: info.Subject, Audience: info.Audience, Issuer: p.issuer, ID: info.ID,
		AuthTime: info.AuthTime, ACR: info.ACR, AMR: info.AMR,
	}
	if info.Kind == "access_token" {
		answer.TokenType = "Bearer"
	}
	return oauth.WriteJSON(w, http.StatusOK, answer)
}

// mayAsk: of a refresh token only its own client hears, so that no resource server takes it for an access token.
func (p *Provider) mayAsk(client *storage.Client, info *TokenInfo) bool {
	if info.Kind == "refresh_token" {
		return info.ClientID == client.ID
	}
	return client.Policy.IntrospectAny || info.ClientID == client.ID || slices.Contains(info.Audience, client.ID)
}

// askedAbout reads a request of an authenticated client about one token, to the endpoint of that path.
func (p *Provider) askedAbout(w http.ResponseWriter, r *http.Request, endpoint string) (*storage.Client, string, error) {
	form, malformed := oauth.ReadForm(w, r)
	if malformed != nil {
		return nil, "", malformed
	}
	client, err := p.clients.Authenticate(r.Context(), endpoint, r.Header.Get("Authorization"), form)
	if err != nil {
		return nil, "", err
	}
	if !form.Has("token") {
		return nil, "", oauth.InvalidRequest("The request names no token.")
	}
	return client, form.Get("token"), nil
}
