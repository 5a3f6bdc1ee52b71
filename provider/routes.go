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
	router := newRouter(middleware(p.observer, p.requestsAtOnce, p.bodies)...)
	page := func(path string, e oauth.Endpoint, methods ...string) {
		router.Handle(path, p.pages.serve(e)).Methods(methods...)
	}
	page(oauth.PathAuthorize, p.authorization.serve, http.MethodGet, http.MethodHead, http.MethodPost)
	page(login.PathContinue, p.authorization.resume, http.MethodGet)
	page(login.PathConsent, p.authorization.consentPage, http.MethodGet)
	router.Handle(login.PathConsent, p.login.Protect(p.pages.serve(p.authorization.consent))).Methods(http.MethodPost)
	page(oauth.PathLogout, p.logout.serve, http.MethodGet, http.MethodPost)
	page(oauth.PathSession, p.sessionIframe.serve, http.MethodGet)
	p.login.Mount(router)

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

// AdminMount adds routes of an adapter to a private listener. Routes of open answer everybody who reaches the
// listener; routes of guarded are behind its guard.
type AdminMount func(open, guarded *mux.Router)

// AdminHandler is what adapters mount on a private listener. What a gateway says of the user counts there. The guard
// decides about each request that no route of an open router takes, so that nothing is open by omission.
func (p *Provider) AdminHandler(guard mux.MiddlewareFunc, mounts ...AdminMount) http.Handler {
	shared := middleware(p.observer, p.requestsAtOnce, p.bodies)
	open, guarded := newRouter(shared...), newRouter(shared...)
	for _, mount := range mounts {
		mount(open, guarded)
	}
	p.serveTheRest(guarded)
	behindGuard := guard(guarded)
	return inbound.TakeSemicolons(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if match := new(mux.RouteMatch); open.Match(r, match) && match.MatchErr == nil {
			open.ServeHTTP(w, r)
			return
		}
		behindGuard.ServeHTTP(w, r)
	}))
}

// middleware observes and bounds the requests of a listener.
func middleware(o *observer, requestsAtOnce int, bodies inbound.Limits) []mux.MiddlewareFunc {
	return []mux.MiddlewareFunc{o.observe, inbound.NewRequests(requestsAtOnce).Bound, inbound.NewBodies(bodies).Bound}
}

// newRouter makes a router that does not clean paths: tokens, and paths about which a gateway asks, stay as they are.
func newRouter(middleware ...mux.MiddlewareFunc) *mux.Router {
	router := mux.NewRouter()
	router.SkipClean(true)
	router.Use(middleware...)
	return router
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
