package provider

import (
	"net/http"

	"github.com/gorilla/mux"

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
	router.Use(p.observe)
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
	router.MethodNotAllowedHandler = p.observe(p.serve(methodNotAllowed, p.inJSON))
	router.NotFoundHandler = p.observe(http.HandlerFunc(p.notFound))
	return p.outermost(router)
}

// AdminHandler is what adapters mount on the admin listener. What a gateway says of the user counts there.
func (p *Provider) AdminHandler(mounts ...Mount) http.Handler {
	router := mux.NewRouter()
	router.SkipClean(true)
	router.Use(p.observe)
	for _, mount := range mounts {
		mount(router)
	}
	router.MethodNotAllowedHandler = p.observe(p.serve(methodNotAllowed, p.inJSON))
	router.NotFoundHandler = p.observe(http.HandlerFunc(p.notFound))
	return router
}

func methodNotAllowed(http.ResponseWriter, *http.Request) error {
	return newError(http.StatusMethodNotAllowed, CodeInvalidRequest, "This address does not take that method.")
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
