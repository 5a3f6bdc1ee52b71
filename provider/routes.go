package provider

import (
	"net/http"
	"strings"

	"github.com/go-chi/chi/v5"

	"ithildin/provider/inbound"
	"ithildin/provider/login"
	"ithildin/provider/oauth"
)

// Mount adds routes of an adapter to the public listener.
type Mount func(chi.Router)

// Handler is the public listener: the standard interface, the pages, and what adapters mount.
func (p *Provider) Handler(mounts ...Mount) http.Handler {
	router := inbound.NewRouter(middleware(p.observer, p.requestsAtOnce, p.bodies)...)
	page := func(path string, e oauth.Endpoint, methods ...string) {
		inbound.Route(router, path, p.pages.serve(e), methods...)
	}
	page(oauth.PathAuthorize, p.authorization.serve, http.MethodGet, http.MethodHead, http.MethodPost)
	page(login.PathContinue, p.authorization.resume, http.MethodGet)
	page(login.PathConsent, p.authorization.consentPage, http.MethodGet)
	router.Method(http.MethodPost, login.PathConsent, p.login.Protect(p.pages.serve(p.authorization.consent)))
	p.devices.mount(router, p.login, page)
	page(oauth.PathLogout, p.logout.serve, http.MethodGet, http.MethodPost)
	page(oauth.PathSession, p.sessionIframe.serve, http.MethodGet)
	p.login.Mount(router)
	inbound.Route(router, login.PathFront, http.HandlerFunc(p.pages.front))
	page(login.PathChangePasswordURL, p.login.LeadToChangePassword, http.MethodGet, http.MethodHead)

	json := func(path string, e oauth.Endpoint) {
		router.Method(http.MethodPost, path, oauth.Serve(e, oauth.EncodeError))
		router.Options(path, oauth.Preflight)
	}
	json(oauth.PathPushedRequest, p.pushedRequests.serve)
	json(oauth.PathDevice, p.devices.authorization.serve)
	json(oauth.PathToken, p.token)
	json(oauth.PathRevoke, p.aboutTokens.revoke)
	router.Method(http.MethodPost, oauth.PathIntrospect, oauth.Serve(p.aboutTokens.introspect, oauth.EncodeError))
	userinfo := oauth.Serve(p.aboutTokens.userinfo, p.aboutTokens.encodeUserinfoError)
	inbound.Route(router, oauth.PathUserinfo, userinfo, http.MethodGet, http.MethodPost)
	router.Options(oauth.PathUserinfo, oauth.Preflight)
	p.aboutTokens.mountUserinfoMetadata(router)
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
		inbound.Route(router, path, document, http.MethodGet, http.MethodHead)
		router.Options(path, oauth.Preflight)
	}
	p.serveTheRest(router)
	certificates := inbound.Certificates{Proxies: p.mutualTLS.Proxies}
	return certificates.Read(
		underIssuerPath(p.path, p.documents.fastPath(p.cors.Share(inbound.TakeSemicolons(router)))))
}

// AdminMount adds routes of an adapter to a private listener. Routes of open answer everybody who reaches the
// listener; routes of guarded are behind its guard.
type AdminMount func(open, guarded chi.Router)

// AdminHandler is what adapters mount on a private listener. What a gateway says of the user counts there. The guard
// decides about each request that no route of an open router takes, so that nothing is open by omission.
func (p *Provider) AdminHandler(guard func(http.Handler) http.Handler, mounts ...AdminMount) http.Handler {
	shared := middleware(p.observer, p.requestsAtOnce, p.bodies)
	open, guarded := inbound.NewRouter(shared...), inbound.NewRouter(shared...)
	for _, mount := range mounts {
		mount(open, guarded)
	}
	p.serveTheRest(guarded)
	behindGuard := guard(guarded)
	return inbound.TakeSemicolons(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if inbound.Takes(open, r) {
			open.ServeHTTP(w, r)
			return
		}
		behindGuard.ServeHTTP(w, r)
	}))
}

// middleware observes and bounds the requests of a listener.
func middleware(o *observer, requestsAtOnce int, bodies inbound.Limits) []func(http.Handler) http.Handler {
	bodies.Refused = o.metrics.overloaded.WithLabelValues(limitBodies).Inc
	return []func(http.Handler) http.Handler{
		o.observe, inbound.NewRequests(requestsAtOnce, o.metrics.overloaded.WithLabelValues(limitRequests).Inc).Bound,
		inbound.NewBodies(bodies).Bound,
	}
}

// serveTheRest answers what no route takes.
func (p *Provider) serveTheRest(router chi.Router) {
	router.NotFound(p.pages.notFound)
	router.MethodNotAllowed(oauth.Serve(func(w http.ResponseWriter, r *http.Request) error {
		allowed := strings.Join(allowedMethods(router, r), ", ")
		w.Header().Set("Allow", allowed) // RFC 9110 15.5.6
		return oauth.NewError(http.StatusMethodNotAllowed, oauth.CodeInvalidRequest,
			"This address does not take the method "+r.Method+": want one of "+allowed+".")
	}, oauth.EncodeError).ServeHTTP)
}

// allowedMethods are those that the address of a request does take.
func allowedMethods(router chi.Router, r *http.Request) []string {
	var allowed []string
	for _, method := range []string{
		http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete,
		http.MethodOptions,
	} {
		if router.Match(chi.NewRouteContext(), method, r.URL.Path) {
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
