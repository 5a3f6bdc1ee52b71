package ehealth

import (
	"log/slog"
	"net/http"
	"slices"

	"ithildin/provider"
)

// failure is one of the distinct errors of the contract (2.1.3, section 3): a status and the error object of its envelope.
type failure struct {
	status int
	body   any
	cause  error // for the log alone
}

// because returns a copy with a cause.
func (f failure) because(cause error) failure {
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

type rule struct {
	Rule        string `json:"rule"`
	Description string `json:"description,omitempty"`
	Params      any    `json:"params,omitempty"`
}

var malformedRequest = []invalid{{EntryType: "request", Rules: []rule{{Rule: "json"}}}}

func refusal(kind, message string) failure {
	return failure{status: http.StatusUnauthorized, body: errorObject{Type: kind, Message: message}}
}

// The errors of POST /oauth/tokens, word for word.
var (
	failureMalformed = failure{status: http.StatusBadRequest, body: errorObject{
		Type: "request_malformed", Message: "Malformed request. Probably, you have sent corrupted JSON.", Invalid: malformedRequest,
	}}
	failureGrantTypeMissing = failure{status: http.StatusUnprocessableEntity, body: errorObject{
		Type: "request_malformed", Message: "Request must include grant_type.", Invalid: malformedRequest,
	}}
	failureGrantType     = refusal("invalid_grant", "Grant type not allowed.")
	failureClient        = refusal("invalid_client", "Invalid client id or secret.")
	failureTokenNotFound = refusal("token_not_found", "Token not found.")
	failureTokenForeign  = refusal("invalid_grant", "Token not found or expired.")
	failureTokenExpired  = refusal("token_expired", "Token expired.")
	failureRedirectURI   = refusal("invalid_client", "The redirection URI provided does not match a pre-registered value.")
	failureApproval      = refusal("access_denied", "Resource owner revoked access for the client.")
	failureTokenUsed     = refusal("access_denied", "Token has already been used.")
	failureClientBlocked = refusal("access_denied", "Client is blocked.")
	failureUserBlocked   = refusal("user_blocked", "User blocked.")

	failureNotFound = failure{status: http.StatusNotFound, body: errorObject{Type: "not_found"}}
	failureTooLarge = failure{status: http.StatusRequestEntityTooLarge, body: errorObject{
		Type: "request_too_large", Message: "Request body is too large.",
		Invalid: []invalid{{EntryType: "request", Rules: []rule{{Rule: "size"}}}},
	}}
	failureContentType = failure{status: http.StatusUnsupportedMediaType, body: errorObject{
		Type: "content_type_invalid",
		Message: "Invalid Content-Type header. Try to set 'Content-Type: application/json' header: " +
			"http://docs.apimanifest.apiary.io/#introduction/interacting-with-api/content-type.",
		Invalid: []invalid{{Entry: "Content-Type", EntryType: "header"}},
	}}
	failureUnavailable = failure{status: http.StatusServiceUnavailable, body: errorObject{
		Type: "internal_error", Message: "Service is temporarily unavailable. Try later",
	}}
	failureInternal = failure{status: http.StatusInternalServerError, body: map[string]any{
		"errors": map[string]string{"detail": "Internal server error"},
	}}
)

// The rules that a field can break.
var (
	ruleRequired = rule{Rule: "required", Description: "can't be blank", Params: []string{}}
	ruleString   = rule{Rule: "cast", Description: "is invalid", Params: []string{"string"}}
)

// failureValidation lists fields in the order of their names.
func failureValidation(broken map[string]rule) failure {
	names := make([]string, 0, len(broken))
	for name := range broken {
		names = append(names, name)
	}
	slices.Sort(names)
	entries := make([]invalid, len(names))
	for i, name := range names {
		entries[i] = invalid{Entry: "$." + name, EntryType: "json_data_property", Rules: []rule{broken[name]}}
	}
	return failure{status: http.StatusUnprocessableEntity, body: errorObject{
		Type: "validation_failed",
		Message: "Validation failed. You can find validators description at our API Manifest: " +
			"http://docs.apimanifest.apiary.io/#introduction/interacting-with-api/errors.",
		Invalid: entries,
	}}
}

// writeFailure is the one place where an error of this face is written and logged.
func (a *Adapter) writeFailure(w http.ResponseWriter, r *http.Request, f failure) {
	level := slog.LevelInfo
	switch {
	case f.status == http.StatusServiceUnavailable:
		level = slog.LevelWarn
		w.Header().Set("Retry-After", "5")
	case f.status >= http.StatusInternalServerError:
		level = slog.LevelError
	}
	attributes := []slog.Attr{
		slog.Int("status", f.status), slog.Any("error", f.body), slog.String("request_id", provider.RequestID(r)),
	}
	if f.cause != nil {
		attributes = append(attributes, slog.String("cause", f.cause.Error()))
	}
	a.provider.Logger().LogAttrs(r.Context(), level, "legacy request failed", attributes...)
	a.write(w, r, envelope{Meta: meta{Code: f.status}, Error: f.body})
}
