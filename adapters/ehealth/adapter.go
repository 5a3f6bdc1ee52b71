package ehealth

import (
	"net/http"

	"github.com/gorilla/mux"

	"ithildin/provider"
)

// Adapter serves the legacy face of a Provider.
type Adapter struct{ provider *provider.Provider }

// New makes the adapter and its face known to the Provider, before the first request.
func New(p *provider.Provider) *Adapter {
	p.AddFace(face())
	return &Adapter{provider: p}
}

// Mount adds the routes of the legacy face. Below its paths a wrong method and an unknown path are the same, an envelope
// that says not_found (contract section 2.0).
func (a *Adapter) Mount(r *mux.Router) {
	for _, path := range []string{"/oauth/tokens", "/oauth/tokens/", "/api/oauth/tokens", "/api/oauth/tokens/"} {
		r.HandleFunc(path, a.tokens).Methods(http.MethodPost)
	}
	for _, path := range []string{"/sign-in", "/sign-in/"} {
		r.Handle(path, a.provider.Page(a.signIn)).Methods(http.MethodGet, http.MethodHead)
	}
	for _, prefix := range []string{"/oauth/", "/api/", "/auth/"} {
		r.PathPrefix(prefix).HandlerFunc(a.notFound)
	}
}

func (a *Adapter) notFound(w http.ResponseWriter, r *http.Request) {
	a.writeFailure(w, r, failureNotFound)
}
