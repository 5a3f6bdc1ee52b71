package provider

import (
	"context"
	"encoding/json"
	"strings"

	"github.com/ory/fosite"

	"ithildin/jwks"
	"ithildin/provider/details"
	"ithildin/provider/dpop"
	"ithildin/provider/oauth"
	"ithildin/storage"
)

// accessTokenClaims are the claims of RFC 9068, and the grant's id, by which a revocation reaches the token.
type accessTokenClaims struct {
	Issuer    string          `json:"iss"`
	Subject   string          `json:"sub"`
	Audience  oauth.Audience  `json:"aud"`
	ExpiresAt int64           `json:"exp"`
	IssuedAt  int64           `json:"iat"`
	ID        string          `json:"jti"`
	ClientID  string          `json:"client_id"`
	Scope     string          `json:"scope,omitempty"`
	AuthTime  int64           `json:"auth_time,omitempty"`
	ACR       string          `json:"acr,omitempty"`
	AMR       []string        `json:"amr,omitempty"`
	GrantID   string          `json:"grant_id,omitempty"`
	Details   json.RawMessage `json:"authorization_details,omitempty"` // RFC 9396 9.1

	Confirmation *storage.Confirmation `json:"cnf,omitempty"`
}

// accessTokens makes access tokens, JWT or opaque as the client's policy says. It is fosite's AccessTokenStrategy.
type accessTokens struct{ provider *Provider }

// AccessTokenSignature is never asked: introspection is ours.
func (accessTokens) AccessTokenSignature(context.Context, string) string { return "" }

// ValidateAccessToken is never asked: introspection is ours.
func (accessTokens) ValidateAccessToken(context.Context, fosite.Requester, string) error {
	return fosite.ErrServerError
}

// GenerateAccessToken leaves the token in the issuance, from where the storage and the response take it.
func (a accessTokens) GenerateAccessToken(ctx context.Context, r fosite.Requester) (string, string, error) {
	p, i := a.provider, issuanceFrom(ctx)
	client, session := storedClient(r), storedSession(r)
	if err := p.proofs.requireBinding(i, client); err != nil {
		return "", "", err
	}
	now := p.store.Now()
	i.issued.accessTokenID, i.issued.accessExpiresAt = p.store.NewID(), now.Add(i.target.lifetime(client.Policy))
	var err error
	if i.target.isOpaque(client.Policy) {
		i.issued.accessToken, err = oauth.OpaqueToken(p.random, client.Policy.TokenForm)
		return i.issued.accessToken, string(storage.Hash(i.issued.accessToken)), err
	}
	claims := accessTokenClaims{
		Issuer: p.issuer, Subject: session.Subject, Audience: audienceOf(p.issuer, client, i.target.audience),
		ExpiresAt: storage.EpochSeconds(i.issued.accessExpiresAt), IssuedAt: storage.EpochSeconds(now),
		ID: i.issued.accessTokenID, ClientID: client.ID,
		Scope: strings.Join(i.target.scope(r.GetGrantedScopes()), " "), AuthTime: storage.EpochSeconds(session.AuthTime),
		ACR: session.ACR, AMR: session.AMR, Confirmation: i.confirmation(),
		Details: details.Encode(i.details),
	}
	if session.UserID != "" {
		claims.GrantID = r.GetID()
	}
	algorithm := client.Metadata.AccessTokenSigningAlg
	if algorithm == "" {
		algorithm = jwks.ES256
	}
	typ := client.Policy.AccessTokenTyp
	if typ == "" {
		typ = storage.AccessTokenTypAccess
	}
	i.issued.accessToken, err = p.keys.Sign(algorithm, typ, claims)
	return i.issued.accessToken, "", err
}

// tokenType is the token_type of an access token that is bound to this; nil for a bearer token.
func tokenType(bound *storage.Confirmation) string {
	if bound != nil && bound.JKT != "" {
		return dpop.Header
	}
	return "Bearer"
}

// audienceOf is what was granted, else the client's first registered, else the provider itself: never empty (RFC 9068
// 3).
func audienceOf(issuer string, client *storage.Client, granted []string) oauth.Audience {
	switch {
	case len(granted) > 0:
		return granted
	case len(client.Metadata.Audience) > 0:
		return client.Metadata.Audience[:1]
	}
	return oauth.Audience{issuer}
}
