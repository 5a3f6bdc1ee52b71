package provider

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"ithildin/provider/clientauth"
	"ithildin/provider/dpop"
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
	ExpiresAt    time.Time
	IsJWT        bool
	AuthTime     time.Time // zero where it is not known
	AMR          []string
	ACR          string
	// the resources that an access token is for; none for an opaque one that was asked for without any
	Audience    []string
	Client      *storage.Client
	BrokerScope string // of the MIS whose api-key came along; "" for a DIRECT client
	MISClientID string // likewise
}

// Verify says what a token of any kind and either interface stands for, in one read of the database. The api-key, ""
// where none came along, counts for clients that work through a broker; the proof, nil where none did, for tokens that
// are bound to a key, and is not used up. The checks are in the order of contract section 2.6, and the first that fails
// is the error: ErrTokenUnknown, ErrTokenExpired, ErrNotHeld, ErrAudience, ErrUnknownClient, ErrClientBlocked,
// ErrUnknownUser, ErrUserBlocked, ErrAccessType, ErrAPIKeyMissing, ErrAPIKeyInvalid, ErrBrokerSettings.
func (t *Tokens) Verify(ctx context.Context, token, apiKey string, proof *dpop.Proof) (*Verification, error) {
	given, err := t.read(token)
	if err != nil {
		return nil, err
	}
	if given.probe.APIKey, err = t.clients.Probe(ctx, apiKey); err != nil {
		return nil, err
	}
	found, err := t.find(ctx, given)
	if err != nil {
		return nil, err
	}
	v := verificationOf(found)
	inbound.RecordOf(ctx).About(v.ClientID, v.UserID)
	if found.IsRevoked || !found.ExpiresAt.After(t.store.Now()) {
		return v, ErrTokenExpired
	}
	if err := t.proofs.Require(ctx, found.bound, token, proof); err != nil {
		return v, err
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
		t.clients.RememberAPIKey(given.probe.APIKey)
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

// verificationOf puts what was found in the words of contract section 2.6.
func verificationOf(found foundToken) *Verification {
	v := &Verification{
		Kind: found.Kind, ID: found.ID, ClientID: found.ClientID, UserID: found.UserID, PersonID: found.PersonID,
		Scope: found.Scope, ExpiresAt: found.ExpiresAt, IsJWT: found.isJWT, AuthTime: found.authTime, AMR: found.amr,
		ACR: found.acr, GrantType: "authorization_code",
	}
	if found.Kind == storage.KindAccessToken {
		v.Audience = found.audience
	}
	switch {
	case found.isJWT:
		if found.GrantID == "" {
			v.GrantType = "client_credentials"
		}
		return v
	case found.Kind == storage.KindAuthorizationCode:
		v.GrantType, v.RedirectURI = "password", found.RedirectURI // always, in the old system (contract section 1)
		v.Scope, v.ScopeRequest = "", found.Scope
		return v
	}
	v.ScopeRequest = found.session.ScopeRequest
	if found.Kind == storage.KindRefreshToken {
		v.Scope = ""
		return v
	}
	v.GrantType = cmp.Or(found.session.GrantType, v.GrantType)
	if v.GrantType != "refresh_token" {
		v.RedirectURI = found.session.RedirectURI
	}
	return v
}

// verifyHolders are the checks of client and user. A token of the client itself stands for no user, and no
// gateway of this contract has a use for it.
func (t *Tokens) verifyHolders(ctx context.Context, v *Verification, found foundToken) error {
	client, err := t.documented.Stored(ctx, v.ClientID)
	switch {
	case errors.Is(err, storage.ErrNotFound):
		return oauth.ErrUnknownClient
	case err != nil:
		return err
	case client.IsBlocked:
		return oauth.ErrClientBlocked
	case !t.documented.Takes(client):
		return oauth.ErrUnknownClient
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
