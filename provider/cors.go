package provider

import (
	"net/http"
	"slices"

	"ithildin/provider/login"
)

// CORS (Fetch standard): discovery and keys are for everyone; the token, userinfo and revocation endpoints answer to the
// origins of the client's own redirect URIs and those it lists; registration, which has no client yet, to everyone where a
// token opens it, and else to nobody. None of them reads cookies. Pages and the authorization endpoint never take part.

// preflight is answered without knowing the client: the answer to the request itself decides.
func (p *Provider) preflight(w http.ResponseWriter, r *http.Request) {
	header := w.Header()
	if origin := r.Header.Get("Origin"); origin != "" && r.Header.Get("Access-Control-Request-Method") != "" {
		header.Set("Access-Control-Allow-Origin", origin)
		header.Set("Access-Control-Allow-Methods", "GET, POST, PUT, DELETE")
		header.Set("Access-Control-Allow-Headers", "Authorization, Content-Type, DPoP, X-Request-Id")
		header.Set("Access-Control-Max-Age", "600")
	}
	header.Add("Vary", "Origin")
	w.WriteHeader(http.StatusNoContent)
}

// allowOrigin lets a script of the client read the answer.
func (p *Provider) allowOrigin(w http.ResponseWriter, r *http.Request, clientID string) {
	origin := r.Header.Get("Origin")
	if origin == "" {
		return
	}
	w.Header().Add("Vary", "Origin")
	client, err := p.store.Client(r.Context(), clientID)
	if err != nil {
		return
	}
	allowed := slices.Contains(client.Metadata.AllowedCORSOrigins, origin)
	for _, uri := range client.GetRedirectURIs() {
		allowed = allowed || login.Origin(uri) == origin
	}
	if allowed {
		w.Header().Set("Access-Control-Allow-Origin", origin)
		w.Header().Set("Access-Control-Expose-Headers", "WWW-Authenticate, X-Request-Id")
	}
}
