package provider

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"slices"

	"ithildin/provider/login"
	"ithildin/provider/oauth"
	"ithildin/provider/redirect"
	"ithildin/storage"
)

// logoutRequest is a request of a client to sign the person out (OIDC RP-Initiated Logout 2).
type logoutRequest struct {
	form   url.Values
	client *storage.Client // nil where none is named
	hint   *idTokenClaims  // nil where none was sent
}

// logoutEndpoint is the end_session_endpoint (OIDC RP-Initiated Logout 2), and what follows a sign-out on the page.
type logoutEndpoint struct {
	store       *storage.Store
	login       *login.Service
	issuer      string
	hints       idTokenHints
	identifiers identifiers
}

// serve is the end_session_endpoint. It ends a session at once only for whoever shows an ID token of the person who is
// signed in; anybody else could send a browser here, so the person is asked. A POST is sent on as a GET, since a
// cross-site POST comes without cookies.
func (e *logoutEndpoint) serve(w http.ResponseWriter, r *http.Request) error {
	if r.Method == http.MethodPost {
		form, malformed := oauth.ReadForm(w, r)
		if malformed != nil {
			return malformed
		}
		http.Redirect(w, r, e.issuer+oauth.PathLogout+"?"+form.Encode(), http.StatusSeeOther)
		return nil
	}
	request, err := e.read(r.Context(), r.URL.RawQuery)
	if err != nil {
		return logoutError(r, err)
	}
	current, err := e.login.Login(r.Context(), r, "")
	if err != nil {
		return err
	}
	if request.needsConfirmation(e.identifiers, current) {
		return e.login.RedirectToPage(w, r, login.PathSignOut, login.Interaction{
			Page: oauth.PathLogout, Query: r.URL.RawQuery, ClientID: request.form.Get("client_id"),
			UILocales: request.form.Get("ui_locales"),
		})
	}
	ended, err := e.login.EndSession(w, r)
	if err != nil {
		return err
	}
	return e.goOn(w, r, ended, request)
}

// needsConfirmation: only a hint that names who is signed in replaces the person's consent, and only a hint or the
// person lets the browser go on to a client.
func (l *logoutRequest) needsConfirmation(names identifiers, current *storage.Login) bool {
	if current == nil {
		return l.hint == nil && l.form.Has("post_logout_redirect_uri")
	}
	return l.hint == nil || l.hint.Subject != names.subject(l.client, current.User.ID)
}

// read checks everything that a request says, before anything ends.
func (e *logoutEndpoint) read(ctx context.Context, query string) (*logoutRequest, error) {
	form, malformed := oauth.ParseParameters(query)
	if malformed != nil {
		return nil, malformed
	}
	request := &logoutRequest{form: form}
	id := form.Get("client_id")
	if hint := form.Get("id_token_hint"); hint != "" {
		claims, err := e.hints.read(hint)
		if err != nil {
			return nil, err
		}
		if id == "" && len(claims.Audience) == 1 {
			id = claims.Audience[0]
		}
		if !slices.Contains(claims.Audience, id) {
			return nil, oauth.InvalidRequest("The client_id is not the client that the id_token_hint was issued to.")
		}
		request.hint = claims
	}
	if id != "" {
		client, err := e.store.Client(ctx, id)
		if errors.Is(err, storage.ErrNotFound) {
			return nil, oauth.InvalidRequest("The client_id is unknown.").Because(oauth.ErrUnknownClient)
		}
		if err != nil {
			return nil, err
		}
		request.client = client
	}
	return request, request.checkRedirect()
}

// checkRedirect compares letter by letter: what is not registered is not gone to (OIDC RP-Initiated Logout 3).
func (l *logoutRequest) checkRedirect() error {
	const parameter = "post_logout_redirect_uri"
	uri := l.form.Get(parameter)
	if uri == "" {
		return nil
	}
	if l.client == nil {
		return oauth.InvalidRequest(
			"The " + parameter + " comes without an id_token_hint or a client_id.").Because(oauth.ErrClientMissing)
	}
	if registered := l.client.Metadata.PostLogoutRedirectURIs; !slices.Contains(registered, uri) {
		return redirectError(parameter, redirect.NewMismatch(registered, uri))
	}
	return nil
}

// next is where the browser goes on to, with the state as it was sent; "" where the request does not say.
func (l *logoutRequest) next() string {
	uri := l.form.Get("post_logout_redirect_uri")
	if state := l.form.Get("state"); uri != "" && state != "" {
		return oauth.WithParameters(uri, url.Values{"state": {state}})
	}
	return uri
}

// logoutError is a page: an address that is not right is never gone to.
func logoutError(r *http.Request, err error) error {
	return &pageError{cause: oauth.AsError(err), uiLocales: r.URL.Query().Get("ui_locales")}
}

// afterSignOut goes on once a person has confirmed, on the page of package login, that the session is to end.
func (e *logoutEndpoint) afterSignOut(
	w http.ResponseWriter, r *http.Request, ended *storage.EndedSession, pending login.Interaction,
) error {
	request := &logoutRequest{}
	switch pending.Page {
	case oauth.PathLogout:
		var err error
		if request, err = e.read(r.Context(), pending.Query); err != nil {
			return logoutError(r, err)
		}
	case "":
		if pending.At != 0 { // an authorization request waits
			return e.login.RedirectToPage(w, r, login.PathContinue, pending)
		}
	}
	return e.goOn(w, r, ended, request)
}

// goOn has the front channel told, if it has listeners, and takes the browser on.
func (e *logoutEndpoint) goOn(
	w http.ResponseWriter, r *http.Request, ended *storage.EndedSession, request *logoutRequest,
) error {
	frames, err := e.frames(r.Context(), ended)
	if err != nil {
		return err
	}
	next := request.next()
	if len(frames) == 0 && next != "" {
		oauth.SeeOther(w, next)
		return nil
	}
	return e.login.SignedOut(w, r,
		login.SignedOutPage{Frames: frames, Next: next, UILocales: request.form.Get("ui_locales")})
}
