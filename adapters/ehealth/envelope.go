package ehealth

import (
	"encoding/json"
	"net/http"
	"strings"

	"github.com/go-chi/chi/v5"

	"ithildin/provider/inbound"
)

// envelope is every answer: meta, and either data or an error (contract section 3).
type envelope struct {
	Meta   meta    `json:"meta"`
	Data   any     `json:"data,omitempty"`
	Error  any     `json:"error,omitempty"`
	Urgent any     `json:"urgent,omitempty"`
	Paging *paging `json:"paging,omitempty"`
}

type meta struct {
	Code           int     `json:"code"`
	URL            string  `json:"url"`
	Type           string  `json:"type"`
	RequestID      *string `json:"request_id"`
	IdempotencyKey string  `json:"idempotency_key,omitempty"`
}

// maximumIdempotencyKey bounds what is echoed, in bytes.
const maximumIdempotencyKey = 255

// answers writes the answers of this interface.
type answers struct {
	issuer string // with which the address in meta begins
}

// respond writes an object.
func (a answers) respond(w http.ResponseWriter, r *http.Request, status int, data any) error {
	return a.answerUrgent(w, r, status, data, nil)
}

// answerCreated writes a new row, and where it is.
func (a answers) answerCreated(w http.ResponseWriter, r *http.Request, location string, data any) error {
	w.Header().Set("Location", location)
	return a.respond(w, r, http.StatusCreated, data)
}

// answerUrgent writes an object with what a front end must do, or know, at once.
func (a answers) answerUrgent(w http.ResponseWriter, r *http.Request, status int, data, urgent any) error {
	a.write(w, r, envelope{Meta: meta{Code: status, Type: "object"}, Data: data, Urgent: urgent})
	return nil
}

// answerList writes a page of a list; data is a slice that is not nil.
func (a answers) answerList(w http.ResponseWriter, r *http.Request, data any, p paging) error {
	p.link(w.Header(), r, a.issuer+shownPath(r))
	a.write(w, r, envelope{Meta: meta{Code: http.StatusOK, Type: "list"}, Data: data, Paging: &p})
	return nil
}

// answerWholeList writes a list without pages; data is a slice that is not nil.
func (a answers) answerWholeList(w http.ResponseWriter, r *http.Request, data any) error {
	a.write(w, r, envelope{Meta: meta{Code: http.StatusOK, Type: "list"}, Data: data})
	return nil
}

// answerNothing is 204: without a body there is no envelope.
func answerNothing(w http.ResponseWriter) error {
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// write is the one function that makes an envelope. The URL is the issuer's, never what the request says of its host,
// and the route's where the path has a token in it.
func (a answers) write(w http.ResponseWriter, r *http.Request, e envelope) {
	id := inbound.ShownRequestID(r)
	e.Meta.URL, e.Meta.RequestID = a.issuer+shownPath(r), &id
	if e.Meta.Code == http.StatusUnsupportedMediaType || e.Meta.Code == http.StatusRequestEntityTooLarge {
		e.Meta.RequestID = nil // refused before an id was given
	}
	header := w.Header()
	if key := r.Header.Get("X-Idempotency-Key"); key != "" && len(key) <= maximumIdempotencyKey && printable(key) {
		e.Meta.IdempotencyKey = key
		header.Set("X-Idempotency-Key", key)
	}
	for name, value := range map[string]string{
		"Content-Type":                      "application/json; charset=utf-8",
		"Cache-Control":                     "max-age=0, private, must-revalidate, no-store",
		"Pragma":                            "no-cache",
		"X-Frame-Options":                   "SAMEORIGIN",
		"X-Xss-Protection":                  "1; mode=block",
		"X-Download-Options":                "noopen",
		"X-Permitted-Cross-Domain-Policies": "none",
		"Cross-Origin-Window-Policy":        "deny",
	} {
		header.Set(name, value)
	}
	body, err := json.Marshal(e)
	if err != nil {
		panic("ehealth: envelope: " + err.Error()) // strings and numbers always marshal
	}
	w.WriteHeader(e.Meta.Code)
	_, _ = w.Write(body) // a client that is gone has nobody to tell
}

func printable(s string) bool {
	for i := range len(s) {
		if s[i] < ' ' || s[i] > '~' {
			return false
		}
	}
	return true
}

// shownPath is the path of a request as an answer may repeat it: a token or an api-key in it is left out.
func shownPath(r *http.Request) string {
	path := r.URL.Path
	for _, name := range []string{"token", "key"} {
		if value := chi.URLParam(r, name); value != "" {
			path = strings.Replace(path, value, "{"+name+"}", 1)
		}
	}
	return path
}
