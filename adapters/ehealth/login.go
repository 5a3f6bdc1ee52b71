package ehealth

import (
	"encoding/json"
	"errors"
	"net/http"
	"regexp"
	"slices"

	"ithildin/provider"
	"ithildin/provider/identity"
	"ithildin/provider/inbound"
	"ithildin/provider/oauth"
	"ithildin/storage"
)

// What a front end does after a step of a sign-in (contract section 2.3).
const (
	nextRequestApps   = "REQUEST_APPS"
	nextRequestOTP    = "REQUEST_OTP"
	nextRequestFactor = "REQUEST_FACTOR"
	nextApproveFactor = "APPROVE_FACTOR"
)

// The grants of the login API.
const (
	grantPassword         = storage.GrantTypePassword
	grantChangePassword   = storage.GrantTypeChangePassword
	grantDigitalSignature = storage.GrantTypeDigitalSignature
	grantAuthorizeTwo     = "authorize_2fa_access_token"
	grantRefreshTwo       = "refresh_2fa_access_token"
	// These two are those of POST /oauth/tokens, which the old system took here too.
	grantAuthorizationCode = "authorization_code"
	grantRefreshToken      = "refresh_token"
)

// The errors of the login API, word for word.
var (
	errLoginClient   = unauthorized("invalid_client", "Invalid client id.")
	errLoginGrant    = unauthorized("access_denied", "Client is not allowed to issue login token.")
	errNotRegistered = forbidden("forbidden", "User is not registered")
	errLoginLimit    = unauthorized("access_denied", "You reached login attempts limit. Try again later")
	errWrongPassword = unauthorized("access_denied", "Identity, password combination is wrong.")
	errChangeScope   = unauthorized("access_denied", "Allowed scopes for the token are user:change_password.")
	errNoHeader      = unauthorized("access_denied", "Authorization header required.")
	errTokenInvalid  = unauthorized("token_invalid", "Invalid token.")
	errTokenType     = unauthorized("token_invalid_type", "Invalid token type.")
	errTwoFactorType = unauthorized("access_denied", "Invalid token type")
	errFactorNotSet  = conflict("Factor not set")
	errOTPInvalid    = unauthorized("otp_invalid", "Invalid OTP code.")
	errOTPExpired    = unauthorized("otp_expired", "OTP expired.")
	errOTPAttempts   = unauthorized("otp_reached_max_attempts", "Reached max OTP verify attempts")
	errSMS           = contractError{status: http.StatusServiceUnavailable,
		body: errorObject{Type: "internal_error", Message: "SMS not sent. Try later"}}
	errOTPTimeout = contractError{status: http.StatusTooManyRequests,
		body: errorObject{Type: "otp_timeout", Message: "Sending OTP timeout. Try later."}}
	errCaptchaService = contractError{status: http.StatusServiceUnavailable,
		body: errorObject{Type: "internal_error", Message: "CAPTCHA not verified. Try later"}}
)

// loginAPI is the API by which front ends, and systems of their own, sign people in (contract sections 2.3 to 2.5).
type loginAPI struct {
	answers
	provider *provider.Provider
	identity *identity.Service
	exchange func(http.ResponseWriter, *http.Request, map[string]json.RawMessage) error // of POST /oauth/tokens
}

// login is POST /auth/login: one step of a sign-in by an API.
func (a *loginAPI) login(w http.ResponseWriter, r *http.Request) error {
	inbound.Allow(r, maximumSignature)
	fields, failed := readObject(w, r, "token", errGrantTypeMissing)
	if failed != nil {
		return failed
	}
	raw, given := fields["grant_type"]
	if !given {
		return errGrantTypeMissing
	}
	grantType, _ := stringOf(raw)
	if grantType != grantDigitalSignature && inbound.IsLarge(r) {
		return errTooLarge
	}
	switch grantType {
	case grantAuthorizationCode, grantRefreshToken:
		return a.exchange(w, r, fields)
	case grantPassword, grantChangePassword:
		return a.loginByPassword(w, r, grantType, fields)
	case grantDigitalSignature:
		return a.loginBySignature(w, r, fields)
	case grantAuthorizeTwo:
		return a.authorizeTwoFactor(w, r, fields)
	case grantRefreshTwo:
		return a.refreshTwoFactor(w, r)
	}
	return errGrantTypeMissing // for one that is not known too
}

// loginClient finds the client of a sign-in and checks that people may sign in to it by that grant.
func (a *loginAPI) loginClient(r *http.Request, id, grantType string) (*storage.Client, error) {
	client, err := a.provider.Store().Client(r.Context(), id)
	switch {
	case errors.Is(err, storage.ErrNotFound):
		return nil, errLoginClient
	case err != nil:
		return nil, err
	case client.IsBlocked:
		return nil, errClientBlocked
	case !client.MaySignInBy(grantType):
		return nil, errLoginGrant
	}
	return client, nil
}

// scopeOfType says whether a client of this kind may have every scope that is asked for.
func scopeOfType(client *storage.Client, scope string) bool {
	allowed := client.AllowedScope()
	for _, name := range storage.SplitScope(scope) {
		if !slices.Contains(allowed, name) {
			return false
		}
	}
	return true
}

// sessionToken is the data of a token of the login API (contract section 2.3).
type sessionToken struct {
	ID        string         `json:"id"`
	Name      string         `json:"name"`
	Value     string         `json:"value"`
	UserID    string         `json:"user_id"`
	ExpiresAt int64          `json:"expires_at"` // epoch seconds
	Details   *sessionDetail `json:"details,omitempty"`
}

type sessionDetail struct {
	GrantType    string `json:"grant_type"`
	ClientID     string `json:"client_id"`
	RedirectURI  string `json:"redirect_uri,omitempty"`
	Scope        string `json:"scope"`
	ScopeRequest string `json:"scope_request,omitempty"`
	Factor       string `json:"request_authentication_factor,omitempty"`
	FactorType   string `json:"request_authentication_factor_type,omitempty"`
}

func newSessionToken(t *provider.SessionToken) sessionToken {
	return sessionToken{
		ID: t.ID, Name: t.Kind, Value: t.Value, UserID: t.UserID, ExpiresAt: storage.EpochSeconds(t.ExpiresAt),
		Details: &sessionDetail{
			GrantType: t.GrantType, ClientID: t.Client.ID, RedirectURI: t.RedirectURI, Scope: t.Scope,
			ScopeRequest: t.ScopeRequest, Factor: t.Factor, FactorType: t.FactorType,
		},
	}
}

// answerSession issues a token and says what comes next.
func (a *loginAPI) answerSession(w http.ResponseWriter, r *http.Request, t provider.SessionToken, next string) error {
	issued, err := a.provider.SessionTokens().Issue(r.Context(), t)
	if err != nil {
		return sessionError(err)
	}
	return a.answerUrgent(w, r, http.StatusCreated, newSessionToken(issued), map[string]string{"next_step": next})
}

// sessionError words why a session token is not issued, as POST /oauth/apps/authorize does (contract section 2.2).
func sessionError(err error) error {
	var scope *provider.ScopeError
	switch {
	case errors.As(err, &scope):
		return errScopeOutsideRoles.because(err)
	case errors.Is(err, provider.ErrAssurance):
		return forbidden("forbidden", oauth.AsError(err).Description).because(err)
	case errors.Is(err, provider.ErrSignInOver):
		return errTokenExpired.because(err)
	}
	return err
}

// sessionTokenOf finds the session token of the Authorization header, in the order of contract section 2.3: it is
// there, it is known, its user is not blocked, it is of the kind, and it has not expired.
func (a *loginAPI) sessionTokenOf(
	r *http.Request, wrongKind contractError, kind string,
) (*storage.AccessToken, error) {
	t, err := a.bearerSession(r)
	switch {
	case err != nil:
		return nil, err
	case t.UserBlocked:
		return nil, errUserBlocked
	case t.Kind != kind:
		return nil, wrongKind
	case a.isOver(t):
		return nil, errTokenExpired
	}
	return t, nil
}

// bearerSession finds the session token of the Authorization header, one that is over and one of a blocked user too.
func (a *loginAPI) bearerSession(r *http.Request) (*storage.AccessToken, error) {
	value, given := bearerToken(r)
	if !given {
		return nil, errNoHeader
	}
	t, err := a.provider.SessionTokens().Find(r.Context(), value)
	switch {
	case errors.Is(err, provider.ErrTokenUnknown):
		return nil, errTokenInvalid
	case err != nil:
		return nil, err
	case t.UserID == "":
		return nil, errTokenInvalid // a client's own
	}
	return t, nil
}

func (a *loginAPI) isOver(t *storage.AccessToken) bool {
	return !t.ExpiresAt.After(a.provider.Store().Now())
}

// ofSignIn says that a token came of a sign-in through this API. One of a client, however it came by it, must not
// replace what its user signs in with.
func ofSignIn(t *storage.AccessToken) bool {
	return slices.Contains([]string{grantPassword, grantChangePassword, grantDigitalSignature}, t.Session.GrantType)
}

// oneTimeCodeError words why a one-time code was not sent or not taken.
func oneTimeCodeError(err error) error {
	for _, known := range []struct {
		cause    error
		response contractError
	}{
		{identity.ErrOneTimeCodeInvalid, errOTPInvalid},
		{identity.ErrOneTimeCodeExpired, errOTPExpired},
		{identity.ErrOneTimeCodeAttempts, errOTPAttempts},
		{identity.ErrOneTimeCodeLimited, errOTPTimeout},
		{identity.ErrMessageNotSent, errSMS},
	} {
		if errors.Is(err, known.cause) {
			return known.response.because(err)
		}
	}
	return err
}

// clientOf is the client that a session token was issued to.
func (a *loginAPI) clientOf(r *http.Request, t *storage.AccessToken) (*storage.Client, error) {
	client, err := a.provider.Store().Client(r.Context(), t.ClientID)
	if errors.Is(err, storage.ErrNotFound) {
		return nil, errTokenInvalid
	}
	if err == nil && client.IsBlocked {
		return nil, errClientBlocked
	}
	return client, err
}

// wholeNumber is an integer as JSON and as a text have it.
var wholeNumber = regexp.MustCompile(`^[+-]?[0-9]+$`)

// oneTimeCode reads the code of a request: a JSON integer. Digits in a text pass, as they did, and never match.
func oneTimeCode(fields map[string]json.RawMessage) (string, *contractError) {
	c := newCheck(fields)
	switch text, isText := stringOf(fields["otp"]); {
	case isText && text == "":
		c.broke("otp", ruleRequired)
	case !isText && !wholeNumber.Match(fields["otp"]), isText && !wholeNumber.MatchString(text):
		c.broke("otp", ruleInteger)
	}
	return codeOf(fields), c.failed()
}

// codeOf is the code of a request where that is a JSON integer, else "", which is no code.
func codeOf(fields map[string]json.RawMessage) string {
	if !wholeNumber.Match(fields["otp"]) {
		return ""
	}
	return string(fields["otp"])
}
