package ehealth

import (
	"errors"
	"net/http"

	"github.com/gorilla/mux"

	"ithildin/storage"
)

// heldRolesAPI gives roles to users and takes them away (contract section 2.7.6).
type heldRolesAPI struct {
	answers
	store *storage.Store
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

// objects adds what the roles are called.
func (a *heldRolesAPI) objects(r *http.Request, held []storage.HeldRole) ([]heldRoleObject, error) {
	roles, err := a.store.Roles(r.Context())
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

func (a *heldRolesAPI) list(w http.ResponseWriter, r *http.Request) error {
	return a.page(w, r, false)
}

func (a *heldRolesAPI) listGlobal(w http.ResponseWriter, r *http.Request) error {
	return a.page(w, r, true)
}

func (a *heldRolesAPI) page(w http.ResponseWriter, r *http.Request, everywhere bool) error {
	f := newFilters(r)
	filter := storage.HeldRoleFilter{UserIDs: f.ids("user_ids"), RoleID: f.id("role_id"), ClientID: f.id("client_id")}
	userID := f.id("user_id")
	if failed := f.failed(); failed != nil {
		return failed
	}
	if mux.Vars(r)["user_id"] != "" { // which counts more than the query
		user, err := a.store.FindUser(r.Context(), mux.Vars(r)["user_id"])
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
	held, total, err := a.store.PageOfHeldRoles(r.Context(), everywhere, filter, p)
	if err != nil {
		return err
	}
	list, err := a.objects(r, held)
	if err != nil {
		return err
	}
	return a.answerList(w, r, list, pagingOf(p, total))
}

func (a *heldRolesAPI) grantForClient(w http.ResponseWriter, r *http.Request) error {
	return a.grant(w, r, "user_role", false)
}

func (a *heldRolesAPI) grantGlobal(w http.ResponseWriter, r *http.Request) error {
	return a.grant(w, r, "global_user_role", true)
}

// grant gives a user a role; giving it again answers the same.
func (a *heldRolesAPI) grant(w http.ResponseWriter, r *http.Request, key string, everywhere bool) error {
	user, err := a.store.FindUser(r.Context(), mux.Vars(r)["user_id"])
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
	store := a.store
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
	list, err := a.objects(r, held)
	if err != nil {
		return err
	}
	return a.respond(w, r, http.StatusCreated, list[0])
}

// missingReference is the field whose row is not there.
func (a *heldRolesAPI) missingReference(r *http.Request, f storage.HeldRoleFilter) string {
	roles, err := a.store.Roles(r.Context())
	if _, known := roles[f.RoleID]; err == nil && !known {
		return "role_id"
	}
	return "client_id"
}

// find finds the role of a user that a path names.
func (a *heldRolesAPI) find(r *http.Request, everywhere bool) (storage.HeldRole, error) {
	userID, err := pathID(r, "user_id")
	if err != nil {
		return storage.HeldRole{}, err
	}
	id, err := pathID(r, "id")
	if err != nil {
		return storage.HeldRole{}, err
	}
	held, _, err := a.store.PageOfHeldRoles(r.Context(), everywhere,
		storage.HeldRoleFilter{ID: id, UserIDs: []string{userID}}, storage.Page{Size: 1})
	if err != nil {
		return storage.HeldRole{}, err
	}
	if len(held) == 0 {
		return storage.HeldRole{}, failureNotFound
	}
	return held[0], nil
}

func (a *heldRolesAPI) show(w http.ResponseWriter, r *http.Request) error {
	held, err := a.find(r, false)
	if err != nil {
		return err
	}
	list, err := a.objects(r, []storage.HeldRole{held})
	if err != nil {
		return err
	}
	return a.respond(w, r, http.StatusOK, list[0])
}

func (a *heldRolesAPI) revokeForClient(w http.ResponseWriter, r *http.Request) error {
	return a.revoke(w, r, false)
}

func (a *heldRolesAPI) revokeGlobal(w http.ResponseWriter, r *http.Request) error {
	return a.revoke(w, r, true)
}

func (a *heldRolesAPI) revoke(w http.ResponseWriter, r *http.Request, everywhere bool) error {
	held, err := a.find(r, everywhere)
	if err != nil {
		return err
	}
	if err := a.store.RevokeRole(r.Context(), held.UserID, held.RoleID, held.ClientID); err != nil {
		return err
	}
	return answerNothing(w)
}

// revokeNamed takes the place of the remote call delete_user_role(user_id, client_id, role_name).
func (a *heldRolesAPI) revokeNamed(w http.ResponseWriter, r *http.Request) error {
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
	role, err := a.store.FindRoleByName(r.Context(), name)
	if err != nil {
		return err
	}
	if err := a.store.RevokeRole(r.Context(), userID, role.ID, clientID); err != nil {
		return err
	}
	return answerNothing(w)
}
