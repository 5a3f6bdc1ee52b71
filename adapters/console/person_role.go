package console

import (
	"context"
	"errors"
	"slices"
	"strings"

	"ithildin/provider/operator"
	"ithildin/storage"
)

// askGiveRole asks for a role and the client for which the person gets it. Nobody changes their own rights, or gives
// rights that they have not.
func askGiveRole(v *visit, u *storage.User) (*question, error) {
	roles, err := v.store.ListRoles(v.r.Context())
	if err != nil {
		return nil, err
	}
	options := []option{{Value: "", Label: v.T("role.choose")}}
	for _, role := range roles {
		options = append(options, option{
			Value: role.ID, Label: role.Name, Selected: role.ID == v.r.PostForm.Get("role"),
		})
	}
	q := &question{Fields: []field{
		{Name: "role", Label: v.T("people.role"), Type: "select", Options: options, Required: true},
		{
			Name: "client", Label: v.T("role.client"), Type: "text", Hint: v.T("role.client_hint"),
			Value: v.r.PostForm.Get("client"),
		},
	}}
	q.do = withoutResult(func(ctx context.Context) error {
		at := slices.IndexFunc(roles, func(r storage.Role) bool { return r.ID == v.r.PostForm.Get("role") })
		if at < 0 {
			return &formProblem{"role.missing", "role"}
		}
		if len(v.operator.Beyond(roles[at].Scope)) > 0 {
			return &formProblem{"action.beyond", "role"}
		}
		if len(operator.RightsOf(roles[at].Scope)) > 0 && !v.isFresh() {
			return errNotFresh
		}
		clientID := ""
		if named := strings.TrimSpace(v.r.PostForm.Get("client")); named != "" {
			client, err := findClientByText(ctx, v, named)
			if errors.Is(err, storage.ErrNotFound) {
				return &formProblem{"role.no_client", "client"}
			}
			if err != nil {
				return err
			}
			clientID = client.ID
		}
		return v.store.GrantRole(ctx, u.ID, roles[at].ID, clientID)
	})
	if u.ID == v.operator.ID {
		q.Refused = "action.oneself"
	}
	return q, nil
}

// askTakeRole asks whether the person is to lose a role for the client of the query, or everywhere.
func askTakeRole(v *visit, u *storage.User) (*question, error) {
	held, err := v.store.ListUserRoles(v.r.Context(), u.ID)
	if err != nil {
		return nil, err
	}
	clientID := v.r.URL.Query().Get("client")
	at := slices.IndexFunc(held, func(r storage.UserRole) bool {
		return r.RoleID == v.parameter("role") && r.ClientID == clientID
	})
	if at < 0 {
		return nil, storage.ErrNotFound
	}
	roles, err := v.store.Roles(v.r.Context())
	if err != nil {
		return nil, err
	}
	where := text(v.T("role.everywhere"))
	if clientID != "" {
		if where, err = namedClient(v, clientID); err != nil {
			return nil, err
		}
	}
	lost := roles[held[at].RoleID].Scope
	q := &question{Fresh: len(operator.RightsOf(lost)) > 0, Facts: []fact{
		{v.T("people.role"), text(held[at].RoleName)}, {v.T("role.where"), where},
		{v.T("role.loses"), words(lost)},
	}}
	q.do = withoutResult(func(ctx context.Context) error {
		return v.store.RevokeRole(ctx, u.ID, held[at].RoleID, clientID)
	})
	if u.ID == v.operator.ID {
		q.Refused = "action.oneself"
	}
	return q, nil
}
