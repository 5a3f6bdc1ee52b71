package provider

import (
	"context"
	"encoding/json"
	"time"

	"github.com/ory/fosite"

	"ithildin/jwks"
	"ithildin/provider/oauth"
	"ithildin/storage"
)

// idTokenLifetime is how long an ID token may be used to learn who signed in. It gives access to nothing, so it is the
// same for every client.
const idTokenLifetime = time.Hour

// typeIDToken is the typ of an ID token. An access token has another, or at least a client_id, which no ID token has.
const typeIDToken = "JWT"

// idTokenClaims are the claims of an ID token (OIDC Core 2, 3.1.3.6, 3.3.2.11). What a scope opens of the user is told
// by userinfo, unless there is no access token to ask it with.
type idTokenClaims struct {
	Issuer          string         `json:"iss"`
	Subject         string         `json:"sub"`
	Audience        oauth.Audience `json:"aud"`
	ExpiresAt       int64          `json:"exp"`
	IssuedAt        int64          `json:"iat"`
	AuthTime        int64          `json:"auth_time,omitempty"`
	Nonce           string         `json:"nonce,omitempty"`
	ACR             string         `json:"acr,omitempty"`
	AMR             []string       `json:"amr,omitempty"`
	AccessTokenHash string         `json:"at_hash,omitempty"`
	CodeHash        string         `json:"c_hash,omitempty"`
	StateHash       string         `json:"s_hash,omitempty"` // FAPI 1.0 Advanced 5.1
	SessionID       string         `json:"sid,omitempty"`
}

// idTokens makes ID tokens from the session of a code or grant. It is fosite's OpenIDConnectTokenStrategy.
type idTokens struct{ provider *Provider }

// GenerateIDToken signs with the algorithm that the client registered, RS256 by default (OIDC Core 15.1). The hashes
// are of the access token and the code that the same answer carries.
func (t idTokens) GenerateIDToken(ctx context.Context, _ time.Duration, r fosite.Requester) (string, error) {
	p, i := t.provider, issuanceFrom(ctx)
	session := storedSession(r)
	algorithm := idTokenAlgorithm(i.client)
	accessTokenHash, err := halfHash(algorithm, i.issued.accessToken)
	if err != nil {
		return "", err
	}
	codeHash, err := halfHash(algorithm, i.issued.code)
	if err != nil {
		return "", err
	}
	stateHash := ""
	if request, isAuthorization := r.(fosite.AuthorizeRequester); isAuthorization && i.client.Profile().StateHash {
		if stateHash, err = halfHash(algorithm, request.GetState()); err != nil {
			return "", err
		}
	}
	now := p.store.Now().Unix()
	claims := idTokenClaims{
		Issuer: p.issuer, Subject: session.Subject, Audience: oauth.Audience{i.client.ID},
		ExpiresAt: now + int64(idTokenLifetime/time.Second), IssuedAt: now,
		AuthTime: storage.EpochSeconds(session.AuthTime),
		ACR:      session.ACR, AMR: session.AMR, AccessTokenHash: accessTokenHash, CodeHash: codeHash,
		StateHash: stateHash,
		SessionID: p.identifiers.sid(session.SessionID, i.client.ID),
	}
	if i.refreshToken == nil { // a nonce answers its authorization request, not a refresh (OIDC Core 12.2)
		claims.Nonce = session.Nonce
	}
	payload, err := claims.with(i.user, allowedClaims(i.client, session.ClaimsInIDToken))
	if err != nil {
		return "", err
	}
	return p.keys.Sign(algorithm, typeIDToken, payload)
}

// halfHash is at_hash or c_hash, "" where there is nothing to hash.
func halfHash(algorithm, value string) (string, error) {
	if value == "" {
		return "", nil
	}
	return jwks.HalfHash(algorithm, value)
}

// with adds claims of the user; those of the token itself come first.
func (c idTokenClaims) with(user storage.UserClaims, names []string) (any, error) {
	if len(names) == 0 {
		return c, nil
	}
	all, err := selectClaims(user, names)
	if err != nil {
		return nil, err
	}
	own, err := json.Marshal(c)
	if err != nil {
		return nil, err
	}
	return all, json.Unmarshal(own, &all)
}

func idTokenAlgorithm(client *storage.Client) string {
	if alg := client.Metadata.IDTokenSignedResponseAlg; alg != "" {
		return alg
	}
	return jwks.RS256
}
