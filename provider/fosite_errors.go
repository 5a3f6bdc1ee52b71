package provider

import (
	"errors"
	"net/http"
	"strings"

	"github.com/ory/fosite"

	"ithildin/provider/oauth"
)

// fositeCodes maps the codes that no RFC knows to the ones that clients understand.
var fositeCodes = map[string]string{
	"invalid_state":              oauth.CodeInvalidRequest,
	"insufficient_entropy":       oauth.CodeInvalidRequest,
	"request_unauthorized":       oauth.CodeInvalidRequest,
	"token_inactive":             oauth.CodeInvalidGrant,
	"token_expired":              oauth.CodeInvalidGrant,
	"not_found":                  oauth.CodeInvalidGrant,
	"invalidated_authorize_code": oauth.CodeInvalidGrant,
	"scope_not_granted":          oauth.CodeInvalidScope,
	"jti_known":                  oauth.CodeInvalidClient,
	"misconfiguration":           oauth.CodeServerError,
	"error":                      oauth.CodeServerError,
}

// fromFosite gives an error that fosite returns its public words. Errors of ours that went through fosite, and those of
// the database, keep theirs.
func fromFosite(err error) error {
	var known *oauth.Error
	var rfc *fosite.RFC6749Error
	if errors.As(err, &known) || !errors.As(err, &rfc) {
		return err
	}
	err = withReason(err)
	if known = oauth.AsError(err); known.Code != oauth.CodeServerError {
		return known
	}
	code := rfc.ErrorField
	if mapped := fositeCodes[code]; mapped != "" {
		code = mapped
	}
	e := &oauth.Error{Code: code, Status: rfc.CodeField, Description: rfc.GetDescription(), Cause: err}
	switch {
	case code == oauth.CodeServerError:
		return known
	case code == oauth.CodeInvalidClient:
		e.Status = http.StatusUnauthorized
	case e.Status >= http.StatusInternalServerError || e.Status == http.StatusUnauthorized ||
		e.Status == http.StatusForbidden:
		e.Status = http.StatusBadRequest
	}
	return e
}

// reasonedError is an error of fosite with its reason: by itself it says no more than its code.
type reasonedError struct {
	error
	reason string
}

func (e reasonedError) Error() string { return e.reason }
func (e reasonedError) Unwrap() error { return e.error }

// withReason adds to an error of fosite what its hint, its debug text and its cause say.
func withReason(err error) error {
	var rfc *fosite.RFC6749Error
	if !errors.As(err, &rfc) {
		return err
	}
	reason := rfc.ErrorField
	more := []string{rfc.HintField, rfc.DebugField}
	if cause := rfc.Cause(); cause != nil && !errors.Is(cause, rfc) {
		more = append(more, withReason(cause).Error())
	}
	for _, item := range more {
		if item != "" && !strings.Contains(reason, item) {
			reason += ": " + item
		}
	}
	return reasonedError{err, reason}
}
