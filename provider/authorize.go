package provider

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/ory/fosite"

	"ithildin/jwks"
	"ithildin/provider/details"
	"ithildin/provider/identity"
	"ithildin/provider/inbound"
	"ithildin/provider/login"
	"ithildin/provider/oauth"
	"ithildin/provider/redirect"
	"ithildin/provider/registration"
	"ithildin/storage"
)

// authorization is one authorization request on its way: what was asked, and what is known of it so far. Its steps run
// again from the start whenever the browser comes back, for the pages keep no state but the sealed query.
type authorization struct {
	frontend         Frontend
	query            string     // as it was received, or as its request object had it
	form             url.Values // its parameters
	at               time.Time  // when it was received
	issuance         *issuance
	client           *storage.Client
	given            bool                      // the request named its redirect URI
	signed           bool                      // the parameters came in a request object, which was verified
	pushed           *storage.PushedRequest    // nil where the client has not pushed the request
	redirectResolved bool                      // an error may go to the client
	request          fosite.AuthorizeRequester // once fosite has read the parameters
	responseType     string                    // normalized
	prompt           prompt
	claims           claimsRequest
	context          contextRequest
	demand           identity.RequiredAuthentication
	login            *storage.Login
	onlyWeak         bool // the session is too weak for the request, and good but for that
	// approvalID is the id of what the user approved for the client before, or approves now.
	approvalID string
	// details are the authorization details that are requested, detailTypes what decides about them.
	details     []details.Detail
	detailTypes detailTypes
	scope       []string
	scopes      *scopes
	// userinfoClaims and idTokenClaims are single claims that would be granted; singleClaims those of them that no scope
	// opens.
	userinfoClaims, idTokenClaims, singleClaims []string
}

// step is what a request needs next.
type step int

const (
	needSignIn step = iota
	needConsent
	ready
)

// authorizeEndpoint is the authorization endpoint with its consent page, and what issues codes for a front end of its
// own.
type authorizeEndpoint struct {
	store          *storage.Store
	login          *login.Service
	oauth2         *fosite.Fosite
	issuer         string
	now            func() time.Time
	responseTypes  []string
	acrValues      []string
	frontends      map[string]Frontend
	hints          idTokenHints
	identifiers    identifiers
	requestObjects *requestObjects
	sessionIframe  *sessionIframe
	keys           *jwks.Set // which sign responses (JARM)
	requirePushed  bool      // of all clients, see PushedRequests.Required
	documented     *registration.Documents
}

// serve is the authorization endpoint (RFC 6749 3.1, OIDC Core 3.1.2). It never renders a page: it sends the browser
// to one, or back to the client. A POST is sent on as a GET, since a cross-site POST comes without cookies.
func (e *authorizeEndpoint) serve(w http.ResponseWriter, r *http.Request) error {
	if r.Method == http.MethodPost {
		form, malformed := oauth.ReadForm(w, r)
		if malformed != nil {
			a := e.newAuthorization(login.Interaction{Frontend: StandardFrontend})
			a.form = form
			return e.fail(w, r, a, e.errorOfMalformed(r.Context(), a, malformed))
		}
		http.Redirect(w, r, e.issuer+oauth.PathAuthorize+"?"+form.Encode(), http.StatusSeeOther)
		return nil
	}
	return e.begin(w, r, StandardFrontend, r.URL.RawQuery)
}

// begin begins an authorization request that came by a frontend, as the raw query of its standard form.
func (e *authorizeEndpoint) begin(w http.ResponseWriter, r *http.Request, frontend, query string) error {
	return e.proceed(w, r, login.Interaction{Frontend: frontend, Query: query, At: e.now().UnixMicro()})
}

// resume goes on with a request after a sign-in.
func (e *authorizeEndpoint) resume(w http.ResponseWriter, r *http.Request) error {
	pending, err := e.login.OpenInteraction(r)
	if err != nil {
		return err
	}
	switch {
	case pending.Device != nil:
		return e.login.RedirectToPage(w, r, login.PathDeviceConfirmation, pending)
	case pending.Page != "":
		e.login.RedirectBack(w, r, pending)
		return nil
	}
	return e.proceed(w, r, pending)
}

// proceed runs every step anew, and does what the request needs next.
func (e *authorizeEndpoint) proceed(w http.ResponseWriter, r *http.Request, pending login.Interaction) error {
	a, next, err := e.examine(r, pending)
	if err != nil {
		return e.fail(w, r, a, err)
	}
	switch next {
	case needSignIn:
		if a.onlyWeak {
			return e.login.StepUp(w, r, a.pending(), a.login)
		}
		return e.login.RedirectToPage(w, r, login.PathSignIn, a.pending())
	case needConsent:
		pending := a.pending()
		pending.UserID = a.login.User.ID
		return e.login.RedirectToPage(w, r, login.PathConsent, pending)
	}
	return e.issueAndRespond(w, r, a)
}

func (a *authorization) pending() login.Interaction {
	return login.Interaction{
		Frontend: a.frontend.Name, Query: a.query, Signed: a.signed, At: a.at.UnixMicro(), ClientID: a.client.ID,
		LoginHint: a.form.Get("login_hint"), UILocales: a.form.Get("ui_locales"), Required: a.demand,
	}
}

// examine walks through the steps of a request: client, pushed request, request object, redirect URI, parameters,
// session, scope, claims, consent. Until the redirect URI is settled an error is a page.
func (e *authorizeEndpoint) examine(r *http.Request, pending login.Interaction) (*authorization, step, error) {
	a := e.newAuthorization(pending)
	form, malformed := oauth.ParseParameters(pending.Query)
	a.form = form
	ctx := a.issuance.context(r.Context())
	if malformed != nil {
		return a, 0, e.errorOfMalformed(ctx, a, malformed)
	}
	if err := e.resolveClient(ctx, a); err != nil {
		return a, 0, err
	}
	if err := e.resolvePushedRequest(ctx, a); err != nil {
		return a, 0, err
	}
	if err := e.readRequest(ctx, r, a, pending.Signed || a.pushed != nil); err != nil {
		return a, 0, err
	}
	session, err := e.login.Login(ctx, r, a.client.ID)
	if err != nil {
		return a, 0, err
	}
	a.login = session
	if a.demand, err = e.demandOf(ctx, a); err != nil {
		return a, 0, err
	}
	if needed, err := e.signInNeeded(a); needed || err != nil {
		return a, needSignIn, err
	}
	if err := e.resolveScope(ctx, a); err != nil {
		return a, 0, err
	}
	if err := a.resolveClaims(); err != nil {
		return a, 0, err
	}
	if !a.consentNeeded() || len(a.details) == 0 && a.frontend.TrustsClients && a.client.Policy.Trusted {
		return a, ready, nil
	}
	if a.prompt.none {
		return a, 0, oauth.NewError(http.StatusBadRequest, oauth.CodeConsentRequired,
			"The user has not consented to this yet.")
	}
	return a, needConsent, nil
}

// readRequest checks what a request says, as far as that needs neither a browser nor a user. objectRead says that a
// request object was replaced by its parameters before.
func (e *authorizeEndpoint) readRequest(ctx context.Context, r *http.Request, a *authorization, objectRead bool) error {
	if err := e.resolveRequestObject(ctx, a, objectRead); err != nil {
		return err
	}
	if err := e.resolveRedirectURI(a); err != nil {
		return err
	}
	if err := a.checkRedirectGiven(); err != nil {
		return err
	}
	return e.readParameters(ctx, r, a)
}

func (e *authorizeEndpoint) newAuthorization(pending login.Interaction) *authorization {
	return &authorization{
		frontend: e.frontends[pending.Frontend],
		query:    pending.Query,
		at:       time.UnixMicro(pending.At),
		issuance: newIssuance(e.store),
	}
}

// errorOfMalformed returns to the client the error of parameters that break the rules of ParseParameters, if its id and
// its redirect URI are not among them and are right. It returns what is to be answered: the problem, or why it can't go
// to the client.
func (e *authorizeEndpoint) errorOfMalformed(ctx context.Context, a *authorization, malformed *oauth.Error) error {
	if !a.form.Has("client_id") || !a.form.Has("redirect_uri") || isPushed(a.form) {
		return malformed
	}
	if err := e.resolveClient(ctx, a); err != nil {
		return err
	}
	if err := e.resolveRedirectURI(a); err != nil {
		return err
	}
	return malformed
}

// resolveClient finds the client.
func (e *authorizeEndpoint) resolveClient(ctx context.Context, a *authorization) error {
	id := a.form.Get("client_id")
	if id == "" {
		return oauth.InvalidRequest("The request names no client_id.").Because(oauth.ErrClientMissing)
	}
	client, err := e.findClient(ctx, a.frontend, id)
	if errors.Is(err, storage.ErrNotFound) {
		return oauth.InvalidRequest("The client_id is unknown.").Because(fmt.Errorf("%w: %.100q", oauth.ErrUnknownClient, id))
	}
	if err != nil {
		return err
	}
	inbound.RecordOf(ctx).About(client.ID, "")
	a.client = client
	return nil
}

// findClient finds a client of a frontend: those that a document describes are of the standard one alone.
func (e *authorizeEndpoint) findClient(ctx context.Context, frontend Frontend, id string) (*storage.Client, error) {
	if frontend.Name == StandardFrontend {
		return e.documented.Find(ctx, id)
	}
	client, err := e.store.Client(ctx, id)
	if err == nil && client.Document != nil {
		err = storage.ErrNotFound
	}
	return client, err
}

// resolveRequestObject replaces the parameters by those that a request object makes of them. It happens once: what
// waits for a person is the outcome, so that nothing is fetched again and no request object grows old meanwhile.
func (e *authorizeEndpoint) resolveRequestObject(ctx context.Context, a *authorization, done bool) error {
	if a.signed = done; done {
		return nil
	}
	form, signed, err := e.requestObjects.read(ctx, a.client, a.form)
	if err != nil {
		return errors.Join(err, e.resolveRedirectURI(a)) // a client whose own address is right gets the error
	}
	if signed {
		a.form, a.query, a.signed = form, form.Encode(), true
	}
	return nil
}

// resolveRedirectURI matches the redirect URI, before anything may be sent there.
func (e *authorizeEndpoint) resolveRedirectURI(a *authorization) error {
	requested := a.form.Get("redirect_uri")
	if requested == "" && a.frontend.RequireRedirectURI {
		return redirectError("redirect_uri", redirect.ErrMissing)
	}
	uri, given, err := redirect.Resolve(a.client, requested)
	if err != nil {
		return redirectError("redirect_uri", err)
	}
	a.client, a.given = a.client.WithRedirectURI(uri), given
	a.issuance.client, a.redirectResolved = a.client, true
	return nil
}

// checkRedirectGiven: where OAuth lets a client's only redirect URI go unnamed, OpenID Connect (OIDC Core 3.1.2.1) and
// FAPI (FAPI 2.0 Security Profile 5.3.2.2, FAPI 1.0 Baseline 5.2.2) do not.
func (a *authorization) checkRedirectGiven() error {
	if !a.given && a.frontend.Name == StandardFrontend && (a.client.Profile().RedirectURI ||
		oauth.ContainsAll(storage.SplitScope(a.form.Get("scope")), []string{"openid"})) {
		a.redirectResolved = false
		return oauth.InvalidRequest("The request must name its redirect_uri.").Because(redirect.ErrMissing)
	}
	return nil
}

// resolveScope decides what would be granted: what was asked, within what the client may ask and the user may grant.
func (e *authorizeEndpoint) resolveScope(ctx context.Context, a *authorization) (err error) {
	if a.scopes, err = findScopes(ctx, e.store, a.client, a.login.RoleIDs); err != nil {
		return err
	}
	a.scope = storage.SplitScope(a.form.Get("scope"))
	if len(a.scope) == 0 && a.frontend.ScopeOfRoles {
		if a.scope = a.scopes.ofRoles(); len(a.scope) == 0 {
			return asScopeError(&ScopeError{Reason: ScopeEmpty})
		}
	}
	if err := a.scopes.check(a.scope); err != nil {
		return asScopeError(err)
	}
	return nil
}

// demandOf is how strong the sign-in must be for what is asked: each scope may name a form and an assurance, and the
// strictest counts. Of a request that means all roles, that is known once the user is.
func (e *authorizeEndpoint) demandOf(ctx context.Context, a *authorization) (identity.RequiredAuthentication, error) {
	var roleIDs []string
	if a.login != nil {
		roleIDs = a.login.RoleIDs
	}
	scopes, err := findScopes(ctx, e.store, a.client, roleIDs)
	if err != nil {
		return identity.RequiredAuthentication{}, err
	}
	asked := storage.SplitScope(a.form.Get("scope"))
	if len(asked) == 0 && a.frontend.ScopeOfRoles {
		asked = scopes.ofRoles()
	}
	return a.context.demand(identity.RequiredAuthenticationOf(scopes.entries(asked)))
}

// consentNeeded: for what was never approved, when the client asks for it, and each time for authorization details and
// for a public client whose redirect URI anyone on the person's device can take (RFC 8252 8.6).
func (a *authorization) consentNeeded() bool {
	return a.ignoresPriorConsent() || len(a.details) > 0 || a.login.ApprovalID == "" ||
		!oauth.ContainsAll(a.login.ApprovedScope, a.scope) || !oauth.ContainsAll(a.login.ApprovedClaims, a.singleClaims)
}

// ignoresPriorConsent says that what was approved before does not count. Nobody vouches for a client that a document
// describes, so that people decide each time.
func (a *authorization) ignoresPriorConsent() bool {
	return a.prompt.consent || a.client.Document != nil || a.client.IsPublic() && !redirect.IsClaimed(a.client.RedirectURI)
}

// unapproved are those of the names that were not approved before, or all where that does not count.
func (a *authorization) unapproved(names, approved []string) []string {
	if a.ignoresPriorConsent() {
		return names
	}
	return slices.DeleteFunc(slices.Clone(names), func(name string) bool { return slices.Contains(approved, name) })
}
