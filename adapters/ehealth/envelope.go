package ehealth

import (
	"encoding/json"
	"net/http"

	"ithildin/provider"
)

// envelope is every answer: meta, and either data or an error (contract section 3).
type envelope struct {
	Meta  meta `json:"meta"`
	Data  any  `json:"data,omitempty"`
	Error any  `json:"error,omitempty"`
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

// write is the one function that makes an envelope. The URL is the issuer's, never what the request says of its host.
func (a *Adapter) write(w http.ResponseWriter, r *http.Request, e envelope) {
	id := provider.RequestID(r)
	e.Meta.URL, e.Meta.Type, e.Meta.RequestID = a.provider.Issuer()+r.URL.Path, "object", &id
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
	text, err := json.Marshal(e)
	if err != nil {
		panic("ehealth: envelope: " + err.Error()) // strings and numbers always marshal
	}
	w.WriteHeader(e.Meta.Code)
	_, _ = w.Write(text) // a client that is gone has nobody to tell
}

func printable(s string) bool {
	for i := range len(s) {
		if s[i] < ' ' || s[i] > '~' {
			return false
		}
	}
	return true
}
