package ehealth

import (
	"errors"
	"net/http"
	"strings"

	"ithildin/provider"
	"ithildin/provider/oauth"
	"ithildin/provider/redirect"
	"ithildin/storage"
)

// scopeAuthorize is what a session token must have for approving a client.
const scopeAuthorize = "app:authorize"

// The errors of POST /oauth/apps/authorize, word for word (contract section 2.2).
var (
	errConsumerMissing   = unauthorized("access_denied", "Missing header x-consumer-id")
	errAuthorizeClient   = unauthorized("access_denied", "Invalid client id.")
	errAuthorizeUser     = unauthorized("access_denied", "User not found.")
	errAuthorizeRedirect = unauthorized("access_denied",
		"The redirection URI provided does not match a pre-registered value.")
	errScopeEmpty = unprocessable("Requested scope is empty. Scope not passed or user has no roles or " +
		"global roles.")
	errScopeOutsideType    = unprocessable("Scope is not allowed by client type.")
	errScopeOutsideRoles   = unprocessable("User requested scope that is not allowed by role based access policies.")
	errAuthorizationHeader = unauthorized("access_denied",
		"Authorization header is not set or doesn't contain Bearer token")
	errAccessToken = unauthorized("access_denied", "Invalid access token")
)

// authorize is POST /oauth/apps/authorize on the public listener: who the user is, only a session token says, and the
// answers that the gateway gave come first (contract sections 2.2 and 7.5).
func (a *Adapter) authorize(w http.ResponseWriter, r *http.Request) error {
	v, err := a.bearer(r, scopeAuthorize)
	if err != nil {
		return err
	}
	return a.approve(w, r, provider.Approval{UserID: v.UserID, AuthTime: v.AuthTime, AMR: v.AMR, ACR: v.ACR})
}

// authorizeForConsumer is the same on the admin listener, where a gateway of the operator's own says who the user is.
func (a *Adapter) authorizeForConsumer(w http.ResponseWriter, r *http.Request) error {
	userID := r.Header.Get("X-Consumer-Id")
	if userID == "" {
		return errConsumerMissing
	}
	return a.approve(w, r, provider.Approval{UserID: userID})
}

// bearer verifies the token of a request as a gateway would, and that it has a scope. The errors are the gateway's.
func (a *Adapter) bearer(r *http.Request, scope string) (*provider.Verification, error) {
	token, found := bearerToken(r)
	if !found {
		return nil, errAuthorizationHeader
	}
	v, err := a.provider.Tokens().Verify(r.Context(), token, r.Header.Get("Api-Key"), nil)
	if _, rejected := refusedVerification(err); rejected {
		return nil, errAccessToken.because(err)
	}
	if err != nil {
		return nil, err
	}
	switch {
	case v.Kind == storage.KindAuthorizationCode:
		return nil, errAccessToken.because(errors.New("an authorization code"))
	case !hasScope(v.Scope, scope), v.BrokerScope != "" && !hasScope(v.BrokerScope, scope):
		return nil, forbidden("forbidden", "Your scope does not allow to access this resource. Missing allowances: "+scope)
	}
	return v, nil
}

// bearerToken is the token of the Authorization header (RFC 6750 2.1).
func bearerToken(r *http.Request) (string, bool) {
	scheme, token, found := strings.Cut(r.Header.Get("Authorization"), " ")
	token = strings.TrimSpace(token)
	return token, found && token != "" && strings.EqualFold(scheme, "Bearer")
}

func hasScope(scope, name string) bool {
	for s := range strings.FieldsSeq(scope) {
		if s == name {
			return true
		}
	}
	return false
}

// authorizationCode is the data of a code (contract section 2.2).
type authorizationCode struct {
	ID        string      `json:"id"`
	Name      string      `json:"name"`
	Value     string      `json:"value"`
	UserID    string      `json:"user_id"`
	ExpiresAt int64       `json:"expires_at"` // epoch seconds
	Details   codeDetails `json:"details"`
}

type codeDetails struct {
	ScopeRequest string `json:"scope_request"`
	RedirectURI  string `json:"redirect_uri"`
	GrantType    string `json:"grant_type"` // always password, in the old system
	ClientID     string `json:"client_id"`
	AppID        string `json:"app_id"`
}

// approve issues a code for a user who is known; the approval says how.
func (a *Adapter) approve(w http.ResponseWriter, r *http.Request, approval provider.Approval) error {
	fields, failed := readObject(w, r, "app", errMalformed)
	if failed != nil {
		return failed
	}
	c := newCheck(fields)
	approval.Frontend, approval.ClientID, approval.RedirectURI = faceName, c.clientID(), c.stringOf("redirect_uri")
	approval.Scope, approval.State = c.optionalText("scope"), c.optionalText("state")
	if _, isUUID := parseUUID(approval.UserID); !isUUID {
		c.broke("user_id", ruleUUID)
	}
	if failed := c.failed(); failed != nil {
		return failed
	}
	approved, err := a.provider.Approve(r, approval)
	if err != nil {
		return approvalError(err)
	}
	w.Header().Set("Location", approved.Location)
	return a.answerUrgent(w, r, http.StatusCreated, authorizationCode{
		ID: approved.CodeID, Name: storage.KindAuthorizationCode, Value: approved.Code, UserID: approval.UserID,
		ExpiresAt: storage.EpochSeconds(approved.ExpiresAt),
		Details: codeDetails{
			ScopeRequest: strings.Join(approved.Scope, " "), RedirectURI: approved.RedirectURI, GrantType: "password",
			ClientID: approval.ClientID, AppID: approved.ApprovalID,
		},
	}, map[string]string{"redirect_uri": approved.Location})
}

func approvalError(err error) error {
	var scope *provider.ScopeError
	known := oauth.AsError(err)
	switch {
	case errors.Is(err, oauth.ErrUnknownClient):
		return errAuthorizeClient.because(err)
	case errors.Is(err, oauth.ErrClientBlocked):
		return errClientBlocked.because(err)
	case errors.Is(err, provider.ErrUnknownUser):
		return errAuthorizeUser.because(err)
	case errors.Is(err, provider.ErrUserBlocked):
		return errUserBlocked.because(err)
	case errors.Is(err, redirect.ErrUnregistered):
		return errAuthorizeRedirect.because(err)
	case errors.Is(err, provider.ErrAssurance):
		return forbidden("forbidden", known.Description).because(err)
	case errors.As(err, &scope):
		return map[string]contractError{
			provider.ScopeEmpty: errScopeEmpty, provider.ScopeOutsideClient: errScopeOutsideType,
			provider.ScopeOutsideRoles: errScopeOutsideRoles,
		}[scope.Reason].because(err)
	case known.Status < http.StatusInternalServerError: // a policy that the contract does not know, such as PKCE
		return unprocessable(known.Description).because(err)
	}
	return err
}
