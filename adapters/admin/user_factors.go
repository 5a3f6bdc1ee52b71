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
	ID         string     `json:"id" format:"uuid" doc:"Of recovery codes, that of their set."`
	UserID     string     `json:"user_id" format:"uuid"`
	Type       string     `json:"type" enum:"SMS,TOTP,passkey,recovery_code"`
	Factor     string     `json:"factor,omitempty" doc:"What may be shown of it: the ends of a phone number, or the name that its owner gave it. Absent where a phone is still to be set, and of recovery codes."`
	Active     bool       `json:"active"`
	Left       *int64     `json:"left,omitempty" doc:"Of recovery codes, how many are not used up."`
	CreatedAt  *time.Time `json:"created_at,omitempty"`
	LastUsedAt *time.Time `json:"last_used_at,omitempty" doc:"Absent for one that was never used, and of a phone."`
}

func newFactor(userID string, f storage.SecondFactor) Factor {
	shown := Factor{
		ID: f.ID, UserID: strings.ToLower(userID), Type: f.Kind, Active: f.IsActive, CreatedAt: moment(f.CreatedAt),
		Factor:     identity.MaskedFactor(storage.AuthenticationFactor{Type: f.Kind, Factor: f.Name}),
		LastUsedAt: moment(f.LastUsedAt),
	}
	if f.Kind == storage.FactorRecoveryCode {
		shown.Left = &f.Left
	}
	return shown
}

func (a users) registerFactors() {
	const factorPath = "/users/{user_id}/factors/{factor_id}"
	tags := []string{userTag}
	register(a.API, operator.Read, huma.Operation{
		OperationID: "list-user-factors", Method: http.MethodGet, Path: "/users/{user_id}/factors", Tags: tags,
		Summary: "List the second factors of a user, of every type, inactive ones too",
	}, a.listFactors)
	register(a.API, operator.Users, huma.Operation{
		OperationID: "enable-user-factor", Method: http.MethodPost, Path: factorPath + "/enable", Tags: tags,
		Summary:     "Enable a phone or an authenticator app",
		Description: "Passkeys and recovery codes are always active.",
	}, a.activatingFactor(true))
	register(a.API, operator.Users, huma.Operation{
		OperationID: "disable-user-factor", Method: http.MethodPost, Path: factorPath + "/disable", Tags: tags,
		Summary:     "Disable a phone or an authenticator app, so that sign-in does not ask for it",
		Description: "Passkeys and recovery codes are always active; remove them.",
	}, a.activatingFactor(false))
	register(a.API, operator.Users, huma.Operation{
		OperationID: "reset-user-factor", Method: http.MethodPost, Path: factorPath + "/reset", Tags: tags,
		Summary:     "Take away the phone of an active factor",
		Description: "The next sign-in asks the user to set it anew. Factors of other types are removed instead.",
	}, a.resetFactor)
	register(a.API, operator.Users, huma.Operation{
		OperationID: "remove-user-factor", Method: http.MethodDelete, Path: factorPath, Tags: tags,
		Summary: "Remove a second factor; of recovery codes the whole set",
		Description: "With the last other factor the recovery codes go too. A user whose roles ask for a second factor " +
			"adds one at the next sign-in with the password.",
	}, a.removeFactor)
}

func (a users) listFactors(ctx context.Context, in *UserPath) (*listOutput[Factor], error) {
	user, err := a.store.FindUser(ctx, in.UserID)
	if err != nil {
		return nil, err
	}
	factors, err := a.store.ListSecondFactors(ctx, user.ID)
	if err != nil {
		return nil, err
	}
	return whole(factors, func(f storage.SecondFactor) Factor { return newFactor(user.ID, f) }), nil
}

type factorPath struct {
	UserPath
	FactorID string `path:"factor_id" format:"uuid"`
}

type factorOutput struct{ Body Factor }

// findFactor finds a factor of the user in the path.
func (a users) findFactor(ctx context.Context, in *factorPath) (*storage.SecondFactor, error) {
	factors, err := a.store.ListSecondFactors(ctx, in.UserID)
	if err != nil {
		return nil, err
	}
	i := slices.IndexFunc(factors, func(f storage.SecondFactor) bool { return strings.EqualFold(f.ID, in.FactorID) })
	if i < 0 {
		return nil, notFound("The factor of this user")
	}
	return &factors[i], nil
}

// changeFactor changes a factor of a user whom the operator may change.
func (a users) changeFactor(ctx context.Context, in *factorPath, change func(storage.SecondFactor) error) error {
	factor, err := a.findFactor(ctx, in)
	if err != nil {
		return err
	}
	if err := a.mayChangeUser(ctx, in.UserID); err != nil {
		return err
	}
	return change(*factor)
}

// changedFactor is the answer after a change of a factor that stays.
func (a users) changedFactor(
	ctx context.Context, in *factorPath, change func(storage.SecondFactor) error,
) (*factorOutput, error) {
	if err := a.changeFactor(ctx, in, change); err != nil {
		return nil, err
	}
	factor, err := a.findFactor(ctx, in)
	if err != nil {
		return nil, err
	}
	return &factorOutput{Body: newFactor(in.UserID, *factor)}, nil
}

// activatingFactor is the operation that makes a factor active, or inactive.
func (a users) activatingFactor(active bool) func(context.Context, *factorPath) (*factorOutput, error) {
	return func(ctx context.Context, in *factorPath) (*factorOutput, error) {
		return a.changedFactor(ctx, in, func(f storage.SecondFactor) error {
			switch {
			case f.Kind != storage.FactorSMS && f.Kind != storage.FactorTOTP:
				return conflict("A factor of the type " + f.Kind + " is always active; remove it instead.")
			case f.IsActive == active:
				return conflict("The factor is in that state already.")
			}
			return a.store.ActivateSecondFactor(ctx, in.UserID, f.Kind, f.ID, active)
		})
	}
}

func (a users) resetFactor(ctx context.Context, in *factorPath) (*factorOutput, error) {
	return a.changedFactor(ctx, in, func(f storage.SecondFactor) error {
		if f.Kind != storage.FactorSMS {
			return conflict("Only a phone is reset; remove a factor of the type " + f.Kind + " instead.")
		}
		err := a.store.ResetAuthenticationFactor(ctx, f.ID)
		if errors.Is(err, storage.ErrConflict) || errors.Is(err, storage.ErrNotFound) {
			return conflict("The factor is not active, so there is nothing to reset.")
		}
		return err
	})
}

func (a users) removeFactor(ctx context.Context, in *factorPath) (*struct{}, error) {
	return nil, a.changeFactor(ctx, in, func(f storage.SecondFactor) error {
		return a.store.RemoveSecondFactor(ctx, in.UserID, f.Kind, f.ID)
	})
}
