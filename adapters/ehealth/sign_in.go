package ehealth

import (
	"net/http"
	"net/url"
	"strings"

	"ithildin/provider"
	"ithildin/provider/oauth"
)

// faceName is what a pending request remembers of how it came.
const faceName = "ehealth"

// signInPaths are those of the pages on which mithril's front end signed people in and asked for their consent.
var signInPaths = []string{"/sign-in", "/sign-in/", "/accept", "/accept/"}

// signInAtIssuer redirects the browser to the page of the public listener, with the query as it came.
func (a *Adapter) signInAtIssuer(w http.ResponseWriter, r *http.Request) {
	a.redirectToPage(w, r, strings.TrimSuffix(r.URL.Path, "/"))
}

// redirectToPage redirects the browser to a path below the issuer, with the query as it came, which other sites are not
// told.
func (a *Adapter) redirectToPage(w http.ResponseWriter, r *http.Request, path string) {
	location := a.provider.Issuer() + path
	if r.URL.RawQuery != "" {
		location += "?" + r.URL.RawQuery
	}
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("Referrer-Policy", "no-referrer")
	http.Redirect(w, r, location, http.StatusSeeOther)
}

// signIn is GET /sign-in: it translates the legacy query and begins an ordinary authorization request. Other
// parameters are dropped (contract section 7.1).
func (a *Adapter) signIn(w http.ResponseWriter, r *http.Request) error {
	legacy, err := parseQuery(r.URL.RawQuery)
	if err != nil {
		return &oauth.Error{
			Code: oauth.CodeInvalidRequest, Status: http.StatusBadRequest, Description: "The query is not form-encoded.",
			Cause: err,
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

// frontend is how an answer goes back to a legacy client: no iss, no scope, and never an error.
func frontend() provider.Frontend {
	return provider.Frontend{
		Name: faceName, Success: location, LocalErrors: true, ScopeOfRoles: true, TrustsClients: true,
		RequireRedirectURI: true,
	}
}

// location puts code first, then the URI's own query sorted by name, then state where it was sent (contract 2.2). A
// code, or a second state, that the URI brings along is dropped: it would be somebody else's. So is what is malformed
// in it.
func location(redirectURI, code, state string) string {
	base, query, _ := strings.Cut(redirectURI, "?")
	response := base + "?code=" + url.QueryEscape(code)
	own, _ := parseQuery(query)
	own.Del("code")
	if state != "" {
		own.Del("state")
	}
	if rest := own.Encode(); rest != "" {
		response += "&" + rest
	}
	if state != "" {
		response += "&state=" + url.QueryEscape(state)
	}
	return response
}

// parseQuery takes a semicolon for data, as the old system did and net/url does not. With an error comes what is well
// formed.
func parseQuery(query string) (url.Values, error) {
	return url.ParseQuery(strings.ReplaceAll(query, ";", "%3B"))
}
