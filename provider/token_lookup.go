package provider

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"ithildin/storage"
)

// maximumToken bounds a presented token, in bytes.
const maximumToken = 16 << 10

// presentedToken is a token as it was presented, as far as it can be read without the database.
type presentedToken struct {
	claims *accessTokenClaims // of a JWT, whose signature is ours; nil for any other
	probe  storage.TokenProbe
}

// foundToken is what is known of a token, one that is over too. Inspect and Verify judge it, each by its own order.
type foundToken struct {
	*storage.FoundToken
	isJWT    bool
	subject  string
	audience []string  // the resources that it is for
	authTime time.Time // zero where it is not known
	amr      []string
	acr      string
	bound    *storage.Confirmation
	details  json.RawMessage  // authorization details
	session  *storage.Session // nil for a JWT, whose grant has it
}

// read reads a token of any kind. Errors: ErrTokenUnknown for one that cannot be ours.
func (t *Tokens) read(token string) (presentedToken, error) {
	switch {
	case token == "" || len(token) > maximumToken:
		return presentedToken{}, fmt.Errorf("%w: empty or too long", ErrTokenUnknown)
	case strings.Count(token, ".") == 2:
		claims, err := t.readAccessToken(token)
		if err != nil {
			return presentedToken{}, fmt.Errorf("%w: %w", ErrTokenUnknown, err)
		}
		return presentedToken{&claims, storage.TokenProbe{JTI: claims.ID, GrantID: claims.GrantID}}, nil
	case strings.HasPrefix(token, refreshPrefix):
		grantID, generation, known := t.refreshTokens.parse(token)
		if !known {
			return presentedToken{}, fmt.Errorf("%w: a refresh token that is not ours", ErrTokenUnknown)
		}
		return presentedToken{probe: storage.TokenProbe{GrantID: grantID, Generation: generation}}, nil
	}
	return presentedToken{probe: storage.TokenProbe{Hash: storage.Hash(token)}}, nil
}

// find looks a token up, in one read. Errors: ErrTokenUnknown.
func (t *Tokens) find(ctx context.Context, given presentedToken) (foundToken, error) {
	row, err := t.store.FindToken(ctx, given.probe)
	if errors.Is(err, storage.ErrNotFound) {
		return foundToken{}, ErrTokenUnknown
	}
	if err != nil {
		return foundToken{}, err
	}
	if c := given.claims; c != nil {
		row.Kind, row.ID, row.ClientID, row.GrantID = storage.KindAccessToken, c.ID, c.ClientID, c.GrantID
		row.Scope = c.Scope
		row.CreatedAt, row.ExpiresAt = storage.FromEpochSeconds(c.IssuedAt), storage.FromEpochSeconds(c.ExpiresAt)
		return foundToken{
			FoundToken: row, isJWT: true, subject: c.Subject, audience: c.Audience,
			authTime: storage.FromEpochSeconds(c.AuthTime), amr: c.AMR, acr: c.ACR,
			bound: c.Confirmation, details: c.Details,
		}, nil
	}
	session, err := row.Session()
	if err != nil {
		return foundToken{}, err
	}
	return foundToken{
		FoundToken: row, subject: session.Subject, audience: session.Audience, authTime: session.AuthTime,
		amr: session.AMR, acr: session.ACR, bound: session.Confirmation, details: session.AuthorizationDetails,
		session: session,
	}, nil
}

// readAccessToken reads the claims of a JWT access token of ours. It never takes an ID token for one: a JWT must say
// at+jwt, or JWT as ID tokens do and have the client_id that these never have.
func (t *Tokens) readAccessToken(token string) (accessTokenClaims, error) {
	var claims accessTokenClaims
	payload, typ, err := t.keys.Verify(token)
	switch {
	case err != nil:
		return claims, err
	case typ != storage.AccessTokenTypAccess && typ != storage.AccessTokenTypJWT:
		return claims, errors.New("a JWT, but no access token")
	}
	if err := json.Unmarshal(payload, &claims); err != nil {
		return claims, err
	}
	switch {
	case claims.Issuer != t.issuer:
		return claims, errors.New("of another issuer")
	case claims.ClientID == "" || claims.ID == "":
		return claims, errors.New("a JWT without client_id or jti, so no access token")
	}
	return claims, nil
}
