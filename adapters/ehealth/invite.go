package ehealth

import (
	"net/http"

	"github.com/go-chi/chi/v5"

	"ithildin/provider/inbound"
)

// invitationPage is the page of package login that takes the code of a letter (login.PathInvitation).
const invitationPage = "/login/invite"

// mountInvitations adds the addresses that letters of ehealth.api and the pages of mithril's front end link to, so that
// no old link ends at nothing.
func (a *Adapter) mountInvitations(r chi.Router) {
	for _, path := range []string{"/invite", "/invite/*"} {
		inbound.Route(r, path, http.HandlerFunc(a.invite), http.MethodGet, http.MethodHead)
	}
}

func (a *Adapter) invite(w http.ResponseWriter, r *http.Request) {
	a.redirectToPage(w, r, invitationPage)
}
