package oauth

import (
	"encoding/json"
	"errors"
	"net/http"
	"regexp"
	"strconv"

	"ithildin/provider/inbound"
)

// Endpoint is a handler that returns its error; one function writes, logs and counts it.
type Endpoint func(w http.ResponseWriter, r *http.Request) error

// errorEncoder writes an Error as one kind of endpoint does.
type errorEncoder func(w http.ResponseWriter, r *http.Request, e *Error)

// Serve makes a handler of an endpoint and the encoder of its errors. A request that the listener has no room for is
// refused before the endpoint sees it.
func Serve(e Endpoint, encode errorEncoder) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		err := inbound.Admitted(r)
		if err == nil {
			err = e(w, r)
		}
		if err == nil {
			return
		}
		known := AsError(err)
		LogError(r, known)
		if wait := known.Wait(); wait > 0 {
			w.Header().Set("Retry-After", strconv.FormatInt(wait, 10))
		}
		known.Allowance.WriteTo(w.Header())
		encode(w, r, known)
	})
}

// LogError notes an error and its private cause for the line of the request in the log. Of one without a cause the
// public words are the reason, but for what is quoted in them: they may repeat what was received.
func LogError(r *http.Request, e *Error) {
	inbound.RecordOf(r.Context()).Failed(e.Level(), e.Code, e.PrivateCause())
}

// PrivateCause is what the log says of the error: its cause, or its description where it has none.
func (e *Error) PrivateCause() error {
	if e.Cause != nil {
		return e.Cause
	}
	return errors.New(quoted.ReplaceAllString(e.Description, `"…"`))
}

// quoted is what public words repeat of a request.
var quoted = regexp.MustCompile(`"[^"]*"?`)

// WriteJSON answers with a value that must not be kept by any cache (RFC 6749 5.1).
func WriteJSON(w http.ResponseWriter, status int, value any) error {
	encoded, err := json.Marshal(value)
	if err != nil {
		return err
	}
	header := w.Header()
	header.Set("Content-Type", "application/json")
	header.Set("Cache-Control", "no-store")
	header.Set("Pragma", "no-cache")
	w.WriteHeader(status)
	_, _ = w.Write(encoded) // a client that is gone has nobody to tell
	return nil
}

// errorJSON is RFC 6749 5.2, with the request id beside it.
type errorJSON struct {
	Error       string `json:"error,omitempty"`
	Description string `json:"error_description,omitempty"`
	RequestID   string `json:"request_id,omitempty"`
}

// EncodeError writes an error as the token, introspection and revocation endpoints do (RFC 6749 5.2).
func EncodeError(w http.ResponseWriter, r *http.Request, e *Error) {
	if e.Status == http.StatusUnauthorized {
		w.Header().Set("WWW-Authenticate", `Basic realm="ithildin", charset="UTF-8"`)
	}
	body := errorJSON{Error: e.Code, Description: ErrorDescription(e.Description), RequestID: inbound.RequestID(r)}
	if err := WriteJSON(w, e.Status, body); err != nil {
		w.WriteHeader(http.StatusInternalServerError)
	}
}

// ChallengeBearer is the challenge of an endpoint that a bearer token guards (RFC 6750 3).
const ChallengeBearer = `Bearer realm="ithildin"`

// EncodeBearerError writes an error as an endpoint does that a bearer token guards (RFC 6750 3).
func EncodeBearerError(w http.ResponseWriter, r *http.Request, e *Error) {
	EncodeChallenged(w, r, e, ChallengeBearer)
}

// Challenge adds an error to a challenge that has a parameter already.
func Challenge(challenge string, e *Error) string {
	if e.Code == "" {
		return challenge
	}
	return challenge + `, error="` + e.Code + `", error_description="` + ErrorDescription(e.Description) + `"`
}

// EncodeChallenged writes an error as an endpoint does that access tokens guard. challenge is of the scheme that the
// request has used, with a parameter or more, and gets the error; others are of those that it may use.
func EncodeChallenged(w http.ResponseWriter, r *http.Request, e *Error, challenge string, others ...string) {
	if e.Status < http.StatusInternalServerError {
		w.Header()["Www-Authenticate"] = append([]string{Challenge(challenge, e)}, others...)
	}
	body := errorJSON{Error: e.Code, Description: ErrorDescription(e.Description), RequestID: inbound.RequestID(r)}
	if err := WriteJSON(w, e.Status, body); err != nil {
		w.WriteHeader(http.StatusInternalServerError)
	}
}
