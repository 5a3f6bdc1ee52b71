package ehealth

import (
	"net/http"

	"github.com/gorilla/mux"
)

// oldPages are pages of mithril's front end that people have links to, and the pages of package login in their place.
var oldPages = map[string]string{
	"/conditions":      "/login/conditions",
	"/update-password": "/login/account/password",
	"/update-factor":   "/login/account/phone",
	"/reset":           "/login/forgot",
}

// mountOldPages leads from each old page, and what was below it, to the page in its place. The parameters of a sign-in
// that the old pages carried along mean nothing there, and are dropped.
func (a *Adapter) mountOldPages(r *mux.Router) {
	for old, page := range oldPages {
		redirect := func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Cache-Control", "no-store")
			w.Header().Set("Referrer-Policy", "no-referrer")
			http.Redirect(w, r, a.provider.Issuer()+page, http.StatusSeeOther)
		}
		r.HandleFunc(old, redirect).Methods(http.MethodGet, http.MethodHead)
		r.PathPrefix(old+"/").HandlerFunc(redirect).Methods(http.MethodGet, http.MethodHead)
	}
}
