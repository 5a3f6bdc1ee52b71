package admin

import (
	"context"
	"errors"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"ithildin/provider/operator"
	"ithildin/provider/registration"
	"ithildin/storage"
)

// registerActions adds what is done to a user beside changing the row.
func (a users) registerActions() {
	register(a.API, operator.Users, huma.Operation{
		OperationID: "block-user", Method: http.MethodPost, Path: "/users/{user_id}/block", Tags: []string{userTag},
		Summary: "Block a user, and end their sessions and tokens",
	}, a.blockUser)
	register(a.API, operator.Users, huma.Operation{
		OperationID: "unblock-user", Method: http.MethodPost, Path: "/users/{user_id}/unblock", Tags: []string{userTag},
		Summary: "End a block", Description: "What the block ended stays ended.",
	}, a.unblockUser)
	register(a.API, operator.Users, huma.Operation{
		OperationID: "set-user-password", Method: http.MethodPost, Path: "/users/{user_id}/password",
		Tags: []string{userTag}, Summary: "Set another password, and end the sessions of the user",
	}, a.setPassword)
	register(a.API, operator.Users, huma.Operation{
		OperationID: "end-user-tokens", Method: http.MethodDelete, Path: "/users/{user_id}/tokens", Tags: []string{userTag},
		Summary: "End what was issued for a user: codes, grants and access tokens",
		Description: "The sessions go on, but clients are told, by the back channel, that the user has signed out. " +
			"The approvals stay.",
	}, a.endUserTokens)
}

// Reason is why something is done.
type Reason struct {
	Reason string `json:"reason" minLength:"1" maxLength:"1000" doc:"Why, for the audit and for whoever reads the user."`
}

func (r Reason) check() error {
	if err := registration.ValidateText(r.Reason); err != nil {
		return invalid("body.reason", err.Error(), r.Reason)
	}
	return nil
}

type blockInput struct {
	UserPath
	Body Reason
}

func (a users) blockUser(ctx context.Context, in *blockInput) (*userOutput, error) {
	if err := in.Body.check(); err != nil {
		return nil, err
	}
	if err := a.mayChangeUser(ctx, in.UserID); err != nil {
		return nil, err
	}
	err := a.store.BlockUser(ctx, in.UserID, in.Body.Reason)
	if errors.Is(err, storage.ErrConflict) {
		err = conflict("The user is blocked already.")
	}
	if err != nil {
		return nil, err
	}
	return a.userOutput(ctx, in.UserID)
}

func (a users) unblockUser(ctx context.Context, in *UserPath) (*userOutput, error) {
	if err := a.mayChangeUser(ctx, in.UserID); err != nil {
		return nil, err
	}
	if err := a.store.UnblockUser(ctx, in.UserID); err != nil {
		return nil, err
	}
	return a.userOutput(ctx, in.UserID)
}

// NewPassword is another password of a user.
type NewPassword struct {
	Password   string `json:"password,omitempty" maxLength:"512" doc:"Left out, one is made, which the answer shows once."`
	MustChange bool   `json:"must_change,omitempty" doc:"Whether the user must choose another at the next sign-in; always so for one that is made."`
}

type setPasswordInput struct {
	UserPath
	Body NewPassword
}

// SetPassword is the outcome of setting a password.
type SetPassword struct {
	Password string `json:"password,omitempty" doc:"The password that was made. It is shown this once only."`
}

type setPasswordOutput struct{ Body SetPassword }

func (a users) setPassword(ctx context.Context, in *setPasswordInput) (*setPasswordOutput, error) {
	if err := a.mayChangeUser(ctx, in.UserID); err != nil {
		return nil, err
	}
	password, err := a.nextPassword(ctx, in.Body.Password, in.UserID)
	if err != nil {
		return nil, err
	}
	set := a.store.SetPassword
	if in.Body.MustChange || password.made != "" {
		set = a.store.SetPasswordToChange
	}
	if err := set(ctx, in.UserID, password.hash); err != nil {
		return nil, err
	}
	return &setPasswordOutput{Body: SetPassword{Password: password.made}}, nil
}

type endTokensInput struct {
	UserPath
	ClientID string `query:"client_id" maxLength:"255" doc:"Only what was issued to this client."`
}

func (a users) endUserTokens(ctx context.Context, in *endTokensInput) (*struct{}, error) {
	if _, err := a.store.FindUser(ctx, in.UserID); err != nil {
		return nil, err
	}
	return nil, a.store.EndTokensOfUser(ctx, in.UserID, in.ClientID)
}
