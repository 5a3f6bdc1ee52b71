package console

import (
	"net/http"
	"slices"

	"ithildin/provider/operator"
)

// route is a page for operators.
type route struct {
	method, path string         // below Root
	right        operator.Right // that it needs; "": every operator has it
	page         func(*visit) error
}

// routes are all pages behind the sign-in. What is not among them is not there.
func routes() []route {
	all := []route{
		{http.MethodGet, "", "", showHome},
		{http.MethodPost, "sign-out", "", signOut},
		{http.MethodPost, "search", operator.Read, showFound},
		{http.MethodGet, "people", operator.Read, showPeople},
		{http.MethodGet, "people/{id}", operator.Read, showPerson},
		{http.MethodGet, "invitations", operator.Read, showInvitations},
		{http.MethodGet, "clients", operator.Read, showClients},
		{http.MethodGet, "clients/{id}", operator.Read, showClient},
		{http.MethodGet, "clients/{id}/settings", operator.Read, showClientSettings},
		{http.MethodGet, "new-client", operator.Clients, showClientKinds},
		{http.MethodGet, "scopes", operator.Read, showScopes},
		{http.MethodGet, "try", operator.Read, showTry},
		{http.MethodGet, "health", operator.Read, showHealth},
		{http.MethodGet, "audit", operator.Audit, showAudit},
		{http.MethodPost, "audit/views", operator.Audit, keepView},
		{http.MethodPost, "audit/views/{view}", operator.Audit, dropView},
		{http.MethodGet, "audit.csv", operator.Audit, exportCSV},
		{http.MethodGet, "audit.ndjson", operator.Audit, exportNDJSON},
	}
	for _, s := range allScopeSets() {
		all = append(all, route{http.MethodGet, s.path, operator.Read, s.showAll},
			route{http.MethodGet, s.path + "/{id}", operator.Read, s.showOne})
	}
	for _, a := range actions() {
		all = append(all, route{http.MethodGet, a.path, a.right, a.show}, route{http.MethodPost, a.path, a.right, a.submit})
	}
	return all
}

// actions are all that operators may change.
func actions() []action {
	all := slices.Concat(personActions(), newPersonActions(), bulkActions(), invitationActions(),
		clientActions(), keyActions(), newClientActions())
	for _, s := range allScopeSets() {
		all = append(all, s.actions()...)
	}
	return all
}

// menuOf are the pages of which an operator may see something.
func menuOf(v *visit) []link {
	menu := []link{{v.T("menu.home"), Root}}
	for _, entry := range []struct {
		right     operator.Right
		key, path string
	}{
		{operator.Read, "menu.people", "people"},
		{operator.Read, "menu.invitations", "invitations"},
		{operator.Read, "menu.clients", "clients"},
		{operator.Read, "menu.roles", "roles"},
		{operator.Read, "menu.client-types", "client-types"},
		{operator.Read, "menu.scopes", "scopes"},
		{operator.Read, "menu.try", "try"},
		{operator.Audit, "menu.audit", "audit"},
		{operator.Read, "menu.health", "health"},
	} {
		if v.operator.Has(entry.right) {
			menu = append(menu, link{v.T(entry.key), Root + entry.path})
		}
	}
	return menu
}
