package ehealth

import (
	"cmp"
	"errors"
	"net/http"
	"slices"
	"strings"

	"github.com/go-chi/chi/v5"

	"ithildin/storage"
)

// rolesAPI manages roles (contract section 2.7.4).
type rolesAPI struct {
	answers
	store *storage.Store
}

func newRoleObject(r storage.Role) roleObject {
	return roleObject{ID: r.ID, Name: r.Name, Scope: r.ScopeText}
}

// readNamedScope reads a name and a scope string. A row needs both: also one that is there without.
func readNamedScope(
	w http.ResponseWriter, r *http.Request, key string, name *string, scope *[]string, text *string,
) error {
	fields, failed := readObject(w, r, key, errMalformed)
	if failed != nil {
		return failed
	}
	c := newCheck(fields)
	if *name == "" || c.present("name") {
		*name = c.name("name")
	}
	if len(*scope) == 0 || c.present("scope") {
		*scope, *text = c.scope("scope")
	}
	if failed := c.failed(); failed != nil {
		return failed
	}
	return nil
}

// nameTaken makes a conflict a validation error of the name.
func nameTaken(err error) error {
	if errors.Is(err, storage.ErrConflict) {
		return invalidFields(map[string]rule{"name": ruleTaken}).because(err)
	}
	return err
}

// ruleTaken is a value that another row has already.
var ruleTaken = rule{Description: "has already been taken", Params: []string{}}

func (a *rolesAPI) list(w http.ResponseWriter, r *http.Request) error {
	roles, err := a.store.ListRoles(r.Context())
	if err != nil {
		return err
	}
	f := newFilters(r)
	matches := f.namedScope()
	if failed := f.failed(); failed != nil {
		return failed
	}
	roles = slices.DeleteFunc(roles, func(role storage.Role) bool { return !matches(role.Name, role.Scope) })
	slices.SortStableFunc(roles, func(x, y storage.Role) int { return cmp.Compare(x.Position, y.Position) })
	found, p := pageOf(r, roles)
	return a.answerList(w, r, objects(found, newRoleObject), p)
}

// namedScope reads the filters of roles and client types: the exact name, and scopes of which a row has any.
func (f *filters) namedScope() func(name string, scope []string) bool {
	wanted, scopes := f.stringOf("name"), f.list("scope")
	return func(name string, scope []string) bool {
		return (wanted == "" || name == wanted) &&
			(len(scopes) == 0 || slices.ContainsFunc(scopes, func(s string) bool { return slices.Contains(scope, s) }))
	}
}

// find finds the role that a path names.
func (a *rolesAPI) find(r *http.Request) (storage.Role, error) {
	roles, err := a.store.Roles(r.Context())
	if err != nil {
		return storage.Role{}, err
	}
	role, known := roles[strings.ToLower(chi.URLParam(r, "id"))]
	if !known {
		return storage.Role{}, errNotFound
	}
	return role, nil
}

func (a *rolesAPI) show(w http.ResponseWriter, r *http.Request) error {
	role, err := a.find(r)
	if err != nil {
		return err
	}
	return a.respond(w, r, http.StatusOK, newRoleObject(role))
}

func (a *rolesAPI) create(w http.ResponseWriter, r *http.Request) error {
	role := storage.Role{ID: a.store.NewID()}
	if err := readNamedScope(w, r, "role", &role.Name, &role.Scope, &role.ScopeText); err != nil {
		return err
	}
	if err := a.store.CreateRole(r.Context(), role); err != nil {
		return nameTaken(err)
	}
	return a.answerCreated(w, r, "/admin/roles/"+role.ID, newRoleObject(role))
}

func (a *rolesAPI) update(w http.ResponseWriter, r *http.Request) error {
	role, err := a.find(r)
	if err != nil {
		return err
	}
	if err := readNamedScope(w, r, "role", &role.Name, &role.Scope, &role.ScopeText); err != nil {
		return err
	}
	if err := a.store.UpdateRole(r.Context(), role); err != nil {
		return nameTaken(err)
	}
	return a.respond(w, r, http.StatusOK, newRoleObject(role))
}

func (a *rolesAPI) delete(w http.ResponseWriter, r *http.Request) error {
	if err := a.store.DeleteRole(r.Context(), chi.URLParam(r, "id")); err != nil {
		return err
	}
	return answerNothing(w)
}
