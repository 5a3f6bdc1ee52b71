package oauth

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"ithildin/provider/inbound"
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
	CodeInvalidTarget                   = "invalid_target"                // RFC 8707 2
	CodeInvalidAuthorizationDetails     = "invalid_authorization_details" // RFC 9396 5
	// Those of RFC 8628 3.5.
	CodeAuthorizationPending = "authorization_pending"
	CodeSlowDown             = "slow_down"
	CodeExpiredToken         = "expired_token"
	// Those of RFC 9449 12.2.
	CodeInvalidDPoPProof = "invalid_dpop_proof"
	CodeUseDPoPNonce     = "use_dpop_nonce"
)

// The error codes of RFC 7591 3.2.2.
const (
	CodeInvalidRedirectURI    = "invalid_redirect_uri"
	CodeInvalidClientMetadata = "invalid_client_metadata"
)

// The causes that are about a client; pages have messages for them, and adapters distinguish them.
var (
	ErrClientMissing = errors.New("oauth: no client is named")
	ErrUnknownClient = errors.New("oauth: unknown client")
	ErrClientBlocked = errors.New("oauth: the client is blocked")
)

// Error is what went wrong: a public code and public words for the client, a private cause for the log.
type Error struct {
	Code        string
	Description string
	Status      int
	// RetryAfter is in how many seconds the request may succeed; 0: not known.
	RetryAfter int64
	// Allowance is that of a rate limit which refused the request; the zero value is none.
	Allowance inbound.Allowance
	Cause     error
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

// Level is how loud the log is about it: our faults are errors, a database that is away is a warning, a client's
// mistake is information.
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

// NewError makes an error with the status of its answer, its code (RFC 6749 5.2) and what the client reads of it.
func NewError(status int, code, description string) *Error {
	return &Error{Code: code, Description: description, Status: status}
}

// TooManyRequests is an error of a request beyond a rate limit; its status is 429. requests says which are
// limited, such as "Too many token requests of this client".
func TooManyRequests(a inbound.Allowance, requests string) *Error {
	window := a.Quota.Window.String()
	switch a.Quota.Window {
	case time.Hour:
		window = "an hour"
	case time.Minute:
		window = "a minute"
	}
	e := NewError(http.StatusTooManyRequests, CodeTemporarilyUnavailable, fmt.Sprintf(
		"%s: at most %d within %s. Please try again in %s.", requests, a.Quota.Requests, window,
		time.Duration(a.RetryAfter())*time.Second))
	e.Allowance, e.RetryAfter = a, a.RetryAfter()
	return e
}

// InvalidRequest is an error of a request that is malformed or lacks a parameter; its status is 400.
func InvalidRequest(description string) *Error {
	return NewError(http.StatusBadRequest, CodeInvalidRequest, description)
}

// InvalidGrant is an error of a code or refresh token that is not good, or not the client's; its status is 400.
func InvalidGrant(description string) *Error {
	return NewError(http.StatusBadRequest, CodeInvalidGrant, description)
}

// InvalidClient is an error of a client that did not prove who it is; its status is 401.
func InvalidClient(description string) *Error {
	return NewError(http.StatusUnauthorized, CodeInvalidClient, description)
}

// AsError gives any error its public face. What it does not know is a server_error whose cause stays here.
func AsError(err error) *Error {
	var known *Error
	if errors.As(err, &known) {
		return known
	}
	switch {
	case errors.Is(err, storage.ErrUnavailable), errors.Is(err, inbound.ErrBusy), errors.Is(err, inbound.ErrOverloaded),
		errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return NewError(http.StatusServiceUnavailable, CodeTemporarilyUnavailable,
			"The server can't answer now. Please try again in a moment.").Because(err)
	case errors.Is(err, storage.ErrUsed):
		return InvalidGrant("The authorization code has already been used.").Because(err)
	case errors.Is(err, storage.ErrReuse):
		return InvalidGrant("The refresh token was used before; its grant is revoked.").Because(err)
	}
	return NewError(http.StatusInternalServerError, CodeServerError, "An unexpected error occurred.").Because(err)
}

// ErrorDescription keeps to the characters that error_description may hold (RFC 6749 5.2).
func ErrorDescription(value string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '"':
			return '\''
		case r == '\\' || r < 0x20 || r > 0x7e:
			return ' '
		}
		return r
	}, value)
}
