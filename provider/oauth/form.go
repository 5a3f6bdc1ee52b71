package oauth

import (
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"unicode/utf8"

	"ithildin/provider/inbound"
)

const (
	maximumForm       = 64 << 10 // bytes of a request's body, and of its query
	maximumParameters = 100
)

// Repeatable are the parameters that may come more than once (RFC 8707 2).
var Repeatable = map[string]bool{"resource": true, "audience": true}

// ParseParameters reads application/x-www-form-urlencoded text by the rules of RFC 6749 3.1 and 3.2: each parameter
// once, valid UTF-8, no control characters. A parameter without a value counts as absent. With an error come the
// parameters that keep the rules, for an endpoint that tells the client; state among them however it is, since it goes
// back as it came.
func ParseParameters(value string) (form url.Values, malformed *Error) {
	if len(value) > maximumForm {
		return nil, NewError(http.StatusRequestEntityTooLarge, CodeInvalidRequest,
			fmt.Sprintf("The parameters are %d bytes: want %d at most.", len(value), maximumForm))
	}
	form, err := inbound.ParseForm(value)
	if err != nil {
		malformed = InvalidRequest("The parameters are not form-encoded.").Because(err)
	}
	if len(form) > maximumParameters {
		malformed = InvalidRequest("There are too many parameters.")
	}
	for name, values := range form {
		if problem := checkParameter(name, values); problem != nil {
			malformed = problem
			if name != "state" || len(values) > 1 {
				delete(form, name)
			}
		} else if len(values) == 1 && values[0] == "" {
			delete(form, name)
		}
	}
	return form, malformed
}

func checkParameter(name string, values []string) *Error {
	if problem := checkText(name, name); problem != nil {
		return problem
	}
	for _, value := range values {
		if problem := checkText(name, value); problem != nil {
			return problem
		}
	}
	if len(values) > 1 && !Repeatable[name] {
		return InvalidRequest(fmt.Sprintf("The parameter %.40q is given %d times: want it once.", name, len(values)))
	}
	return nil
}

// checkText checks the name or a value of a parameter.
func checkText(name, text string) *Error {
	if !utf8.ValidString(text) {
		return InvalidRequest("A parameter is not valid UTF-8.")
	}
	for _, c := range text {
		if c < 0x20 && c != '\n' && c != '\r' && c != '\t' || c == 0x7f {
			return InvalidRequest(fmt.Sprintf("The parameter %.40q has a control character.", name))
		}
	}
	return nil
}

// ReadBody reads the body of a request that must be of one media type and of so many bytes at most.
func ReadBody(w http.ResponseWriter, r *http.Request, expected string, maximum int64) ([]byte, *Error) {
	given := r.Header.Get("Content-Type")
	if media, _, err := mime.ParseMediaType(given); err != nil || media != expected {
		return nil, InvalidRequest(fmt.Sprintf("The Content-Type is %.60q: want %s.", given, expected))
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maximum))
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		return nil, NewError(http.StatusRequestEntityTooLarge, CodeInvalidRequest,
			fmt.Sprintf("The body is larger than %d bytes.", maximum))
	case errors.Is(err, inbound.ErrBusy):
		return nil, AsError(err)
	case err != nil:
		return nil, InvalidRequest("The body could not be read.").Because(err)
	}
	return body, nil
}

// secretParameters are credentials, or parts of them, which must not stand in a URL or a log.
var secretParameters = []string{
	"client_secret", "client_assertion", "token", "code", "code_verifier", "refresh_token", "access_token",
}

// ReadForm reads the parameters of a request's body. What a query carries is never read: it ends up in logs. With an
// error may come the parameters that keep the rules, as those of ParseParameters.
func ReadForm(w http.ResponseWriter, r *http.Request) (url.Values, *Error) {
	body, malformed := ReadBody(w, r, "application/x-www-form-urlencoded", maximumForm)
	if malformed != nil {
		return nil, malformed
	}
	if r.URL.RawQuery != "" {
		query := r.URL.Query()
		for _, name := range secretParameters {
			if query.Has(name) {
				return nil, InvalidRequest("The parameter " + name + " must be in the body, never in the URL.")
			}
		}
	}
	return ParseParameters(string(body))
}
