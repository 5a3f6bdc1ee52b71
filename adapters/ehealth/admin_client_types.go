package ehealth

import (
	"cmp"
	"net/http"
	"slices"
	"strings"

	"github.com/go-chi/chi/v5"

	"ithildin/storage"
)

// clientTypesAPI manages client types (contract section 2.7.4).
type clientTypesAPI struct {
	answers
	store *storage.Store
}

// newTypeObject shows a client type in the form of roleObject: an id, a name and scopes.
func newTypeObject(t storage.ClientType) roleObject {
	return roleObject{ID: t.ID, Name: t.Name, Scope: t.ScopeText}
}

func (a *clientTypesAPI) list(w http.ResponseWriter, r *http.Request) error {
	types, err := a.store.ListClientTypes(r.Context())
	if err != nil {
		return err
	}
	f := newFilters(r)
	matches := f.namedScope()
	if failed := f.failed(); failed != nil {
		return failed
	}
	types = slices.DeleteFunc(types, func(t storage.ClientType) bool { return !matches(t.Name, t.Scope) })
	slices.SortStableFunc(types, func(x, y storage.ClientType) int { return cmp.Compare(x.Position, y.Position) })
	found, p := pageOf(r, types)
	return a.answerList(w, r, objects(found, newTypeObject), p)
}

// find finds the type that a path names.
func (a *clientTypesAPI) find(r *http.Request) (storage.ClientType, error) {
	types, err := a.store.ListClientTypes(r.Context())
	if err != nil {
		return storage.ClientType{}, err
	}
	for _, t := range types {
		if t.ID == strings.ToLower(chi.URLParam(r, "id")) {
			return t, nil
		}
	}
	return storage.ClientType{}, errNotFound
}

func (a *clientTypesAPI) show(w http.ResponseWriter, r *http.Request) error {
	t, err := a.find(r)
	if err != nil {
		return err
	}
	return a.respond(w, r, http.StatusOK, newTypeObject(t))
}

func (a *clientTypesAPI) create(w http.ResponseWriter, r *http.Request) error {
	t := storage.ClientType{ID: a.store.NewID()}
	if err := readNamedScope(w, r, "client_type", &t.Name, &t.Scope, &t.ScopeText); err != nil {
		return err
	}
	if err := a.store.CreateClientType(r.Context(), t); err != nil {
		return nameTaken(err)
	}
	return a.answerCreated(w, r, "/admin/client_types/"+t.ID, newTypeObject(t))
}

func (a *clientTypesAPI) update(w http.ResponseWriter, r *http.Request) error {
	t, err := a.find(r)
	if err != nil {
		return err
	}
	if err := readNamedScope(w, r, "client_type", &t.Name, &t.Scope, &t.ScopeText); err != nil {
		return err
	}
	if err := a.store.UpdateClientType(r.Context(), t); err != nil {
		return nameTaken(err)
	}
	return a.respond(w, r, http.StatusOK, newTypeObject(t))
}

// delete refuses while a client is of the type.
func (a *clientTypesAPI) delete(w http.ResponseWriter, r *http.Request) error {
	if err := a.store.DeleteClientType(r.Context(), chi.URLParam(r, "id")); err != nil {
		return err
	}
	return answerNothing(w)
}
