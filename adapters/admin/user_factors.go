package admin

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"ithildin/provider/identity"
	"ithildin/provider/operator"
	"ithildin/storage"
)

// Factor is what a user proves besides the password.
type Factor struct {
	ID        string     `json:"id" format:"uuid"`
	UserID    string     `json:"user_id" format:"uuid"`
	Type      string     `json:"type"`
	Factor    string     `json:"factor,omitempty" doc:"What may be shown of it: the ends of a phone number. Absent where it is still to be set."`
	Active    bool       `json:"active"`
	CreatedAt *time.Time `json:"created_at,omitempty"`
	UpdatedAt *time.Time `json:"updated_at,omitempty"`
}

func newFactor(f storage.AuthenticationFactor) Factor {
	return Factor{
		ID: f.ID, UserID: f.UserID, Type: f.Type, Factor: identity.MaskedFactor(f), Active: f.IsActive,
		CreatedAt: moment(f.CreatedAt), UpdatedAt: moment(f.UpdatedAt),
	}
}

func (a users) registerFactors() {
	register(a.API, operator.Read, huma.Operation{
		OperationID: "list-user-factors", Method: http.MethodGet, Path: "/users/{user_id}/factors",
		Tags: []string{userTag}, Summary: "List the second factors of a user, inactive ones too",
	}, a.listFactors)
	register(a.API, operator.Users, huma.Operation{
		OperationID: "enable-user-factor", Method: http.MethodPost, Path: "/users/{user_id}/factors/{factor_id}/enable",
		Tags: []string{userTag}, Summary: "Enable a second factor",
	}, a.changingFactor(func(ctx context.Context, id string) error {
		return a.store.ActivateAuthenticationFactor(ctx, id, true)
	}))
	register(a.API, operator.Users, huma.Operation{
		OperationID: "disable-user-factor", Method: http.MethodPost,
		Path: "/users/{user_id}/factors/{factor_id}/disable", Tags: []string{userTag},
		Summary: "Disable a second factor, so that sign-in does not ask for it",
	}, a.changingFactor(func(ctx context.Context, id string) error {
		return a.store.ActivateAuthenticationFactor(ctx, id, false)
	}))
	register(a.API, operator.Users, huma.Operation{
		OperationID: "reset-user-factor", Method: http.MethodPost, Path: "/users/{user_id}/factors/{factor_id}/reset",
		Tags: []string{userTag}, Summary: "Take away what an active factor is checked by",
		Description: "The next sign-in asks the user to set it anew.",
	}, a.changingFactor(a.store.ResetAuthenticationFactor))
}

func (a users) listFactors(ctx context.Context, in *UserPath) (*listOutput[Factor], error) {
	if _, err := a.store.FindUser(ctx, in.UserID); err != nil {
		return nil, err
	}
	factors, err := a.store.ListAuthenticationFactors(ctx, in.UserID)
	if err != nil {
		return nil, err
	}
	return whole(factors, newFactor), nil
}

type factorPath struct {
	UserPath
	FactorID string `path:"factor_id" format:"uuid"`
}

type factorOutput struct{ Body Factor }

func (a users) findFactor(ctx context.Context, in *factorPath) (*factorOutput, error) {
	factors, err := a.store.ListAuthenticationFactors(ctx, in.UserID)
	if err != nil {
		return nil, err
	}
	i := slices.IndexFunc(factors, func(f storage.AuthenticationFactor) bool {
		return strings.EqualFold(f.ID, in.FactorID)
	})
	if i < 0 {
		return nil, notFound("The factor of this user")
	}
	return &factorOutput{Body: newFactor(factors[i])}, nil
}

// changingFactor is an operation that changes a factor by its id.
func (a users) changingFactor(
	change func(context.Context, string) error,
) func(context.Context, *factorPath) (*factorOutput, error) {
	return func(ctx context.Context, in *factorPath) (*factorOutput, error) {
		if _, err := a.findFactor(ctx, in); err != nil {
			return nil, err
		}
		if err := a.mayChangeUser(ctx, in.UserID); err != nil {
			return nil, err
		}
		switch err := change(ctx, in.FactorID); {
		case errors.Is(err, storage.ErrConflict), errors.Is(err, storage.ErrNotFound):
			return nil, conflict("The factor is not in a state that allows this: it is so already, or not active.")
		case err != nil:
			return nil, err
		}
		return a.findFactor(ctx, in)
	}
}
