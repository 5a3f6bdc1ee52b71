package ehealth

import (
	"net/http"

	"github.com/go-chi/chi/v5"

	"ithildin/provider/inbound"
)

// oldPages are pages of mithril's front end that people have links to, with the pages of package login in their place:
// for the page itself, and for what was below it.
var oldPages = map[string]struct{ itself, below string }{
	"/conditions":      {"/login/conditions", "/login/conditions"},
	"/update-password": {"/login/account/password", "/login/account/password"},
	"/update-factor":   {"/login/account/phone", "/login/account/phone"},
	// A link of an old letter works no more; the page says so.
	"/reset": {"/login/forgot", "/login/reset"},
}

// mountOldPages leads from each old page, and what was below it, to the page in its place. The parameters of a sign-in
// that the old pages carried along mean nothing there, and are dropped.
func (a *Adapter) mountOldPages(r chi.Router) {
	for old, page := range oldPages {
		inbound.Route(r, old, a.leadTo(page.itself), http.MethodGet, http.MethodHead)
		inbound.Route(r, old+"/*", a.leadTo(page.below), http.MethodGet, http.MethodHead)
	}
}

func (a *Adapter) leadTo(page string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "no-store")
		w.Header().Set("Referrer-Policy", "no-referrer")
		http.Redirect(w, r, a.provider.Issuer()+page, http.StatusSeeOther)
	}
}
