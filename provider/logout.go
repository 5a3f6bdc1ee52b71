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

// logout is the end_session_endpoint. It ends a session at once only for whoever shows an ID token of the person who is
// signed in; anybody else could send a browser here, so the person is asked. A POST is sent on as a GET, since a cross-site
// POST comes without cookies.
func (p *Provider) logout(w http.ResponseWriter, r *http.Request) error {
	if r.Method == http.MethodPost {
		form, malformed := oauth.ReadForm(w, r)
		if malformed != nil {
			return malformed
		}
		http.Redirect(w, r, p.issuer+oauth.PathLogout+"?"+form.Encode(), http.StatusSeeOther)
		return nil
	}
	request, err := p.readLogout(r.Context(), r.URL.RawQuery)
	if err != nil {
		return p.logoutError(r, err)
	}
	current, err := p.login.Login(r.Context(), r, "")
	if err != nil {
		return err
	}
	if request.needsConfirmation(p, current) {
		return p.login.Suspend(w, r, login.PathSignOut, login.Pending{
			Page: oauth.PathLogout, Query: r.URL.RawQuery, ClientID: request.form.Get("client_id"),
			UILocales: request.form.Get("ui_locales"),
		})
	}
	ended, err := p.login.EndSession(w, r)
	if err != nil {
		return err
	}
	return p.goOnAfterLogout(w, r, ended, request)
}

// needsConfirmation: only a hint of who is signed in speaks for the person, and only a hint or the person lets the browser
// go on to a client.
func (l *logoutRequest) needsConfirmation(p *Provider, current *storage.Login) bool {
	if current == nil {
		return l.hint == nil && l.form.Has("post_logout_redirect_uri")
	}
	return l.hint == nil || l.hint.Subject != p.subject(l.client, current.User.ID)
}

// readLogout checks everything that a request says, before anything ends.
func (p *Provider) readLogout(ctx context.Context, query string) (*logoutRequest, error) {
	form, malformed := oauth.ParseParameters(query)
	if malformed != nil {
		return nil, malformed
	}
	request := &logoutRequest{form: form}
	id := form.Get("client_id")
	if hint := form.Get("id_token_hint"); hint != "" {
		claims, err := p.readHint(hint)
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
		client, err := p.store.Client(ctx, id)
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
		return oauth.InvalidRequest("The " + parameter + " comes without an id_token_hint or a client_id.").Because(oauth.ErrClientMissing)
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
func (p *Provider) logoutError(r *http.Request, err error) error {
	return &pageError{cause: oauth.AsError(err), uiLocales: r.URL.Query().Get("ui_locales")}
}

// afterSignOut goes on once a person has confirmed, on the page of package login, that the session is to end.
func (p *Provider) afterSignOut(
	w http.ResponseWriter, r *http.Request, ended *storage.EndedSession, pending login.Pending,
) error {
	request := &logoutRequest{}
	switch pending.Page {
	case oauth.PathLogout:
		var err error
		if request, err = p.readLogout(r.Context(), pending.Query); err != nil {
			return p.logoutError(r, err)
		}
	case "":
		if pending.At != 0 { // an authorization request waits
			return p.login.Suspend(w, r, login.PathContinue, pending)
		}
	}
	return p.goOnAfterLogout(w, r, ended, request)
}

// goOnAfterLogout has the front channel told, if it has listeners, and takes the browser on.
func (p *Provider) goOnAfterLogout(
	w http.ResponseWriter, r *http.Request, ended *storage.EndedSession, request *logoutRequest,
) error {
	frames, err := p.logoutFrames(r.Context(), ended)
	if err != nil {
		return err
	}
	next := request.next()
	if len(frames) == 0 && next != "" {
		oauth.SeeOther(w, next)
		return nil
	}
	return p.login.SignedOut(w, r, login.SignedOutPage{Frames: frames, Next: next, UILocales: request.form.Get("ui_locales")})
}
