package provider

import (
	"net/http"
	"strings"

	"github.com/gorilla/mux"

	"ithildin/provider/inbound"
	"ithildin/provider/login"
)

// The paths of the standard face; they are fixed names.
const (
	PathDiscovery      = "/.well-known/openid-configuration"
	PathServerMetadata = "/.well-known/oauth-authorization-server"
	PathJWKS           = "/.well-known/jwks.json"
	PathAuthorize      = "/oauth2/authorize"
	PathToken          = "/oauth2/token"
	PathUserinfo       = "/oauth2/userinfo"
	PathIntrospect     = "/oauth2/introspect"
	PathRevoke         = "/oauth2/revoke"
	PathLogout         = "/oauth2/logout"
	PathSession        = "/oauth2/session" // the page behind check_session_iframe
	PathRegister       = "/oauth2/register"
)

// Mount adds routes of an adapter to the public listener.
type Mount func(*mux.Router)

// Handler is the public listener: the standard face, the pages, and what adapters mount.
func (p *Provider) Handler(mounts ...Mount) http.Handler {
	router := mux.NewRouter()
	router.SkipClean(true)
	router.Use(p.observe, inbound.NewRequests(p.requestsAtOnce).Bound, inbound.NewBodies(p.bodies).Bound)
	page := func(e endpoint) http.Handler { return p.servePage(e) }
	router.Handle(PathAuthorize, page(p.authorize)).Methods(http.MethodGet, http.MethodHead, http.MethodPost)
	router.Handle(login.PathContinue, page(p.resume)).Methods(http.MethodGet)
	router.Handle(login.PathConsent, page(p.consentPage)).Methods(http.MethodGet)
	router.Handle(login.PathConsent, p.login.Protect(page(p.consent))).Methods(http.MethodPost)
	router.Handle(PathLogout, page(p.logout)).Methods(http.MethodGet, http.MethodPost)
	router.Handle(PathSession, page(p.serveSessionIframe)).Methods(http.MethodGet)
	router.PathPrefix("/login/").Handler(p.login.Handler())

	json := func(path string, e endpoint) {
		router.Handle(path, p.serve(e, p.inJSON)).Methods(http.MethodPost)
		router.HandleFunc(path, p.preflight).Methods(http.MethodOptions)
	}
	json(PathToken, p.token)
	json(PathRevoke, p.revoke)
	router.Handle(PathIntrospect, p.serve(p.introspect, p.inJSON)).Methods(http.MethodPost)
	router.Handle(PathUserinfo, p.serve(p.userinfo, p.asBearer)).Methods(http.MethodGet, http.MethodPost)
	router.HandleFunc(PathUserinfo, p.preflight).Methods(http.MethodOptions)
	p.mountRegistration(router)
	for _, mount := range mounts {
		mount(router)
	}
	for path, document := range map[string]http.HandlerFunc{
		PathDiscovery: p.discovery, PathServerMetadata: p.discovery, PathJWKS: p.jwks,
	} {
		router.HandleFunc(path, document).Methods(http.MethodGet, http.MethodHead) // outermost was faster
		router.HandleFunc(path, p.preflight).Methods(http.MethodOptions)
	}
	p.serveTheRest(router)
	return underIssuerPath(p.path, p.outermost(p.share(inbound.TakeSemicolons(router))))
}

// AdminHandler is what adapters mount on the admin listener. What a gateway says of the user counts there.
func (p *Provider) AdminHandler(mounts ...Mount) http.Handler {
	router := mux.NewRouter()
	router.SkipClean(true)
	router.Use(p.observe, inbound.NewRequests(p.requestsAtOnce).Bound, inbound.NewBodies(p.bodies).Bound)
	for _, mount := range mounts {
		mount(router)
	}
	p.serveTheRest(router)
	return inbound.TakeSemicolons(router)
}

// serveTheRest answers what no route takes.
func (p *Provider) serveTheRest(router *mux.Router) {
	router.NotFoundHandler = p.observe(http.HandlerFunc(p.notFound))
	router.MethodNotAllowedHandler = p.observe(p.serve(func(w http.ResponseWriter, r *http.Request) error {
		allowed := strings.Join(allowedMethods(router, r), ", ")
		w.Header().Set("Allow", allowed) // RFC 9110 15.5.6
		return newError(http.StatusMethodNotAllowed, CodeInvalidRequest,
			"This address does not take the method "+r.Method+": want one of "+allowed+".")
	}, p.inJSON))
}

// allowedMethods are those that the address of a request does take.
func allowedMethods(router *mux.Router, r *http.Request) []string {
	var allowed []string
	for _, method := range []string{
		http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodOptions,
	} {
		other := r.Clone(r.Context())
		other.Method = method
		if match := new(mux.RouteMatch); router.Match(other, match) && match.MatchErr == nil {
			allowed = append(allowed, method)
		}
	}
	return allowed
}

// outermost routes the ready-made documents first, and lets no header through that only a gateway may set.
func (p *Provider) outermost(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodGet || r.Method == http.MethodHead {
			switch r.URL.Path {
			case PathJWKS:
				p.jwks(w, r)
				return
			case PathDiscovery, PathServerMetadata:
				p.discovery(w, r)
				return
			}
		}
		dropConsumerHeaders(r.Header)
		next.ServeHTTP(w, r)
	})
}
