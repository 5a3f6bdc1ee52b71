package operator

import (
	"context"
	"slices"

	"ithildin/storage"
)

// OfUser returns the operator that a user is who came by a client with a scope. The rights are those in the scope that
// the roles of the user, for that client and everywhere, include now, whatever they did when the scope was granted, and
// whether or not the catalogue says that roles govern it. A blocked user has none. storage.ErrNotFound: no such user.
func OfUser(ctx context.Context, store *storage.Store, userID, clientID string, scope []string) (Operator, error) {
	standing, err := store.FindUserForClient(ctx, userID, clientID)
	if err != nil {
		return Operator{}, err
	}
	o := Operator{ID: standing.User.ID, ClientID: clientID, Name: standing.User.Email}
	if standing.User.IsBlocked {
		return o, nil
	}
	granted, err := RightsOfRoles(ctx, store, standing.RoleIDs)
	if err != nil {
		return Operator{}, err
	}
	o.Rights = slices.DeleteFunc(RightsOf(scope), func(right Right) bool { return !slices.Contains(granted, right) })
	return o, nil
}

// HeldBy returns the rights that the roles of a user include, for whichever client: what somebody could get at who
// takes over the account.
func HeldBy(ctx context.Context, store *storage.Store, userID string) ([]Right, error) {
	held, err := store.ListUserRoles(ctx, userID)
	if err != nil {
		return nil, err
	}
	ids := make([]string, len(held))
	for i, role := range held {
		ids[i] = role.RoleID
	}
	return RightsOfRoles(ctx, store, ids)
}

// RightsOfRoles returns the rights that the scopes of roles include.
func RightsOfRoles(ctx context.Context, store *storage.Store, ids []string) ([]Right, error) {
	roles, err := store.Roles(ctx)
	if err != nil {
		return nil, err
	}
	var scope []string
	for _, id := range ids {
		scope = append(scope, roles[id].Scope...)
	}
	return RightsOf(scope), nil
}
