package provider

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"ithildin/provider/clientauth"
	"ithildin/provider/inbound"
	"ithildin/provider/oauth"
	"ithildin/storage"
)

// What a gateway is told of a token that does not verify; ErrUnknownClient, ErrClientBlocked
// and ErrUserBlocked are among them too.
var (
	ErrTokenUnknown = errors.New("provider: the token is unknown")
	ErrTokenExpired = errors.New("provider: the token has expired, or was revoked")
	ErrAudience     = errors.New("provider: the token is for another resource")
	ErrUnknownUser  = errors.New("provider: the user of the token is unknown")
	ErrAccessType   = errors.New("provider: the private settings of the client have no access_type")
)

// Verification is what a gateway must know of a token (contract section 2.6).
type Verification struct {
	Kind         string // authorization_code, access_token, refresh_token, 2fa_access_token or change_password_token
	ID           string // UUID
	ClientID     string
	UserID       string
	PersonID     string // "" where the user has none
	Scope        string // "" for a refresh token and for a code
	ScopeRequest string // what a code, or a sign-in that is not complete, was asked for
	GrantType    string
	RedirectURI  string
	ExpiresAt    int64 // epoch seconds
	IsJWT        bool
	AuthTime     int64 // microseconds; 0 where it is not known
	AMR          []string
	ACR          string
	// the resources that an access token is for; none for an opaque one that was asked for without any
	Audience    []string
	Client      *storage.Client
	BrokerScope string // of the MIS whose api-key came along; "" for a DIRECT client
	MISClientID string // likewise
}

// Verify says what a token of any kind and either face stands for, in one read of the database. The api-key, "" where
// none came along, counts for clients that work through a broker. The checks are in the order of contract section 2.6,
// and the first that fails is the error: ErrTokenUnknown, ErrTokenExpired, ErrAudience, ErrUnknownClient,
// ErrClientBlocked, ErrUnknownUser, ErrUserBlocked, ErrAccessType, ErrAPIKeyMissing, ErrAPIKeyInvalid,
// ErrBrokerSettings.
func (t *Tokens) Verify(ctx context.Context, token, apiKey string) (*Verification, error) {
	if token == "" || len(token) > maximumToken {
		return nil, ErrTokenUnknown
	}
	probe, err := t.clients.Probe(ctx, apiKey)
	if err != nil {
		return nil, err
	}
	var found *storage.Verification
	v := &Verification{}
	if strings.Count(token, ".") == 2 {
		found, err = t.verifyJWT(ctx, token, probe, v)
	} else {
		found, err = t.verifyOpaque(ctx, token, probe, v)
	}
	if err != nil {
		return nil, err
	}
	inbound.RecordOf(ctx).About(v.ClientID, v.UserID)
	v.PersonID = found.PersonID
	if found.ExpiresAt <= t.store.Now().Unix() {
		return v, ErrTokenExpired
	}
	if len(v.Audience) > 0 && !v.IsFor(*t.audiences.Load()) {
		return v, fmt.Errorf("%w: %q", ErrAudience, v.Audience)
	}
	if err := t.verifyHolders(ctx, v, found); err != nil {
		return v, err
	}
	err = t.verifyBroker(ctx, v, apiKey, found.KeyClientID)
	if errors.Is(err, clientauth.ErrAPIKeyInvalid) {
		_ = t.clients.APIKeyFailed(ctx) // a gateway is told in the words of the contract, limited or not
	}
	if err == nil && found.KeyClientID != "" {
		t.clients.RememberAPIKey(probe)
	}
	return v, err
}

// IsFor says whether an access token is for one of the resources.
func (v *Verification) IsFor(resources []string) bool {
	return slices.ContainsFunc(v.Audience, func(name string) bool { return slices.Contains(resources, name) })
}

// SetAudiences says which resources gateways ask for, from now on: Verify refuses a token that is for none of them (RFC
// 9068 section 4). Without it that is the issuer alone.
func (t *Tokens) SetAudiences(resources []string) { t.audiences.Store(&resources) }

func (t *Tokens) verifyOpaque(
	ctx context.Context, token string, probe storage.APIKeyProbe, v *Verification,
) (*storage.Verification, error) {
	tokenProbe := storage.Presented{Hash: storage.Hash(token), APIKey: probe}
	if strings.HasPrefix(token, refreshPrefix) {
		var known bool
		tokenProbe.GrantID, tokenProbe.Generation, known = t.refreshTokens.parse(token)
		if !known {
			return nil, ErrTokenUnknown
		}
	}
	found, err := t.store.Verify(ctx, tokenProbe)
	if errors.Is(err, storage.ErrNotFound) {
		return nil, ErrTokenUnknown
	}
	if err != nil {
		return nil, err
	}
	v.Kind, v.ID, v.ClientID, v.UserID, v.ExpiresAt = found.Kind, found.ID, found.ClientID, found.UserID, found.ExpiresAt
	v.Scope, v.RedirectURI, v.GrantType = found.Scope, found.Session.RedirectURI, found.Session.GrantType
	v.ScopeRequest = found.Session.ScopeRequest
	v.AuthTime, v.AMR, v.ACR = found.Session.AuthTime, found.Session.AMR, found.Session.ACR
	if v.Kind == storage.KindAccessToken {
		v.Audience = found.Session.Audience
	}
	switch {
	case found.Kind == storage.KindAuthorizationCode:
		v.GrantType, v.RedirectURI = "password", found.RedirectURI // always, in the old system (contract section 1)
		v.Scope, v.ScopeRequest = "", found.Scope
	case v.GrantType == "" || found.Kind == storage.KindRefreshToken:
		v.GrantType = "authorization_code"
	}
	if v.GrantType == "refresh_token" || found.Kind == storage.KindRefreshToken {
		v.RedirectURI = ""
	}
	return found, nil
}

func (t *Tokens) verifyJWT(
	ctx context.Context, token string, probe storage.APIKeyProbe, v *Verification,
) (*storage.Verification, error) {
	claims, err := t.readAccessToken(token)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrTokenUnknown, err)
	}
	v.Kind, v.ID, v.IsJWT, v.ClientID, v.Scope = storage.KindAccessToken, claims.ID, true, claims.ClientID, claims.Scope
	v.ExpiresAt, v.GrantType = claims.ExpiresAt, "client_credentials"
	v.AuthTime, v.AMR, v.ACR, v.Audience = claims.AuthTime*1e6, claims.AMR, claims.ACR, claims.Audience
	if claims.GrantID != "" {
		v.GrantType = "authorization_code"
	}
	found, err := t.store.VerifyJWT(ctx, storage.PresentedJWT{
		JTI: claims.ID, GrantID: claims.GrantID, APIKey: probe,
	})
	if err != nil {
		return nil, err
	}
	v.UserID = found.UserID
	if found.ExpiresAt > 0 { // it was not ended
		found.ExpiresAt = claims.ExpiresAt
	}
	return found, nil
}

// verifyHolders are the checks of client and user. A token of the client itself stands for no user, and no
// gateway of this contract has a use for it.
func (t *Tokens) verifyHolders(ctx context.Context, v *Verification, found *storage.Verification) error {
	client, err := t.store.Client(ctx, v.ClientID)
	switch {
	case errors.Is(err, storage.ErrNotFound):
		return oauth.ErrUnknownClient
	case err != nil:
		return err
	case client.IsBlocked:
		return oauth.ErrClientBlocked
	case !found.UserKnown:
		return ErrUnknownUser
	case found.UserBlocked:
		return ErrUserBlocked
	}
	v.Client = client
	return nil
}

// verifyBroker refuses a client that works through a broker if the api-key of a broker is missing.
func (t *Tokens) verifyBroker(ctx context.Context, v *Verification, apiKey, keyClientID string) error {
	switch v.Client.AccessType() {
	case storage.AccessTypeDirect:
		return nil
	case storage.AccessTypeBroker:
	default:
		return ErrAccessType
	}
	switch {
	case apiKey == "":
		return clientauth.ErrAPIKeyMissing
	case keyClientID == "":
		return clientauth.ErrAPIKeyInvalid
	}
	broker, err := t.clients.Broker(ctx, keyClientID)
	if err != nil {
		return err
	}
	v.MISClientID, v.BrokerScope = broker.ClientID, broker.BrokerScope
	return nil
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
