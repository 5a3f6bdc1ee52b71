package ehealth

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strconv"

	"ithildin/provider/inbound"
	"ithildin/provider/oauth"
	"ithildin/storage"
)

// contractError is one of the distinct errors of the contract (2.1.3, section 3): a status and the error object of its
// envelope.
type contractError struct {
	status int
	body   any
	cause  error // for the log alone
	// retryAfter is in how many seconds the request may succeed, 0 where that is not known.
	retryAfter int64
	// allowance is that of a rate limit which refused the request.
	allowance inbound.Allowance
}

// Error is for the log. Handlers return a contractError as their error.
func (f contractError) Error() string { return http.StatusText(f.status) }

// because returns a copy with a cause.
func (f contractError) because(cause error) contractError {
	f.cause = cause
	return f
}

type errorObject struct {
	Type    string    `json:"type"`
	Message string    `json:"message,omitempty"`
	Invalid []invalid `json:"invalid,omitempty"`
}

// invalid is one entry of what was wrong. Params is a list where a rule has any, empty ones included.
type invalid struct {
	Entry     string `json:"entry,omitempty"`
	EntryType string `json:"entry_type"`
	Rules     []rule `json:"rules,omitempty"`
}

// rule is what an entry breaks. What the database refused has no name, which is null (admin API of the old system).
type rule struct {
	Rule        ruleName `json:"rule"`
	Description string   `json:"description,omitempty"`
	Params      any      `json:"params,omitempty"`
}

type ruleName string

// MarshalJSON writes an empty name as null.
func (n ruleName) MarshalJSON() ([]byte, error) {
	if n == "" {
		return []byte("null"), nil
	}
	return json.Marshal(string(n))
}

var malformedRequest = []invalid{{EntryType: "request", Rules: []rule{{Rule: "json"}}}}

func unauthorized(kind, message string) contractError {
	return contractError{status: http.StatusUnauthorized, body: errorObject{Type: kind, Message: message}}
}

// conflict is 409; without words it has those of the contract (section 3).
func conflict(message string) contractError {
	if message == "" {
		message = "The request could not be completed due to a conflict with the current state of the resource."
	}
	return contractError{status: http.StatusConflict, body: errorObject{Type: "request_conflict", Message: message}}
}

// forbidden is 403; it may go without words.
func forbidden(kind, message string) contractError {
	return contractError{status: http.StatusForbidden, body: errorObject{Type: kind, Message: message}}
}

// unprocessable is a 422 about the whole request and no single field (contract section 3).
func unprocessable(message string) contractError {
	return contractError{status: http.StatusUnprocessableEntity, body: errorObject{
		Type: "request_malformed", Message: message, Invalid: malformedRequest,
	}}
}

// The errors of POST /oauth/tokens, word for word.
var (
	errMalformed = contractError{status: http.StatusBadRequest, body: errorObject{
		Type: "request_malformed", Message: "Malformed request. Probably, you have sent corrupted JSON.",
		Invalid: malformedRequest,
	}}
	errGrantTypeMissing = unprocessable("Request must include grant_type.")
	errGrantType        = unauthorized("invalid_grant", "Grant type not allowed.")
	errClient           = unauthorized("invalid_client", "Invalid client id or secret.")
	errTokenNotFound    = unauthorized("token_not_found", "Token not found.")
	errTokenForeign     = unauthorized("invalid_grant", "Token not found or expired.")
	errTokenExpired     = unauthorized("token_expired", "Token expired.")
	errRedirectURI      = unauthorized("invalid_client",
		"The redirection URI provided does not match a pre-registered value.")
	errApproval      = unauthorized("access_denied", "Resource owner revoked access for the client.")
	errTokenUsed     = unauthorized("access_denied", "Token has already been used.")
	errClientBlocked = unauthorized("access_denied", "Client is blocked.")
	errUserBlocked   = unauthorized("user_blocked", "User blocked.")

	errNotFound = contractError{status: http.StatusNotFound, body: errorObject{Type: "not_found"}}
	errTooLarge = contractError{status: http.StatusRequestEntityTooLarge, body: errorObject{
		Type: "request_too_large", Message: "Request body is too large.",
		Invalid: []invalid{{EntryType: "request", Rules: []rule{{Rule: "size"}}}},
	}}
	errContentType = contractError{status: http.StatusUnsupportedMediaType, body: errorObject{
		Type: "content_type_invalid",
		Message: "Invalid Content-Type header. Try to set 'Content-Type: application/json' header: " +
			"http://docs.apimanifest.apiary.io/#introduction/interacting-with-api/content-type.",
		Invalid: []invalid{{Entry: "Content-Type", EntryType: "header"}},
	}}
	errUnavailable = contractError{status: http.StatusServiceUnavailable, body: errorObject{
		Type: "internal_error", Message: "Service is temporarily unavailable. Try later",
	}}
	// errLimited has the words of the old gateway, whose limit answered without an envelope (contract section 3).
	errLimited = contractError{status: http.StatusTooManyRequests, body: errorObject{
		Type: "rate_limit_exceeded", Message: "API rate limit exceeded",
	}}
	errInternal = contractError{status: http.StatusInternalServerError, body: map[string]any{
		"errors": map[string]string{"detail": "Internal server error"},
	}}
)

// invalidFields lists fields that break one rule each, in the order of their names.
func invalidFields(broken map[string]rule) contractError {
	c := newCheck(nil)
	for name, one := range broken {
		c.broke(name, one)
	}
	return *c.failed()
}

// invalidEntries is a 422 that lists what is wrong with members of a request.
func invalidEntries(entries []invalid) contractError {
	return contractError{status: http.StatusUnprocessableEntity, body: errorObject{
		Type: "validation_failed",
		Message: "Validation failed. You can find validators description at our API Manifest: " +
			"http://docs.apimanifest.apiary.io/#introduction/interacting-with-api/errors.",
		Invalid: entries,
	}}
}

// handle makes a handler of an endpoint whose error is a contractError, or a fault of storage or provider.
func (a answers) handle(e endpoint) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		err := inbound.Admitted(r)
		if err == nil {
			err = e(w, r)
		}
		if err != nil {
			a.writeError(w, r, contractErrorOf(err))
		}
	}
}

// contractErrorOf is what the contract answers to an error that no check of an endpoint has named.
func contractErrorOf(err error) contractError {
	var known contractError
	var pointer *contractError
	switch {
	case errors.As(err, &known):
		return known
	case errors.As(err, &pointer):
		return *pointer
	case errors.Is(err, storage.ErrNotFound):
		return errNotFound.because(err)
	case errors.Is(err, storage.ErrCursor):
		return invalidFields(map[string]rule{cursorParameter: ruleCursor})
	case errors.Is(err, storage.ErrConflict):
		return conflict("").because(err)
	}
	switch known := oauth.AsError(err); known.Status {
	case http.StatusServiceUnavailable:
		return errUnavailable.because(err)
	case http.StatusTooManyRequests:
		return limited(known)
	}
	return errInternal.because(err)
}

// describe are the type of an error, and what is wrong, by the names of fields alone.
func (f contractError) describe() (code string, cause error) {
	body, isObject := f.body.(errorObject)
	if !isObject {
		return "internal_error", nil
	}
	cause = errors.New(body.Message)
	for _, entry := range body.Invalid {
		for _, broken := range entry.Rules {
			cause = fmt.Errorf("%w %s: %s", cause, entry.Entry, cmp.Or(string(broken.Rule), broken.Description))
		}
	}
	return body.Type, cause
}

// limited is the answer to too many failures, or requests.
func limited(known *oauth.Error) contractError {
	f := errLimited.because(known)
	f.retryAfter, f.allowance = known.RetryAfter, known.Allowance
	return f
}

// writeError is the one place where an error of this interface is written and logged.
func (a answers) writeError(w http.ResponseWriter, r *http.Request, f contractError) {
	level := slog.LevelInfo
	switch {
	case f.status == http.StatusServiceUnavailable:
		level = slog.LevelWarn
		f.retryAfter = cmp.Or(f.retryAfter, 5)
	case f.status >= http.StatusInternalServerError:
		level = slog.LevelError
	}
	if f.retryAfter > 0 {
		w.Header().Set("Retry-After", strconv.FormatInt(f.retryAfter, 10))
	}
	f.allowance.WriteTo(w.Header())
	code, cause := f.describe()
	if f.cause != nil {
		cause = f.cause
	}
	inbound.RecordOf(r.Context()).Failed(level, code, cause)
	a.write(w, r, envelope{Meta: meta{Code: f.status, Type: "object"}, Error: f.body})
}
