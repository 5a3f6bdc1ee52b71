package ehealth

import (
	"errors"
	"net/http"

	"github.com/gorilla/mux"

	"ithildin/storage"
)

func (a *Adapter) mountHeldRoles(r *mux.Router) {
	a.list(r, "/admin/user_roles", a.listHeldRoles, "user_id", "user_ids", "role_id", "client_id")
	a.list(r, "/admin/users/{user_id}/roles", a.listHeldRoles, "user_id", "user_ids", "role_id", "client_id")
	a.post(r, "/admin/users/{user_id}/roles", a.grantRole)
	a.deleteSome(r, "/admin/users/{user_id}/roles", a.revokeNamedRole, "client_id", "role_name")
	a.get(r, "/admin/users/{user_id}/roles/{id}", a.showHeldRole)
	a.route(r, http.MethodDelete, "/admin/users/{user_id}/roles/{id}", a.revokeRole)
	a.list(r, "/admin/users/{user_id}/global_roles", a.listGlobalRoles, "role_id")
	a.post(r, "/admin/users/{user_id}/global_roles", a.grantGlobalRole)
	a.route(r, http.MethodDelete, "/admin/users/{user_id}/global_roles/{id}", a.revokeGlobalRole)
}

// heldRoleObject is a role that a user has; one that holds everywhere has no client.
type heldRoleObject struct {
	ID       string `json:"id"`
	UserID   string `json:"user_id"`
	RoleID   string `json:"role_id"`
	RoleName string `json:"role_name"`
	Scope    string `json:"scope"`
	ClientID string `json:"client_id,omitempty"`
}

// heldRoleObjects adds what the roles are called.
func (a *Adapter) heldRoleObjects(r *http.Request, held []storage.HeldRole) ([]heldRoleObject, error) {
	roles, err := a.provider.Store().Roles(r.Context())
	if err != nil {
		return nil, err
	}
	return objects(held, func(h storage.HeldRole) heldRoleObject {
		role := newRoleObject(roles[h.RoleID])
		return heldRoleObject{
			ID: h.ID, UserID: h.UserID, RoleID: h.RoleID, RoleName: role.Name, Scope: role.Scope, ClientID: h.ClientID,
		}
	}), nil
}

func (a *Adapter) listHeldRoles(w http.ResponseWriter, r *http.Request) error {
	return a.pageOfHeldRoles(w, r, false)
}

func (a *Adapter) listGlobalRoles(w http.ResponseWriter, r *http.Request) error {
	return a.pageOfHeldRoles(w, r, true)
}

func (a *Adapter) pageOfHeldRoles(w http.ResponseWriter, r *http.Request, everywhere bool) error {
	f := newFilters(r)
	filter := storage.HeldRoleFilter{UserIDs: f.ids("user_ids"), RoleID: f.id("role_id"), ClientID: f.id("client_id")}
	userID := f.id("user_id")
	if failed := f.failed(); failed != nil {
		return failed
	}
	if mux.Vars(r)["user_id"] != "" { // which counts more than the query
		user, err := a.provider.Store().FindUser(r.Context(), mux.Vars(r)["user_id"])
		if err != nil {
			return err
		}
		userID = user.ID
	}
	p, none := pageAsked(r), false
	if userID != "" {
		filter.UserIDs, none = both(filter.UserIDs, userID)
	}
	if none {
		return a.answerList(w, r, []heldRoleObject{}, pagingOf(p, storage.Total{}))
	}
	held, total, err := a.provider.Store().PageOfHeldRoles(r.Context(), everywhere, filter, p)
	if err != nil {
		return err
	}
	list, err := a.heldRoleObjects(r, held)
	if err != nil {
		return err
	}
	return a.answerList(w, r, list, pagingOf(p, total))
}

func (a *Adapter) grantRole(w http.ResponseWriter, r *http.Request) error {
	return a.grant(w, r, "user_role", false)
}

func (a *Adapter) grantGlobalRole(w http.ResponseWriter, r *http.Request) error {
	return a.grant(w, r, "global_user_role", true)
}

// grant gives a user a role; giving it again answers the same.
func (a *Adapter) grant(w http.ResponseWriter, r *http.Request, key string, everywhere bool) error {
	user, err := a.provider.Store().FindUser(r.Context(), mux.Vars(r)["user_id"])
	if err != nil {
		return err
	}
	fields, failed := readObject(w, r, key, failureMalformed)
	if failed != nil {
		return failed
	}
	c := newCheck(fields)
	filter := storage.HeldRoleFilter{UserIDs: []string{user.ID}, RoleID: c.uuid("role_id")}
	if !everywhere {
		filter.ClientID = c.uuid("client_id")
	}
	if failed := c.failed(); failed != nil {
		return failed
	}
	store := a.provider.Store()
	err = store.GrantRole(r.Context(), user.ID, filter.RoleID, filter.ClientID)
	if errors.Is(err, storage.ErrNotFound) {
		return failureValidation(map[string]rule{a.missingReference(r, filter): ruleMissing})
	}
	if err != nil {
		return err
	}
	held, _, err := store.PageOfHeldRoles(r.Context(), everywhere, filter, storage.Page{Size: 1})
	if err == nil && len(held) == 0 {
		err = storage.ErrNotFound // taken away meanwhile
	}
	if err != nil {
		return err
	}
	list, err := a.heldRoleObjects(r, held)
	if err != nil {
		return err
	}
	return a.respond(w, r, http.StatusCreated, list[0])
}

// missingReference is the field whose row is not there.
func (a *Adapter) missingReference(r *http.Request, f storage.HeldRoleFilter) string {
	roles, err := a.provider.Store().Roles(r.Context())
	if _, known := roles[f.RoleID]; err == nil && !known {
		return "role_id"
	}
	return "client_id"
}

// heldRole finds the role of a user that a path names.
func (a *Adapter) heldRole(r *http.Request, everywhere bool) (storage.HeldRole, error) {
	userID, err := pathID(r, "user_id")
	if err != nil {
		return storage.HeldRole{}, err
	}
	id, err := pathID(r, "id")
	if err != nil {
		return storage.HeldRole{}, err
	}
	held, _, err := a.provider.Store().PageOfHeldRoles(r.Context(), everywhere,
		storage.HeldRoleFilter{ID: id, UserIDs: []string{userID}}, storage.Page{Size: 1})
	if err != nil {
		return storage.HeldRole{}, err
	}
	if len(held) == 0 {
		return storage.HeldRole{}, failureNotFound
	}
	return held[0], nil
}

func (a *Adapter) showHeldRole(w http.ResponseWriter, r *http.Request) error {
	held, err := a.heldRole(r, false)
	if err != nil {
		return err
	}
	list, err := a.heldRoleObjects(r, []storage.HeldRole{held})
	if err != nil {
		return err
	}
	return a.respond(w, r, http.StatusOK, list[0])
}

func (a *Adapter) revokeRole(w http.ResponseWriter, r *http.Request) error {
	return a.revoke(w, r, false)
}

func (a *Adapter) revokeGlobalRole(w http.ResponseWriter, r *http.Request) error {
	return a.revoke(w, r, true)
}

func (a *Adapter) revoke(w http.ResponseWriter, r *http.Request, everywhere bool) error {
	held, err := a.heldRole(r, everywhere)
	if err != nil {
		return err
	}
	if err := a.provider.Store().RevokeRole(r.Context(), held.UserID, held.RoleID, held.ClientID); err != nil {
		return err
	}
	return answerNothing(w)
}

// revokeNamedRole takes the place of the remote call delete_user_role(user_id, client_id, role_name).
func (a *Adapter) revokeNamedRole(w http.ResponseWriter, r *http.Request) error {
	userID, err := pathID(r, "user_id")
	if err != nil {
		return err
	}
	f := newFilters(r)
	clientID, name := f.id("client_id"), f.text("role_name")
	if clientID == "" && len(f.broken) == 0 {
		f.broke("client_id")
	}
	if failed := f.failed(); failed != nil {
		return failed
	}
	role, err := a.provider.Store().FindRoleByName(r.Context(), name)
	if err != nil {
		return err
	}
	if err := a.provider.Store().RevokeRole(r.Context(), userID, role.ID, clientID); err != nil {
		return err
	}
	return answerNothing(w)
}
