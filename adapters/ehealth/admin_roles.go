package ehealth

import (
	"errors"
	"net/http"
	"slices"
	"strings"

	"github.com/gorilla/mux"

	"ithildin/storage"
)

func (a *Adapter) mountRoles(r *mux.Router) {
	a.list(r, "/admin/roles", a.listRoles, "name", "scope")
	a.post(r, "/admin/roles", a.createRole)
	a.get(r, "/admin/roles/{id}", a.showRole)
	a.update(r, "/admin/roles/{id}", a.updateRole)
	a.route(r, http.MethodDelete, "/admin/roles/{id}", a.deleteRole)
}

func newRoleObject(r storage.Role) roleObject {
	return roleObject{ID: r.ID, Name: r.Name, Scope: strings.Join(r.Scope, " ")}
}

// readNamedScope reads a name and a scope string; a new row needs both.
func readNamedScope(
	w http.ResponseWriter, r *http.Request, key string, isNew bool, name *string, scope *[]string,
) error {
	fields, failed := readObject(w, r, key, failureMalformed)
	if failed != nil {
		return failed
	}
	c := newCheck(fields)
	if isNew || c.present("name") {
		*name = c.name("name")
	}
	if isNew || c.present("scope") {
		*scope = c.scope("scope")
	}
	if failed := c.failed(); failed != nil {
		return failed
	}
	return nil
}

// nameTaken makes a conflict a validation error of the name.
func nameTaken(err error) error {
	if errors.Is(err, storage.ErrConflict) {
		return failureValidation(map[string]rule{"name": ruleTaken}).because(err)
	}
	return err
}

// ruleTaken is a value that another row has already.
var ruleTaken = rule{Description: "has already been taken", Params: []string{}}

func (a *Adapter) listRoles(w http.ResponseWriter, r *http.Request) error {
	roles, err := a.provider.Store().ListRoles(r.Context())
	if err != nil {
		return err
	}
	f := newFilters(r)
	matches := f.namedScope()
	if failed := f.failed(); failed != nil {
		return failed
	}
	roles = slices.DeleteFunc(roles, func(role storage.Role) bool { return !matches(role.Name, role.Scope) })
	found, p := pageOf(r, roles)
	return a.answerList(w, r, objects(found, newRoleObject), p)
}

// namedScope reads the filters of roles and client types: the exact name, and scopes of which a row has any.
func (f *filters) namedScope() func(name string, scope []string) bool {
	wanted, scopes := f.text("name"), f.list("scope")
	return func(name string, scope []string) bool {
		return (wanted == "" || name == wanted) &&
			(len(scopes) == 0 || slices.ContainsFunc(scopes, func(s string) bool { return slices.Contains(scope, s) }))
	}
}

// role finds the role that a path names.
func (a *Adapter) role(r *http.Request) (storage.Role, error) {
	roles, err := a.provider.Store().Roles(r.Context())
	if err != nil {
		return storage.Role{}, err
	}
	role, known := roles[strings.ToLower(mux.Vars(r)["id"])]
	if !known {
		return storage.Role{}, failureNotFound
	}
	return role, nil
}

func (a *Adapter) showRole(w http.ResponseWriter, r *http.Request) error {
	role, err := a.role(r)
	if err != nil {
		return err
	}
	return a.respond(w, r, http.StatusOK, newRoleObject(role))
}

func (a *Adapter) createRole(w http.ResponseWriter, r *http.Request) error {
	role := storage.Role{ID: a.provider.Store().NewID()}
	if err := readNamedScope(w, r, "role", true, &role.Name, &role.Scope); err != nil {
		return err
	}
	if err := a.provider.Store().CreateRole(r.Context(), role); err != nil {
		return nameTaken(err)
	}
	return a.answerCreated(w, r, "/admin/roles/"+role.ID, newRoleObject(role))
}

func (a *Adapter) updateRole(w http.ResponseWriter, r *http.Request) error {
	role, err := a.role(r)
	if err != nil {
		return err
	}
	if err := readNamedScope(w, r, "role", false, &role.Name, &role.Scope); err != nil {
		return err
	}
	if err := a.provider.Store().UpdateRole(r.Context(), role); err != nil {
		return nameTaken(err)
	}
	return a.respond(w, r, http.StatusOK, newRoleObject(role))
}

func (a *Adapter) deleteRole(w http.ResponseWriter, r *http.Request) error {
	if err := a.provider.Store().DeleteRole(r.Context(), mux.Vars(r)["id"]); err != nil {
		return err
	}
	return answerNothing(w)
}
