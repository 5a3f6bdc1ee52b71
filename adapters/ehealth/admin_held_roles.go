package ehealth

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"slices"
	"strconv"

	"github.com/go-chi/chi/v5"

	"ithildin/storage"
)

// heldRolesAPI gives roles to users and takes them away (contract section 2.7.6).
type heldRolesAPI struct {
	answers
	store *storage.Store
}

// mostHeldRoles bounds a list of roles of users, which has no pages.
const mostHeldRoles = 10_000

// heldRoleObject is a role that a user has for a client. Each action shows members of its own.
type heldRoleObject struct {
	ID         string `json:"id"`
	UserID     string `json:"user_id"`
	RoleID     string `json:"role_id"`
	RoleName   string `json:"role_name,omitempty"`
	ClientID   string `json:"client_id"`
	ClientName string `json:"client_name,omitempty"`
	Scope      string `json:"scope,omitempty"`
	CreatedAt  string `json:"created_at,omitempty"`
	UpdatedAt  string `json:"updated_at,omitempty"`
}

// globalRoleObject is a role that a user has for all clients.
type globalRoleObject struct {
	ID         string `json:"id"`
	UserID     string `json:"user_id"`
	RoleID     string `json:"role_id"`
	RoleName   string `json:"role_name"`
	Scope      string `json:"scope"`
	InsertedAt string `json:"inserted_at"`
	UpdatedAt  string `json:"updated_at"`
}

func newHeldRoleObject(h storage.HeldRole) heldRoleObject {
	at := naiveTime(h.CreatedAt) // it is never updated
	return heldRoleObject{
		ID: h.ID, UserID: h.UserID, RoleID: h.RoleID, RoleName: h.RoleName, ClientID: h.ClientID,
		ClientName: h.ClientName, Scope: h.Scope, CreatedAt: at, UpdatedAt: at,
	}
}

func newGlobalRoleObject(h storage.HeldRole) globalRoleObject {
	at := naiveTime(h.CreatedAt)
	return globalRoleObject{
		ID: h.ID, UserID: h.UserID, RoleID: h.RoleID, RoleName: h.RoleName, Scope: h.Scope, InsertedAt: at, UpdatedAt: at,
	}
}

func (a *heldRolesAPI) list(w http.ResponseWriter, r *http.Request) error {
	held, err := a.filtered(r, false)
	if err != nil {
		return err
	}
	return a.answerWholeList(w, r, objects(held, newHeldRoleObject))
}

func (a *heldRolesAPI) listGlobal(w http.ResponseWriter, r *http.Request) error {
	held, err := a.filtered(r, true)
	if err != nil {
		return err
	}
	return a.answerWholeList(w, r, objects(held, newGlobalRoleObject))
}

// filtered are the roles that the filters of a request name; a user in the path counts more than one in the query.
func (a *heldRolesAPI) filtered(r *http.Request, everywhere bool) ([]storage.HeldRole, error) {
	f := newFilters(r)
	filter := storage.HeldRoleFilter{UserIDs: f.ids("user_ids"), RoleID: f.id("role_id"), ClientID: f.id("client_id")}
	userID := cmp.Or(chi.URLParam(r, "user_id"), f.id("user_id"))
	if failed := f.failed(); failed != nil {
		return nil, failed
	}
	if userID != "" {
		var none bool
		if filter.UserIDs, none = both(filter.UserIDs, userID); none {
			return nil, nil
		}
	}
	return a.all(r.Context(), everywhere, filter)
}

// all reads every page, the oldest roles first. More than mostHeldRoles are refused: a list that was cut would take
// roles away from people.
func (a *heldRolesAPI) all(
	ctx context.Context, everywhere bool, filter storage.HeldRoleFilter,
) (held []storage.HeldRole, err error) {
	for page := (storage.Page{Number: 1}); ; {
		rows, total, err := a.store.PageOfHeldRoles(ctx, everywhere, filter, page)
		if err != nil {
			return nil, err
		}
		if held = append(held, rows...); max(total.Entries, int64(len(held))) > mostHeldRoles {
			return nil, unprocessable("More than " + strconv.Itoa(mostHeldRoles) + " roles match. Add a filter.")
		}
		if page.After = total.Next; page.After == "" {
			break
		}
	}
	slices.SortFunc(held, func(x, y storage.HeldRole) int {
		return cmp.Or(x.CreatedAt.Compare(y.CreatedAt), cmp.Compare(x.ID, y.ID))
	})
	return held, nil
}

// create gives a user a role for a client.
func (a *heldRolesAPI) create(w http.ResponseWriter, r *http.Request) error {
	id, err := a.grant(w, r, "user_role", false)
	if errors.Is(err, storage.ErrConflict) {
		return invalidFields(map[string]rule{"user_roles": ruleTaken}).because(err)
	}
	if err != nil {
		return err
	}
	held, err := a.find(r, id, false)
	if err != nil {
		return err
	}
	return a.answerCreated(w, r, "/admin/users/"+held.UserID+"/roles/"+id, heldRoleObject{
		ID: held.ID, UserID: held.UserID, RoleID: held.RoleID, ClientID: held.ClientID, Scope: held.Scope,
	})
}

// createGlobal gives a user a role for all clients. Giving it again answers the one that is there.
func (a *heldRolesAPI) createGlobal(w http.ResponseWriter, r *http.Request) error {
	id, err := a.grant(w, r, "global_user_role", true)
	if err != nil && !errors.Is(err, storage.ErrConflict) {
		return err
	}
	held, err := a.find(r, id, true)
	if err != nil {
		return err
	}
	return a.answerCreated(w, r, "/admin/users/"+held.UserID+"/global_roles/"+id, newGlobalRoleObject(held))
}

// grant reads the body and stores who has which role; it returns the id of the row. With storage.ErrConflict that is
// the row which is there already.
func (a *heldRolesAPI) grant(w http.ResponseWriter, r *http.Request, key string, everywhere bool) (string, error) {
	userID := chi.URLParam(r, "user_id")
	fields, failed := readObject(w, r, key, errMalformed)
	if failed != nil {
		return "", failed
	}
	c := newCheck(fields)
	filter := storage.HeldRoleFilter{RoleID: c.reference("role_id")}
	if !everywhere {
		filter.ClientID = c.reference("client_id")
		if c.present("user_id") { // counts more than the path, as in the old system
			userID = c.reference("user_id")
		}
	}
	filter.UserIDs = []string{userID}
	if failed := c.failed(); failed != nil {
		return "", failed
	}
	id := a.store.NewID()
	err := a.store.CreateHeldRole(r.Context(), id, userID, filter.RoleID, filter.ClientID)
	switch {
	case errors.Is(err, storage.ErrNotFound):
		return "", a.missingReference(r.Context(), userID, filter).because(err)
	case errors.Is(err, storage.ErrConflict):
		known, failed := a.all(r.Context(), everywhere, filter)
		if failed != nil || len(known) == 0 { // taken away meanwhile
			return "", cmp.Or(failed, err)
		}
		return known[0].ID, err
	}
	return id, err
}

// missingReference names the field whose row is not there.
func (a *heldRolesAPI) missingReference(ctx context.Context, userID string, f storage.HeldRoleFilter) contractError {
	missing := "role_id"
	if _, err := a.store.FindUser(ctx, userID); errors.Is(err, storage.ErrNotFound) {
		missing = "user_id"
	} else if roles, err := a.store.Roles(ctx); err == nil && roles[f.RoleID].ID != "" {
		missing = "client_id"
	}
	return invalidFields(map[string]rule{missing: ruleMissing})
}

// find finds a role of a user by the id of its row.
func (a *heldRolesAPI) find(r *http.Request, id string, everywhere bool) (storage.HeldRole, error) {
	held, err := a.all(r.Context(), everywhere, storage.HeldRoleFilter{ID: id})
	if err == nil && len(held) == 0 {
		err = errNotFound
	}
	if err != nil {
		return storage.HeldRole{}, err
	}
	return held[0], nil
}

// show goes by the id of the row alone, as the old system did.
func (a *heldRolesAPI) show(w http.ResponseWriter, r *http.Request) error {
	held, err := a.find(r, chi.URLParam(r, "id"), false)
	if err != nil {
		return err
	}
	return a.respond(w, r, http.StatusOK, heldRoleObject{
		ID: held.ID, UserID: held.UserID, RoleID: held.RoleID, ClientID: held.ClientID,
	})
}

func (a *heldRolesAPI) showGlobal(w http.ResponseWriter, r *http.Request) error {
	held, err := a.find(r, chi.URLParam(r, "id"), true)
	if err != nil {
		return err
	}
	return a.respond(w, r, http.StatusOK, newGlobalRoleObject(held))
}

func (a *heldRolesAPI) delete(w http.ResponseWriter, r *http.Request) error {
	return a.revoke(w, r, false)
}

func (a *heldRolesAPI) deleteGlobal(w http.ResponseWriter, r *http.Request) error {
	return a.revoke(w, r, true)
}

// revoke takes one role away. A path that names a user must name the one who has it.
func (a *heldRolesAPI) revoke(w http.ResponseWriter, r *http.Request, everywhere bool) error {
	held, err := a.find(r, chi.URLParam(r, "id"), everywhere)
	if err != nil {
		return err
	}
	if user := chi.URLParam(r, "user_id"); user != "" && user != held.UserID {
		return errNotFound
	}
	if err := a.store.RevokeRole(r.Context(), held.UserID, held.RoleID, held.ClientID); err != nil {
		return err
	}
	return answerNothing(w)
}

// deleteOfUser takes away the roles that a user has for clients: all of them, or those that the filters name. A name
// counts for all clients, whatever client_id says.
func (a *heldRolesAPI) deleteOfUser(w http.ResponseWriter, r *http.Request) error {
	f := newFilters(r)
	roleID, clientID, name := f.id("role_id"), f.id("client_id"), f.stringOf("role_name")
	if failed := f.failed(); failed != nil {
		return failed
	}
	filter := storage.HeldRoleFilter{UserIDs: []string{chi.URLParam(r, "user_id")}, RoleID: roleID, ClientID: clientID}
	if name != "" {
		filter.RoleID, filter.ClientID = "", ""
	}
	err := a.store.Together(r.Context(), func(ctx context.Context) error {
		held, err := a.all(ctx, false, filter)
		if err != nil {
			return err
		}
		for _, h := range held {
			if name != "" && h.RoleName != name {
				continue
			}
			err := a.store.RevokeRole(ctx, h.UserID, h.RoleID, h.ClientID)
			if err != nil && !errors.Is(err, storage.ErrNotFound) { // taken away meanwhile
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	return answerNothing(w)
}
