package provider

import (
	"encoding/json"
	"errors"
	"net/http"
	"regexp"
	"strconv"

	"ithildin/provider/inbound"
)

// endpoint is a handler that returns its error; one function writes, logs and counts it.
type endpoint func(w http.ResponseWriter, r *http.Request) error

// dialect writes an Error in the words of one kind of endpoint.
type dialect func(w http.ResponseWriter, r *http.Request, e *Error)

// serve makes a handler of an endpoint and the dialect of its errors.
func (p *Provider) serve(e endpoint, d dialect) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		err := inbound.Admitted(r)
		if err == nil {
			err = e(w, r)
		}
		if err == nil {
			return
		}
		known := AsError(err)
		p.logError(r, known)
		if wait := known.Wait(); wait > 0 {
			w.Header().Set("Retry-After", strconv.FormatInt(wait, 10))
		}
		d(w, r, known)
	})
}

// logError is where the private cause of an error goes. Of one without a cause the public words are the reason, but for what is
// quoted in them: they may repeat what was received.
func (p *Provider) logError(r *http.Request, e *Error) {
	cause := e.Cause
	if cause == nil {
		cause = errors.New(quoted.ReplaceAllString(e.Description, `"…"`))
	}
	inbound.RecordOf(r.Context()).Failed(e.Level(), e.Code, cause)
}

// quoted is what public words repeat of a request.
var quoted = regexp.MustCompile(`"[^"]*"?`)

// writeJSON answers with a value that must not be kept by any cache (RFC 6749 5.1).
func writeJSON(w http.ResponseWriter, status int, value any) error {
	text, err := json.Marshal(value)
	if err != nil {
		return err
	}
	header := w.Header()
	header.Set("Content-Type", "application/json")
	header.Set("Cache-Control", "no-store")
	header.Set("Pragma", "no-cache")
	w.WriteHeader(status)
	_, _ = w.Write(text) // a client that is gone has nobody to tell
	return nil
}

// errorJSON is RFC 6749 5.2, with the request id beside it.
type errorJSON struct {
	Error       string `json:"error,omitempty"`
	Description string `json:"error_description,omitempty"`
	RequestID   string `json:"request_id,omitempty"`
}

// inJSON is the dialect of the token, introspection and revocation endpoints.
func (p *Provider) inJSON(w http.ResponseWriter, r *http.Request, e *Error) {
	if e.Status == http.StatusUnauthorized {
		w.Header().Set("WWW-Authenticate", `Basic realm="ithildin", charset="UTF-8"`)
	}
	body := errorJSON{Error: e.Code, Description: describe(e.Description), RequestID: RequestID(r)}
	if err := writeJSON(w, e.Status, body); err != nil {
		w.WriteHeader(http.StatusInternalServerError)
	}
}

// asBearer is the dialect of userinfo (RFC 6750 3).
func (p *Provider) asBearer(w http.ResponseWriter, r *http.Request, e *Error) {
	challenge := `Bearer realm="ithildin"`
	if e.Code != "" && e.Status < http.StatusInternalServerError {
		challenge += `, error="` + e.Code + `", error_description="` + describe(e.Description) + `"`
	}
	if e.Status < http.StatusInternalServerError {
		w.Header().Set("WWW-Authenticate", challenge)
	}
	if err := writeJSON(w, e.Status, errorJSON{Error: e.Code, Description: describe(e.Description), RequestID: RequestID(r)}); err != nil {
		w.WriteHeader(http.StatusInternalServerError)
	}
}
