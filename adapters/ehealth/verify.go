package ehealth

import (
	"context"
	"errors"
	"net/http"
	"strings"

	"github.com/go-chi/chi/v5"

	"ithildin/provider"
	"ithildin/provider/clientauth"
	"ithildin/provider/dpop"
	"ithildin/provider/inbound"
	"ithildin/provider/oauth"
	"ithildin/storage"
)

// The errors of verification, word for word.
var (
	errVerifyExpired  = unauthorized("invalid_grant", "Token expired or client approval was revoked.")
	errVerifyClient   = unauthorized("invalid_client", "Authentication failed.")
	errVerifyUser     = unauthorized("invalid_user", "Authentication failed.")
	errAccessType     = unauthorized("access_denied", "Client settings must contain access_type.")
	errAPIKeyRequired = unprocessable("API-KEY header required.")
	errAPIKeyHeader   = unprocessable("API-KEY header is invalid.")
	errBrokerSettings = unprocessable("Incorrect broker settings.")
	errAPIKey         = unprocessable("API-KEY is invalid.")
)

// errVerifyProof is no part of the contract, whose tokens are bound to nothing.
var errVerifyProof = unauthorized("invalid_dpop_proof", "The DPoP proof is missing or invalid.")

// verificationFailures are looked through in order.
var verificationFailures = []struct {
	cause error
	error contractError
}{
	{provider.ErrTokenUnknown, errNotFound},
	{provider.ErrTokenExpired, errVerifyExpired},
	{provider.ErrNotHeld, errVerifyProof},
	{provider.ErrAudience, errNotFound}, // to this gateway it is no token
	{oauth.ErrUnknownClient, errNotFound},
	{oauth.ErrClientBlocked, errVerifyClient},
	{provider.ErrUnknownUser, errNotFound},
	{provider.ErrUserBlocked, errVerifyUser},
	{provider.ErrAccessType, errAccessType},
	{clientauth.ErrAPIKeyMissing, errAPIKeyRequired},
	{clientauth.ErrAPIKeyInvalid, errAPIKeyHeader},
	{clientauth.ErrBrokerSettings, errBrokerSettings},
}

// verificationError words what Verify refused with; any other error stays as it is.
func verificationError(err error) error {
	if known, is := refusedVerification(err); is {
		return known
	}
	return err
}

func refusedVerification(err error) (contractError, bool) {
	for _, known := range verificationFailures {
		if errors.Is(err, known.cause) {
			return known.error.because(err), true
		}
	}
	return contractError{}, false
}

// verifiedToken is the data of a token that verifies. A gateway that keeps to the contract reads user_id,
// details.scope, details.broker_scope and user.person_id; the refresh token, which the old answer had too, opens doors
// and is no gateway's business.
type verifiedToken struct {
	ID        string          `json:"id"`
	Name      string          `json:"name"`
	Value     string          `json:"value"`
	UserID    string          `json:"user_id"`
	ExpiresAt int64           `json:"expires_at"` // epoch seconds
	Details   verifiedDetails `json:"details"`
	User      *verifiedPerson `json:"user,omitempty"`
}

// verifiedDetails leaves out the scope of a code, and has an empty one for a refresh token: that is what keeps them
// from opening anything at a gateway.
type verifiedDetails struct {
	Scope        *string `json:"scope,omitempty"`
	ScopeRequest string  `json:"scope_request,omitempty"`
	BrokerScope  string  `json:"broker_scope,omitempty"`
	RedirectURI  string  `json:"redirect_uri,omitempty"`
	GrantType    string  `json:"grant_type"`
	ClientID     string  `json:"client_id"`
}

type verifiedPerson struct {
	PersonID string `json:"person_id"`
}

// proofOf is the DPoP proof of the request that a gateway asks about; nil where it has none. The gateway sends the
// proof on, and describes the request as to package gateway.
func (a *Adapter) proofOf(w http.ResponseWriter, r *http.Request) (*dpop.Proof, error) {
	if len(r.Header.Values(dpop.Header)) == 0 {
		return nil, nil
	}
	described, err := inbound.DescribedBy(r.Header)
	if err != nil {
		return nil, errVerifyProof.because(err)
	}
	proof, err := a.provider.Proofs().OfGateway(r.Header, w.Header(), described.Method, described.Target)
	return proof, proofError(err)
}

// proofError words why a proof was refused; a fault stays as it is.
func proofError(err error) error {
	if err == nil || oauth.AsError(err).Status >= http.StatusInternalServerError {
		return err
	}
	return errVerifyProof.because(err)
}

// verify is GET /admin/tokens/{value}/verify.
func (a *Adapter) verify(w http.ResponseWriter, r *http.Request) error {
	value := chi.URLParam(r, "token")
	proof, err := a.proofOf(w, r)
	if err != nil {
		return err
	}
	v, err := a.provider.Tokens().Verify(storage.MayBeStale(r.Context()), value, r.Header.Get("Api-Key"), proof)
	if err != nil {
		return verificationError(err)
	}
	if err := a.provider.Proofs().Use(r.Context(), proof); err != nil {
		return proofError(err)
	}
	data := verifiedToken{
		ID: v.ID, Name: v.Kind, Value: value, UserID: v.UserID, ExpiresAt: storage.EpochSeconds(v.ExpiresAt),
		Details: verifiedDetails{
			ScopeRequest: v.ScopeRequest, BrokerScope: v.BrokerScope, RedirectURI: v.RedirectURI, GrantType: v.GrantType,
			ClientID: v.ClientID,
		},
	}
	if v.Kind != storage.KindAuthorizationCode {
		data.Details.Scope = &v.Scope
	}
	if v.PersonID != "" {
		data.User = &verifiedPerson{PersonID: v.PersonID}
	}
	var misClientID *string
	if v.MISClientID != "" {
		misClientID = &v.MISClientID
	}
	return a.answerUrgent(w, r, http.StatusOK, data, map[string]*string{"mis_client_id": misClientID})
}

// roleObject is a role as the old system shows it.
type roleObject struct {
	ID    string `json:"id"`
	Name  string `json:"name"`
	Scope string `json:"scope"`
}

// verifiedUser is GET /admin/tokens/{value}/user. It asks less than verify: neither blocks nor brokers count. A DPoP
// proof is not used up, since a gateway that asks for the user of a request has had the same request verified.
func (a *Adapter) verifiedUser(w http.ResponseWriter, r *http.Request) error {
	proof, err := a.proofOf(w, r)
	if err != nil {
		return err
	}
	v, err := a.provider.Tokens().Verify(storage.MayBeStale(r.Context()), chi.URLParam(r, "token"), "", proof)
	switch _, rejected := refusedVerification(err); {
	case err != nil && !rejected:
		return err
	case errors.Is(err, provider.ErrTokenUnknown), errors.Is(err, provider.ErrTokenExpired),
		errors.Is(err, provider.ErrNotHeld), errors.Is(err, provider.ErrAudience), errors.Is(err, provider.ErrUnknownUser):
		return verificationError(err)
	}
	user, err := a.provider.Store().FindUser(r.Context(), v.UserID)
	if err != nil {
		return err
	}
	forClient, everywhere, err := a.rolesOf(r.Context(), v.UserID, v.ClientID)
	if err != nil {
		return err
	}
	type urgent struct {
		Roles       []roleObject     `json:"roles"`
		GlobalRoles []roleObject     `json:"global_roles"`
		Token       map[string]int64 `json:"token"`
	}
	data := struct {
		userObject
		Urgent urgent `json:"urgent"`
	}{newUserObject(user), urgent{Roles: forClient, GlobalRoles: everywhere,
		Token: map[string]int64{"expires_at": storage.EpochSeconds(v.ExpiresAt)}}}
	return a.answerUrgent(w, r, http.StatusOK, data, true)
}

// rolesOf lists the roles that a user has for a client, and those everywhere.
func (a *Adapter) rolesOf(
	ctx context.Context, userID, clientID string,
) (forClient, everywhere []roleObject, err error) {
	store := a.provider.Store()
	held, err := store.ListUserRoles(ctx, userID)
	if err != nil {
		return nil, nil, err
	}
	roles, err := store.Roles(ctx)
	if err != nil {
		return nil, nil, err
	}
	forClient, everywhere = []roleObject{}, []roleObject{}
	for _, h := range held {
		object := roleObject{ID: h.RoleID, Name: h.RoleName, Scope: roles[h.RoleID].ScopeText}
		switch h.ClientID {
		case "":
			everywhere = append(everywhere, object)
		case clientID:
			forClient = append(forClient, object)
		}
	}
	return forClient, everywhere, nil
}

// verifyAPIKey is GET /admin/api_key/{key}/verify.
func (a *Adapter) verifyAPIKey(w http.ResponseWriter, r *http.Request) error {
	key, err := a.provider.Clients().VerifyAPIKey(r.Context(), chi.URLParam(r, "key"))
	if err != nil && oauth.AsError(err).Status == http.StatusTooManyRequests {
		return err
	}
	if errors.Is(err, clientauth.ErrAPIKeyMissing) || errors.Is(err, clientauth.ErrAPIKeyInvalid) {
		return errAPIKey.because(err)
	}
	if err != nil {
		return verificationError(err)
	}
	details := map[string]string{
		"broker_scope": key.BrokerScope, "client_id": key.ClientID, "scope": strings.Join(key.Client.TypeScope, " "),
	}
	return a.answerUrgent(w, r, http.StatusOK, map[string]any{"details": details},
		map[string]string{"mis_client_id": key.ClientID})
}
