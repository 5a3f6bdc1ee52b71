package ehealth

import (
	"net/http"
	"slices"
	"strings"

	"github.com/gorilla/mux"

	"ithildin/storage"
)

func (a *Adapter) mountClientTypes(r *mux.Router) {
	a.list(r, "/admin/client_types", a.listClientTypes, "name", "scope")
	a.post(r, "/admin/client_types", a.createClientType)
	a.get(r, "/admin/client_types/{id}", a.showClientType)
	a.update(r, "/admin/client_types/{id}", a.updateClientType)
	a.route(r, http.MethodDelete, "/admin/client_types/{id}", a.deleteClientType)
}

// newTypeObject shows a client type in the form of roleObject: an id, a name and scopes.
func newTypeObject(t storage.ClientType) roleObject {
	return roleObject{ID: t.ID, Name: t.Name, Scope: strings.Join(t.Scope, " ")}
}

func (a *Adapter) listClientTypes(w http.ResponseWriter, r *http.Request) error {
	types, err := a.provider.Store().ListClientTypes(r.Context())
	if err != nil {
		return err
	}
	f := newFilters(r)
	matches := f.namedScope()
	if failed := f.failed(); failed != nil {
		return failed
	}
	types = slices.DeleteFunc(types, func(t storage.ClientType) bool { return !matches(t.Name, t.Scope) })
	found, p := pageOf(r, types)
	return a.answerList(w, r, objects(found, newTypeObject), p)
}

// clientType finds the type that a path names.
func (a *Adapter) clientType(r *http.Request) (storage.ClientType, error) {
	types, err := a.provider.Store().ListClientTypes(r.Context())
	if err != nil {
		return storage.ClientType{}, err
	}
	for _, t := range types {
		if t.ID == strings.ToLower(mux.Vars(r)["id"]) {
			return t, nil
		}
	}
	return storage.ClientType{}, failureNotFound
}

func (a *Adapter) showClientType(w http.ResponseWriter, r *http.Request) error {
	t, err := a.clientType(r)
	if err != nil {
		return err
	}
	return a.respond(w, r, http.StatusOK, newTypeObject(t))
}

func (a *Adapter) createClientType(w http.ResponseWriter, r *http.Request) error {
	t := storage.ClientType{ID: a.provider.Store().NewID()}
	if err := readNamedScope(w, r, "client_type", true, &t.Name, &t.Scope); err != nil {
		return err
	}
	if err := a.provider.Store().CreateClientType(r.Context(), t); err != nil {
		return nameTaken(err)
	}
	return a.answerCreated(w, r, "/admin/client_types/"+t.ID, newTypeObject(t))
}

func (a *Adapter) updateClientType(w http.ResponseWriter, r *http.Request) error {
	t, err := a.clientType(r)
	if err != nil {
		return err
	}
	if err := readNamedScope(w, r, "client_type", false, &t.Name, &t.Scope); err != nil {
		return err
	}
	if err := a.provider.Store().UpdateClientType(r.Context(), t); err != nil {
		return nameTaken(err)
	}
	return a.respond(w, r, http.StatusOK, newTypeObject(t))
}

// deleteClientType refuses while a client is of the type.
func (a *Adapter) deleteClientType(w http.ResponseWriter, r *http.Request) error {
	if err := a.provider.Store().DeleteClientType(r.Context(), mux.Vars(r)["id"]); err != nil {
		return err
	}
	return answerNothing(w)
}
