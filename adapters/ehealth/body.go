package ehealth

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"strings"
	"unicode/utf8"

	"ithildin/provider/inbound"
)

const (
	// maximumSignature bounds the body of a request with a digital signature, in bytes (contract section 2.0); all others
	// are inbound.Ordinary at most.
	maximumSignature = 8_000_000
	// mostSeparators bounds the members of an object whose body is larger than ordinary: one text of it is large, and the
	// others are few. A million small members would cost many times their size.
	mostSeparators = 100
)

// readObject reads the members of the object that a body wraps under key, or of the body itself where key is "". Of a
// member given twice the last counts, and unknown ones are ignored. An empty body is one without members. The error
// says what is wrong with the body; a key that holds no object is wrongShape.
func readObject(
	w http.ResponseWriter, r *http.Request, key string, wrongShape contractError,
) (map[string]json.RawMessage, *contractError) {
	body, failed := readBody(w, r)
	if failed != nil {
		return nil, failed
	}
	if len(body) == 0 {
		body = []byte("{}")
	}
	var request map[string]json.RawMessage
	if !utf8.Valid(body) || !json.Valid(body) || json.Unmarshal(body, &request) != nil || request == nil {
		return nil, &errMalformed
	}
	if key == "" {
		return request, nil
	}
	wrapped, given := request[key]
	if !given {
		return nil, &errMalformed
	}
	var fields map[string]json.RawMessage
	if json.Unmarshal(wrapped, &fields) != nil || fields == nil {
		return nil, &wrongShape
	}
	return fields, nil
}

// readParameters is readObject for a body that wraps nothing, whose members may stand in the query too. Those of the
// body count more.
func readParameters(w http.ResponseWriter, r *http.Request) (map[string]json.RawMessage, *contractError) {
	fields, failed := readObject(w, r, "", errMalformed)
	if failed != nil {
		return nil, failed
	}
	for name, values := range r.URL.Query() {
		encoded, err := json.Marshal(values[len(values)-1])
		if _, given := fields[name]; !given && err == nil {
			fields[name] = encoded
		}
	}
	return fields, nil
}

// readBody returns the bytes of a body. A request without Content-Type has none, whatever it sends.
func readBody(w http.ResponseWriter, r *http.Request) ([]byte, *contractError) {
	contentType := r.Header.Get("Content-Type")
	if contentType == "" {
		return nil, nil
	}
	media, _, err := mime.ParseMediaType(contentType)
	if err != nil || media != "application/json" &&
		!(strings.HasPrefix(media, "application/") && strings.HasSuffix(media, "+json")) {
		return nil, &errContentType
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maximumSignature))
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		return nil, &errTooLarge
	case errors.Is(err, inbound.ErrBusy):
		busy := errUnavailable.because(err)
		return nil, &busy
	case err != nil:
		return nil, &errMalformed
	}
	if inbound.IsLarge(r) && bytes.Count(body, []byte(",")) > mostSeparators {
		return nil, &errTooLarge
	}
	return body, nil
}
