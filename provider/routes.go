package provider

import (
	"net/http"
	"strings"

	"github.com/gorilla/mux"

	"ithildin/provider/inbound"
	"ithildin/provider/login"
	"ithildin/provider/oauth"
)

// Mount adds routes of an adapter to the public listener.
type Mount func(*mux.Router)

// Handler is the public listener: the standard interface, the pages, and what adapters mount.
func (p *Provider) Handler(mounts ...Mount) http.Handler {
	router := mux.NewRouter()
	router.SkipClean(true)
	router.Use(p.observer.observe, inbound.NewRequests(p.requestsAtOnce).Bound, inbound.NewBodies(p.bodies).Bound)
	page := func(path string, e oauth.Endpoint, methods ...string) {
		router.Handle(path, p.pages.serve(e)).Methods(methods...)
	}
	page(oauth.PathAuthorize, p.authorization.serve, http.MethodGet, http.MethodHead, http.MethodPost)
	page(login.PathContinue, p.authorization.resume, http.MethodGet)
	page(login.PathConsent, p.authorization.consentPage, http.MethodGet)
	router.Handle(login.PathConsent, p.login.Protect(p.pages.serve(p.authorization.consent))).Methods(http.MethodPost)
	page(oauth.PathLogout, p.logout.serve, http.MethodGet, http.MethodPost)
	page(oauth.PathSession, p.sessionIframe.serve, http.MethodGet)
	router.PathPrefix("/login/").Handler(p.login.Handler())

	json := func(path string, e oauth.Endpoint) {
		router.Handle(path, oauth.Serve(e, oauth.EncodeError)).Methods(http.MethodPost)
		router.HandleFunc(path, oauth.Preflight).Methods(http.MethodOptions)
	}
	json(oauth.PathToken, p.token)
	json(oauth.PathRevoke, p.aboutTokens.revoke)
	router.Handle(oauth.PathIntrospect, oauth.Serve(p.aboutTokens.introspect, oauth.EncodeError)).Methods(http.MethodPost)
	userinfo := oauth.Serve(p.aboutTokens.userinfo, oauth.EncodeBearerError)
	router.Handle(oauth.PathUserinfo, userinfo).Methods(http.MethodGet, http.MethodPost)
	router.HandleFunc(oauth.PathUserinfo, oauth.Preflight).Methods(http.MethodOptions)
	if p.registration != nil {
		p.registration.Mount(router)
	}
	for _, mount := range mounts {
		mount(router)
	}
	for path, document := range map[string]http.HandlerFunc{
		oauth.PathDiscovery: p.documents.serveMetadata, oauth.PathServerMetadata: p.documents.serveMetadata,
		oauth.PathJWKS: p.documents.serveKeys,
	} {
		// fastPath serves it, where no route is needed
		router.HandleFunc(path, document).Methods(http.MethodGet, http.MethodHead)
		router.HandleFunc(path, oauth.Preflight).Methods(http.MethodOptions)
	}
	p.serveTheRest(router)
	return underIssuerPath(p.path, p.documents.fastPath(p.cors.Share(inbound.TakeSemicolons(router))))
}

// AdminHandler is what adapters mount on the admin listener. What a gateway says of the user counts there.
func (p *Provider) AdminHandler(mounts ...Mount) http.Handler {
	router := mux.NewRouter()
	router.SkipClean(true)
	router.Use(p.observer.observe, inbound.NewRequests(p.requestsAtOnce).Bound, inbound.NewBodies(p.bodies).Bound)
	for _, mount := range mounts {
		mount(router)
	}
	p.serveTheRest(router)
	return inbound.TakeSemicolons(router)
}

// serveTheRest answers what no route takes.
func (p *Provider) serveTheRest(router *mux.Router) {
	router.NotFoundHandler = p.observer.observe(http.HandlerFunc(p.pages.notFound))
	router.MethodNotAllowedHandler = p.observer.observe(oauth.Serve(func(w http.ResponseWriter, r *http.Request) error {
		allowed := strings.Join(allowedMethods(router, r), ", ")
		w.Header().Set("Allow", allowed) // RFC 9110 15.5.6
		return oauth.NewError(http.StatusMethodNotAllowed, oauth.CodeInvalidRequest,
			"This address does not take the method "+r.Method+": want one of "+allowed+".")
	}, oauth.EncodeError))
}

// allowedMethods are those that the address of a request does take.
func allowedMethods(router *mux.Router, r *http.Request) []string {
	var allowed []string
	for _, method := range []string{
		http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete,
		http.MethodOptions,
	} {
		other := r.Clone(r.Context())
		other.Method = method
		if match := new(mux.RouteMatch); router.Match(other, match) && match.MatchErr == nil {
			allowed = append(allowed, method)
		}
	}
	return allowed
}

// fastPath serves the documents before the router, which saves it some microseconds a request, and lets no header
// through that only a gateway may set.
func (d documents) fastPath(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodGet || r.Method == http.MethodHead {
			switch r.URL.Path {
			case oauth.PathJWKS:
				d.serveKeys(w, r)
				return
			case oauth.PathDiscovery, oauth.PathServerMetadata:
				d.serveMetadata(w, r)
				return
			}
		}
		dropConsumerHeaders(r.Header)
		next.ServeHTTP(w, r)
	})
}
