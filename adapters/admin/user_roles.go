package admin

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"ithildin/provider/operator"
	"ithildin/storage"
)

// HeldRole is a role that a user holds.
type HeldRole struct {
	ID         string     `json:"id" format:"uuid" doc:"Of the holding, not of the role."`
	UserID     string     `json:"user_id" format:"uuid"`
	RoleID     string     `json:"role_id" format:"uuid"`
	RoleName   string     `json:"role_name"`
	Scope      []string   `json:"scope" nullable:"false" doc:"What the role gives."`
	ClientID   string     `json:"client_id,omitempty" doc:"For which client; absent for a role that counts everywhere."`
	ClientName string     `json:"client_name,omitempty"`
	CreatedAt  *time.Time `json:"created_at,omitempty"`
}

func newHeldRole(h storage.HeldRole) HeldRole {
	return HeldRole{
		ID: h.ID, UserID: h.UserID, RoleID: h.RoleID, RoleName: h.RoleName, Scope: storage.SplitScope(h.Scope),
		ClientID: h.ClientID, ClientName: h.ClientName, CreatedAt: moment(h.CreatedAt),
	}
}

func (a users) registerRoles() {
	register(a.API, operator.Read, huma.Operation{
		OperationID: "list-user-roles", Method: http.MethodGet, Path: "/users/{user_id}/roles", Tags: []string{userTag},
		Summary: "List the roles of a user, those that count everywhere first",
	}, a.listUserRoles)
	register(a.API, operator.Users, huma.Operation{
		OperationID: "give-user-role", Method: http.MethodPost, Path: "/users/{user_id}/roles", Tags: []string{userTag},
		Summary: "Give a user a role", DefaultStatus: http.StatusCreated,
	}, a.giveRole)
	register(a.API, operator.Users, huma.Operation{
		OperationID: "take-user-role", Method: http.MethodDelete, Path: "/users/{user_id}/roles/{held_role_id}",
		Tags: []string{userTag}, Summary: "Take a role from a user",
		Description: "Live opaque access tokens of the user with a scope of the role end.",
	}, a.takeRole)
}

// rolesOf are the roles of a user. One has few.
func (a users) rolesOf(ctx context.Context, userID string) ([]storage.HeldRole, error) {
	if _, err := a.store.FindUser(ctx, userID); err != nil {
		return nil, err
	}
	var held []storage.HeldRole
	for _, everywhere := range []bool{true, false} {
		roles, _, err := a.store.PageOfHeldRoles(ctx, everywhere, storage.HeldRoleFilter{UserIDs: []string{userID}},
			storage.Page{})
		if err != nil {
			return nil, err
		}
		held = append(held, roles...)
	}
	return held, nil
}

func (a users) listUserRoles(ctx context.Context, in *UserPath) (*listOutput[HeldRole], error) {
	held, err := a.rolesOf(ctx, in.UserID)
	if err != nil {
		return nil, err
	}
	return whole(held, newHeldRole), nil
}

// GivenRole is a role that a user is given.
type GivenRole struct {
	RoleID   string `json:"role_id" format:"uuid"`
	ClientID string `json:"client_id,omitempty" maxLength:"255" doc:"For which client; left out, the role counts everywhere."`
}

type giveRoleInput struct {
	UserPath
	Body GivenRole
}

type heldRoleOutput struct{ Body HeldRole }

func (a users) giveRole(ctx context.Context, in *giveRoleInput) (*heldRoleOutput, error) {
	role, err := a.findRole(ctx, in.Body.RoleID)
	if errors.Is(err, storage.ErrNotFound) {
		return nil, invalid("body.role_id", "there is no such role", in.Body.RoleID)
	}
	if err != nil {
		return nil, err
	}
	if err := mayGive(ctx, role.Scope); err != nil {
		return nil, err
	}
	if _, err := a.store.FindUser(ctx, in.UserID); err != nil {
		return nil, err
	}
	id := a.store.NewID()
	switch err := a.store.CreateHeldRole(ctx, id, in.UserID, role.ID, in.Body.ClientID); {
	case errors.Is(err, storage.ErrConflict):
		return nil, conflict("The user holds this role there already.")
	case errors.Is(err, storage.ErrNotFound):
		return nil, invalid("body.client_id", "there is no such client", in.Body.ClientID)
	case err != nil:
		return nil, err
	}
	held, err := a.findHeldRole(ctx, in.UserID, id)
	if err != nil {
		return nil, err
	}
	return &heldRoleOutput{Body: newHeldRole(*held)}, nil
}

// findRole reads a role. Not from memory, which may be a second old: rights are decided by it.
func (a users) findRole(ctx context.Context, id string) (*storage.Role, error) {
	roles, err := a.store.ListRoles(ctx)
	if err != nil {
		return nil, err
	}
	i := slices.IndexFunc(roles, func(r storage.Role) bool { return strings.EqualFold(r.ID, id) })
	if i < 0 {
		return nil, storage.ErrNotFound
	}
	return &roles[i], nil
}

func (a users) findHeldRole(ctx context.Context, userID, id string) (*storage.HeldRole, error) {
	held, err := a.rolesOf(ctx, userID)
	if err != nil {
		return nil, err
	}
	i := slices.IndexFunc(held, func(h storage.HeldRole) bool { return strings.EqualFold(h.ID, id) })
	if i < 0 {
		return nil, notFound("The role of this user")
	}
	return &held[i], nil
}

type heldRolePath struct {
	UserPath
	HeldRoleID string `path:"held_role_id" format:"uuid"`
}

func (a users) takeRole(ctx context.Context, in *heldRolePath) (*struct{}, error) {
	held, err := a.findHeldRole(ctx, in.UserID, in.HeldRoleID)
	if err != nil {
		return nil, err
	}
	if err := mayGive(ctx, storage.SplitScope(held.Scope)); err != nil {
		return nil, err
	}
	return nil, a.store.RevokeRole(ctx, held.UserID, held.RoleID, held.ClientID)
}
