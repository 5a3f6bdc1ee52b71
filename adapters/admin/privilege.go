package admin

import (
	"context"
	"fmt"
	"net/http"
	"slices"

	"ithildin/provider/operator"
)

// mayGive refuses to give away rights of a scope that the operator does not have.
func mayGive(ctx context.Context, scope []string) error {
	who, _ := operator.From(ctx)
	if beyond := who.Beyond(scope); len(beyond) > 0 {
		return newProblem(http.StatusForbidden, fmt.Sprintf(
			"The scope has %s, which you do not have yourself and so may neither give nor take.", listRights(beyond)))
	}
	return nil
}

// mayChangeUser refuses to change the account of somebody with rights that the operator does not have: whoever sets a
// password or resets a factor could sign in as them.
func (a *API) mayChangeUser(ctx context.Context, userID string) error {
	held, err := operator.HeldBy(ctx, a.store, userID)
	if err != nil {
		return err
	}
	who, _ := operator.From(ctx)
	if beyond := slices.DeleteFunc(held, who.Has); len(beyond) > 0 {
		return newProblem(http.StatusForbidden, fmt.Sprintf(
			"The user has %s, which you do not have yourself: an account is changed by somebody with the same rights.",
			listRights(beyond)))
	}
	return nil
}
