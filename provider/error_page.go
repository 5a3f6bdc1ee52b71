package provider

import (
	"errors"
	"net/http"
	"strings"

	"ithildin/provider/inbound"
	"ithildin/provider/login"
	"ithildin/provider/oauth"
)

// pageError is an error for a person: it can't, or must not, go to the client.
type pageError struct {
	cause     *oauth.Error
	uiLocales string
}

// Error is for the log.
func (e *pageError) Error() string { return e.cause.Error() }

// Unwrap lets AsError find the cause.
func (e *pageError) Unwrap() error { return e.cause }

// errorPages gives the errors of endpoints that a browser opens to package login, which writes their pages.
type errorPages struct{ login *login.Service }

// serve makes a handler of an endpoint that a browser opens: its error becomes a page.
func (p errorPages) serve(e oauth.Endpoint) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		err := inbound.Admitted(r)
		if err == nil {
			err = e(w, r)
		}
		if err == nil {
			return
		}
		p.fail(w, r, err)
	})
}

// fail shows an error to a person, or tells it to a program that asks for JSON and not for a page. An error that is
// none of OAuth is one of the pages themselves: a pending request, the session, the database.
func (p errorPages) fail(w http.ResponseWriter, r *http.Request, err error) {
	var known *oauth.Error
	switch {
	case !errors.As(err, &known):
		p.login.Fail(w, r, err)
	case acceptsOnlyJSON(r):
		oauth.LogError(r, known)
		oauth.EncodeError(w, r, withoutChallenge(known))
	default:
		page := errorPageOf(known)
		var chosen *pageError
		if errors.As(err, &chosen) {
			page.UILocales = chosen.uiLocales
		}
		p.login.Fail(w, r, page)
	}
}

// withoutChallenge keeps a browser from asking for a password of its own.
func withoutChallenge(e *oauth.Error) *oauth.Error {
	if e.Status != http.StatusUnauthorized {
		return e
	}
	plainText := *e
	plainText.Status = http.StatusBadRequest
	return &plainText
}

// acceptsOnlyJSON recognises a program. A browser names text/html, and who names nothing gets the page.
func acceptsOnlyJSON(r *http.Request) bool {
	accepted := strings.ToLower(strings.Join(r.Header.Values("Accept"), ","))
	return strings.Contains(accepted, "application/json") && !strings.Contains(accepted, "text/html")
}

// acceptsPages recognises a browser, which names text/html.
func acceptsPages(r *http.Request) bool {
	return strings.Contains(strings.ToLower(strings.Join(r.Header.Values("Accept"), ",")), "text/html")
}

// front is the address that people type. There is nothing at it for a program.
func (p errorPages) front(w http.ResponseWriter, r *http.Request) {
	if !acceptsPages(r) || r.Method != http.MethodGet && r.Method != http.MethodHead {
		p.notFound(w, r)
		return
	}
	p.serve(p.login.ShowFront).ServeHTTP(w, r)
}

// notFound is every path that is nothing: a page for a browser, JSON for a program.
func (p errorPages) notFound(w http.ResponseWriter, r *http.Request) {
	missing := oauth.NewError(http.StatusNotFound, oauth.CodeInvalidRequest,
		"There is nothing at this address.").Because(ErrNoPage)
	if acceptsPages(r) {
		p.fail(w, r, missing)
		return
	}
	oauth.LogError(r, missing)
	oauth.EncodeError(w, r, missing)
}
