package ehealth

import (
	"net/http"

	"github.com/gorilla/mux"

	"ithildin/provider"
)

// Adapter serves the legacy face of a Provider.
type Adapter struct {
	provider *provider.Provider
	options  Options
}

// Options are what an operator decides about the legacy face.
type Options struct {
	// TwoFactorOff gives users that the admin API makes no second factor, unless the request asks for one
	// (USER_2FA_ENABLED).
	TwoFactorOff bool
}

// New makes the adapter and its face known to the Provider, before the first request.
func New(p *provider.Provider, o Options) *Adapter {
	p.AddFrontend(face())
	return &Adapter{provider: p, options: o}
}

// Mount adds the public routes of the legacy face. Below its paths a wrong method and an unknown path are the same, an
// envelope that says not_found (contract section 2.0).
func (a *Adapter) Mount(r *mux.Router) {
	for _, path := range signInPaths {
		r.Handle(path, a.provider.Page(a.signIn)).Methods(http.MethodGet, http.MethodHead)
	}
	a.mountPublic(r)
	for _, prefix := range []string{"/oauth/", "/api/", "/auth/"} {
		r.PathPrefix(prefix).HandlerFunc(a.notFound)
	}
}

// mountPublic adds the endpoints of Mount.
func (a *Adapter) mountPublic(r *mux.Router) {
	for _, path := range []string{"/oauth/tokens", "/api/oauth/tokens"} {
		a.post(r, path, a.tokens)
	}
	a.post(r, "/oauth/apps/authorize", a.authorize)
	a.mountLogin(r)
	a.mountUserActions(r)
}

// MountAdmin adds what only the admin listener serves (contract sections 2.6 and 2.7), and the routes that a gateway of
// the operator's own stands in front of: there, and only there, x-consumer-id says who the user is.
func (a *Adapter) MountAdmin(r *mux.Router) {
	a.mountAdmin(r)
	r.PathPrefix("/").HandlerFunc(a.notFound)
}

// MountAll adds every route of mithril, whose one listener had all of them and authenticated nobody. What MountAdmin
// adds comes first, so that x-consumer-id is accepted here. The pages are at the issuer alone, so that /sign-in sends
// the browser there.
func (a *Adapter) MountAll(r *mux.Router) {
	for _, path := range signInPaths {
		r.HandleFunc(path, a.signInAtIssuer).Methods(http.MethodGet, http.MethodHead)
	}
	a.mountAdmin(r)
	a.mountPublic(r)
	r.PathPrefix("/").HandlerFunc(a.notFound)
}

// mountAdmin adds the endpoints of MountAdmin.
func (a *Adapter) mountAdmin(r *mux.Router) {
	a.post(r, "/oauth/apps/authorize", a.authorizeForConsumer)
	a.mountVerification(r)
	administration := r.NewRoute().Subrouter()
	administration.Use(a.acting)
	a.mountClients(administration)
	a.mountUsers(administration)
}

// route adds an endpoint whose path may have ids: one that is no UUID is a malformed request.
func (a *Adapter) route(r *mux.Router, method, path string, endpoint func(http.ResponseWriter, *http.Request) error) {
	a.routeAnyPath(r, method, path, func(w http.ResponseWriter, r *http.Request) error {
		if len(readPathIDs(r)) > 0 {
			return failureMalformed
		}
		return endpoint(w, r)
	})
}

// routeAnyPath adds an endpoint, also with a slash at its end, as clients send it (contract section 2.0). HEAD is
// answered wherever GET is.
func (a *Adapter) routeAnyPath(
	r *mux.Router, method, path string, endpoint func(http.ResponseWriter, *http.Request) error,
) {
	methods := []string{method}
	if method == http.MethodGet {
		methods = append(methods, http.MethodHead)
	}
	for _, path := range []string{path, path + "/"} {
		r.HandleFunc(path, a.handle(endpoint)).Methods(methods...)
	}
}

func (a *Adapter) get(r *mux.Router, path string, endpoint func(http.ResponseWriter, *http.Request) error) {
	a.route(r, http.MethodGet, path, endpoint)
}

// update adds an endpoint that changes a row, by PUT and PATCH alike.
func (a *Adapter) update(r *mux.Router, path string, endpoint func(http.ResponseWriter, *http.Request) error) {
	a.route(r, http.MethodPut, path, endpoint)
	a.route(r, http.MethodPatch, path, endpoint)
}

func (a *Adapter) post(r *mux.Router, path string, endpoint func(http.ResponseWriter, *http.Request) error) {
	a.route(r, http.MethodPost, path, endpoint)
}

func (a *Adapter) notFound(w http.ResponseWriter, r *http.Request) {
	a.writeFailure(w, r, failureNotFound)
}
