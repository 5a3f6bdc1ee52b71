package ehealth

import (
	"net/http"

	"github.com/gorilla/mux"
)

// invitationPage is the page of package login that takes the code of a letter (login.PathInvitation).
const invitationPage = "/login/invite"

// mountInvitations adds the addresses that letters of ehealth.api and the pages of mithril's front end link to, so that
// no old link ends at nothing.
func (a *Adapter) mountInvitations(r *mux.Router) {
	r.HandleFunc("/invite", a.invite).Methods(http.MethodGet, http.MethodHead)
	r.PathPrefix("/invite/").HandlerFunc(a.invite).Methods(http.MethodGet, http.MethodHead)
}

func (a *Adapter) invite(w http.ResponseWriter, r *http.Request) {
	a.redirectToPage(w, r, invitationPage)
}
