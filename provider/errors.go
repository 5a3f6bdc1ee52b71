package provider

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"strings"

	"github.com/ory/fosite"

	"ithildin/provider/inbound"
	"ithildin/provider/login"
	"ithildin/storage"
)

// The error codes of RFC 6749 4.1.2.1 and 5.2, RFC 6750 3.1 and OIDC Core 3.1.2.6.
const (
	CodeInvalidRequest         = "invalid_request"
	CodeInvalidClient          = "invalid_client"
	CodeInvalidGrant           = "invalid_grant"
	CodeUnauthorizedClient     = "unauthorized_client"
	CodeUnsupportedGrantType   = "unsupported_grant_type"
	CodeInvalidScope           = "invalid_scope"
	CodeAccessDenied           = "access_denied"
	CodeServerError            = "server_error"
	CodeTemporarilyUnavailable = "temporarily_unavailable"
	CodeLoginRequired          = "login_required"
	CodeConsentRequired        = "consent_required"
	CodeInvalidToken           = "invalid_token"
	CodeInsufficientScope      = "insufficient_scope"
	// CodeUnmetAuthenticationRequirements is of OpenID Connect Core Error Code unmet_authentication_requirements 1.0.
	CodeUnmetAuthenticationRequirements = "unmet_authentication_requirements"
	CodeUnsupportedResponseMode         = "unsupported_response_mode"
	CodeUnsupportedResponseType         = "unsupported_response_type"
	CodeInvalidRequestObject            = "invalid_request_object"
	CodeInvalidRequestURI               = "invalid_request_uri"
)

// The error codes of RFC 7591 3.2.2.
const (
	CodeInvalidRedirectURI    = "invalid_redirect_uri"
	CodeInvalidClientMetadata = "invalid_client_metadata"
)

// The causes that pages have words for, and that adapters tell apart.
var (
	ErrInactive        = errors.New("provider: the token is not active")
	ErrNoPage          = errors.New("provider: there is nothing at this address")
	ErrClientMissing   = errors.New("provider: no client is named")
	ErrUnknownClient   = errors.New("provider: unknown client")
	ErrClientBlocked   = errors.New("provider: the client is blocked")
	ErrRedirectMissing = errors.New("provider: no redirect URI is named")
	ErrRedirectURI     = errors.New("provider: the redirect URI is not registered")
	ErrAssurance       = errors.New("provider: the sign-in is weaker than a scope demands")
	ErrRefused         = errors.New("provider: the user refused")
)

// Error is what went wrong: a public code and public words for the client, a private cause for the log.
type Error struct {
	Code        string
	Description string
	Status      int
	// RetryAfter is in how many seconds the request may succeed; 0: not known.
	RetryAfter int64
	Cause      error
}

// Error is for the log; it is never sent.
func (e *Error) Error() string {
	if e.Cause != nil {
		return e.Code + ": " + e.Description + ": " + e.Cause.Error()
	}
	return e.Code + ": " + e.Description
}

// Unwrap is the private cause.
func (e *Error) Unwrap() error { return e.Cause }

// Level is how loud the log is about it: our faults are errors, a database that is away is a warning, a client's mistake
// is information.
func (e *Error) Level() slog.Level {
	switch {
	case e.Status == http.StatusServiceUnavailable:
		return slog.LevelWarn
	case e.Status >= http.StatusInternalServerError:
		return slog.LevelError
	default:
		return slog.LevelInfo
	}
}

// Wait is the Retry-After of the answer in seconds, 0 where it has none.
func (e *Error) Wait() int64 {
	if e.RetryAfter == 0 && e.Status == http.StatusServiceUnavailable {
		return 5
	}
	return e.RetryAfter
}

// Because returns a copy with a private cause.
func (e *Error) Because(cause error) *Error {
	with := *e
	with.Cause = cause
	return &with
}

func newError(status int, code, description string) *Error {
	return &Error{Code: code, Description: description, Status: status}
}

func invalidRequest(description string) *Error {
	return newError(http.StatusBadRequest, CodeInvalidRequest, description)
}

func invalidGrant(description string) *Error {
	return newError(http.StatusBadRequest, CodeInvalidGrant, description)
}

func invalidClient(description string) *Error {
	return newError(http.StatusUnauthorized, CodeInvalidClient, description)
}

// fositeCodes maps the codes that no RFC knows to the ones that clients understand.
var fositeCodes = map[string]string{
	"invalid_state":              CodeInvalidRequest,
	"insufficient_entropy":       CodeInvalidRequest,
	"request_unauthorized":       CodeInvalidRequest,
	"token_inactive":             CodeInvalidGrant,
	"token_expired":              CodeInvalidGrant,
	"not_found":                  CodeInvalidGrant,
	"invalidated_authorize_code": CodeInvalidGrant,
	"scope_not_granted":          CodeInvalidScope,
	"jti_known":                  CodeInvalidClient,
	"misconfiguration":           CodeServerError,
	"error":                      CodeServerError,
}

// AsError gives any error its public face. What it does not know is a server_error whose cause stays here.
func AsError(err error) *Error {
	var known *Error
	if errors.As(err, &known) {
		return known
	}
	err = explain(err)
	switch {
	case errors.Is(err, storage.ErrUnavailable), errors.Is(err, login.ErrBusy), errors.Is(err, inbound.ErrBusy), errors.Is(err, inbound.ErrOverloaded),
		errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return newError(http.StatusServiceUnavailable, CodeTemporarilyUnavailable,
			"The server can't answer now. Please try again in a moment.").Because(err)
	case errors.Is(err, storage.ErrUsed):
		return invalidGrant("The authorization code has already been used.").Because(err)
	case errors.Is(err, storage.ErrReuse):
		return invalidGrant("The refresh token was used before; its grant is revoked.").Because(err)
	}
	var rfc *fosite.RFC6749Error
	if !errors.As(err, &rfc) {
		return newError(http.StatusInternalServerError, CodeServerError, "An unexpected error occurred.").Because(err)
	}
	code := rfc.ErrorField
	if mapped := fositeCodes[code]; mapped != "" {
		code = mapped
	}
	e := &Error{Code: code, Status: rfc.CodeField, Description: rfc.GetDescription(), Cause: err}
	switch {
	case code == CodeServerError:
		e.Status, e.Description = http.StatusInternalServerError, "An unexpected error occurred."
	case code == CodeInvalidClient:
		e.Status = http.StatusUnauthorized
	case e.Status >= http.StatusInternalServerError || e.Status == http.StatusUnauthorized || e.Status == http.StatusForbidden:
		e.Status = http.StatusBadRequest
	}
	return e
}

// explained is an error of fosite with its reason: by itself it says no more than its code.
type explained struct {
	error
	reason string
}

func (e explained) Error() string { return e.reason }
func (e explained) Unwrap() error { return e.error }

func explain(err error) error {
	var rfc *fosite.RFC6749Error
	if !errors.As(err, &rfc) {
		return err
	}
	reason := rfc.ErrorField
	more := []string{rfc.HintField, rfc.DebugField}
	if cause := rfc.Cause(); cause != nil && !errors.Is(cause, rfc) {
		more = append(more, explain(cause).Error())
	}
	for _, text := range more {
		if text != "" && !strings.Contains(reason, text) {
			reason += ": " + text
		}
	}
	return explained{err, reason}
}

// describe keeps to the characters that error_description may hold (RFC 6749 5.2).
func describe(text string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '"':
			return '\''
		case r == '\\' || r < 0x20 || r > 0x7e:
			return ' '
		}
		return r
	}, text)
}
