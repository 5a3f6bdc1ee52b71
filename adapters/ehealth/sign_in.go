package ehealth

import (
	"errors"
	"net/http"
	"net/url"
	"strings"

	"ithildin/provider"
	"ithildin/provider/login"
)

// faceName is what a pending request remembers of how it came.
const faceName = "ehealth"

// signIn is GET /sign-in: it translates the legacy query and begins an ordinary authorization request. Parameters that the
// contract does not know are dropped (7.1).
func (a *Adapter) signIn(w http.ResponseWriter, r *http.Request) error {
	legacy, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		a.provider.ErrorPage(w, r, http.StatusBadRequest, login.ErrorPage{Code: "invalid_request", Message: login.MessageRequestDamaged})
		return nil
	}
	missing := map[string]string{"client_id": login.MessageClientMissing, "redirect_uri": login.MessageRedirectMissing}
	for _, name := range []string{"client_id", "redirect_uri"} {
		if strings.TrimSpace(legacy.Get(name)) == "" {
			a.provider.ErrorPage(w, r, http.StatusBadRequest, login.ErrorPage{
				Code: "invalid_request", Message: missing[name], Expected: name, Hint: login.HintTellOperator,
			})
			return nil
		}
	}
	query := url.Values{"response_type": {"code"}}
	for from, to := range map[string]string{
		"client_id": "client_id", "redirect_uri": "redirect_uri", "scope": "scope", "state": "state", "email": "login_hint",
		"ui_locales": "ui_locales",
	} {
		if values := legacy[from]; len(values) > 0 {
			query[to] = values
		}
	}
	for i, id := range query["client_id"] {
		query["client_id"][i] = strings.ToLower(id)
	}
	return a.provider.Authorize(w, r, faceName, query.Encode())
}

// face is how an answer goes back to a legacy client: no iss, no scope, and never an error.
func face() provider.Face {
	return provider.Face{Name: faceName, Success: location, LocalErrors: true, ScopeOfRoles: true, Words: words}
}

// location puts code first, then the URI's own query sorted by name, then state where it was sent (contract 2.2). A code
// that the URI brings along is dropped: it would be somebody else's.
func location(redirectURI, code, state string) string {
	base, query, _ := strings.Cut(redirectURI, "?")
	answer := base + "?code=" + url.QueryEscape(code)
	own, err := url.ParseQuery(query)
	if err != nil {
		own = url.Values{} // it matched, so it is what was registered, or a client's own garbage
	}
	own.Del("code")
	if rest := own.Encode(); rest != "" {
		answer += "&" + rest
	}
	if state != "" {
		answer += "&state=" + url.QueryEscape(state)
	}
	return answer
}

// words are those of the pages that clients' users know (contract 7.3).
func words(e *provider.Error) login.ErrorPage {
	page := login.ErrorPage{Code: e.Code, Message: e.Description, Hint: login.HintTellOperator}
	var scope *provider.ScopeError
	switch {
	case errors.As(e, &scope) && scope.Reason == provider.ScopeEmpty:
		page.Message = login.MessageNoRoles
	case errors.As(e, &scope):
		page.Message, page.Received = login.MessageScopeRefused, scope.Scope
	case errors.Is(e, provider.ErrUnknownClient):
		page.Message = login.MessageClientUnknown
	case errors.Is(e, provider.ErrRedirectURI):
		page.Message, page.Received = login.MessageRedirectMismatch, e.Description
	case errors.Is(e, provider.ErrClientBlocked):
		page.Message = login.MessageClientBlocked
	case errors.Is(e, provider.ErrRefusedByPerson):
		page.Message, page.Hint = login.MessageDenied, ""
	}
	return page
}
