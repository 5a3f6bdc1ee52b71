package provider

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"time"

	"ithildin/jwks"
	"ithildin/provider/clientauth"
	"ithildin/provider/details"
	"ithildin/provider/inbound"
	"ithildin/provider/oauth"
	"ithildin/storage"
)

// introspection is RFC 7662 2.2.
type introspection struct {
	Active    bool            `json:"active"`
	Scope     string          `json:"scope,omitempty"`
	ClientID  string          `json:"client_id,omitempty"`
	TokenType string          `json:"token_type,omitempty"`
	ExpiresAt int64           `json:"exp,omitempty"`
	IssuedAt  int64           `json:"iat,omitempty"`
	Subject   string          `json:"sub,omitempty"`
	Audience  oauth.Audience  `json:"aud,omitempty"`
	Issuer    string          `json:"iss,omitempty"`
	ID        string          `json:"jti,omitempty"`
	AuthTime  int64           `json:"auth_time,omitempty"`
	ACR       string          `json:"acr,omitempty"`
	AMR       []string        `json:"amr,omitempty"`
	Details   json.RawMessage `json:"authorization_details,omitempty"` // RFC 9396 9.2

	Confirmation *storage.Confirmation `json:"cnf,omitempty"`
}

// tokenEndpoints are those that are asked about one token: introspection, revocation and userinfo.
type tokenEndpoints struct {
	store   *storage.Store
	keys    *jwks.Set
	issuer  string
	clients *clientauth.Authenticator
	tokens  *Tokens
	proofs  *Proofs
	cors    *oauth.CORS
	rate    *inbound.SharedLimit // of introspections
	now     func() time.Time
}

// introspect is the introspection endpoint (RFC 7662; RFC 9701 for answers that are signed). A confidential client may
// ask about tokens issued to it, meant for it or for a resource that it is, or about any with the policy
// introspect_any; of every other token it learns that it is not active.
func (e *tokenEndpoints) introspect(w http.ResponseWriter, r *http.Request) error {
	client, token, err := e.readTokenRequest(w, r, oauth.PathIntrospect)
	if err != nil {
		return err
	}
	if client.IsPublic() || client.IsBlocked {
		return oauth.InvalidClient("A public client, or one that is blocked, may not introspect tokens.")
	}
	allowance, err := takeOf(r.Context(), e.rate, client, e.now())
	if err != nil {
		return err
	}
	allowance.WriteTo(w.Header())
	response, err := e.introspected(r, client, token)
	if err != nil {
		return err
	}
	w.Header().Set("Vary", "Accept")
	if wantsSignedIntrospection(r) {
		return e.writeSignedIntrospection(w, client, response)
	}
	return oauth.WriteJSON(w, http.StatusOK, response)
}

// introspected is what a client is told of a token: of one that it may not see, as of one that is over, that it is not
// active and nothing more.
func (e *tokenEndpoints) introspected(r *http.Request, client *storage.Client, token string) (introspection, error) {
	info, err := e.tokens.Inspect(storage.MayBeStale(r.Context()), token)
	if err == nil {
		err = e.mayInspect(r.Context(), client, info)
	}
	if errors.Is(err, ErrInactive) {
		return introspection{}, nil
	}
	if err != nil {
		return introspection{}, err
	}
	response := introspection{
		Active: true, Scope: info.Scope, ClientID: info.ClientID,
		ExpiresAt: storage.EpochSeconds(info.ExpiresAt), IssuedAt: storage.EpochSeconds(info.IssuedAt),
		Subject: info.Subject, Audience: info.Audience, Issuer: e.issuer, ID: info.ID,
		AuthTime: storage.EpochSeconds(info.AuthTime), ACR: info.ACR, AMR: info.AMR,
	}
	if info.Kind == storage.KindAccessToken {
		response.TokenType, response.Confirmation = tokenType(info.Confirmation), info.Confirmation
	}
	visible, err := e.visibleDetails(r.Context(), client, info)
	if err != nil {
		return introspection{}, err
	}
	response.Details = details.Encode(visible)
	return response, nil
}

// visibleDetails are the authorization details that a client is told of: a resource of those that are for it, and those
// that name no resource (RFC 9396 9.2).
func (e *tokenEndpoints) visibleDetails(
	ctx context.Context, client *storage.Client, info *TokenInfo,
) ([]details.Detail, error) {
	if len(info.Details) == 0 || info.ClientID == client.ID || client.Policy.IntrospectAny {
		return info.Details, nil
	}
	own, err := e.resourcesOf(ctx, client)
	return details.ForResources(info.Details, own), err
}

// mayInspect returns ErrInactive where a client may not be told of a token. A refresh token is shown to its own client
// only, so that no resource server takes it for an access token; an access token to the resources too that it is for.
func (e *tokenEndpoints) mayInspect(ctx context.Context, client *storage.Client, info *TokenInfo) error {
	if info.ClientID == client.ID {
		return nil
	}
	if info.Kind == storage.KindRefreshToken {
		return inactive("a refresh token of another client")
	}
	if client.Policy.IntrospectAny {
		return nil
	}
	audience := info.Audience
	if len(audience) == 0 { // an opaque token whose request named no resource is for those of its client, as a JWT says
		holder, err := e.store.Client(ctx, info.ClientID)
		if errors.Is(err, storage.ErrNotFound) {
			return inactive("of a client that is gone")
		}
		if err != nil {
			return err
		}
		audience = audienceOf(e.issuer, holder, nil)
	}
	own, err := e.resourcesOf(ctx, client)
	if err != nil {
		return err
	}
	if !slices.ContainsFunc(own, func(name string) bool { return slices.Contains(audience, name) }) {
		return inactive("for another resource")
	}
	return nil
}

// resourcesOf are the names under which a client is a resource: its own id, and those that are registered for it.
func (e *tokenEndpoints) resourcesOf(ctx context.Context, client *storage.Client) ([]string, error) {
	resources, err := e.store.Resources(ctx)
	own := []string{client.ID}
	for _, r := range resources {
		if r.ClientID == client.ID {
			own = append(own, r.Identifier)
		}
	}
	return own, err
}

// readTokenRequest reads a request of an authenticated client about one token, to the endpoint of that path.
func (e *tokenEndpoints) readTokenRequest(
	w http.ResponseWriter,
	r *http.Request,
	endpoint string,
) (*storage.Client, string, error) {
	form, malformed := oauth.ReadForm(w, r)
	if malformed != nil {
		return nil, "", malformed
	}
	client, err := e.clients.Authenticate(r.Context(), endpoint, r.Header.Get("Authorization"), form)
	if err != nil {
		return nil, "", err
	}
	if !form.Has("token") {
		return nil, "", oauth.InvalidRequest("The request names no token.")
	}
	return client, form.Get("token"), nil
}
