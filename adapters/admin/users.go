package admin

import (
	"context"
	"encoding/json"
	"net/http"
	"net/mail"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"ithildin/provider"
	"ithildin/provider/operator"
	"ithildin/storage"
)

// The states of users and clients.
const (
	stateActive  = "active"
	stateBlocked = "blocked"
)

// users are the operations on users.
type users struct{ *API }

// User is a person who may sign in.
type User struct {
	ID                 string     `json:"id" format:"uuid"`
	Email              string     `json:"email" doc:"By which the user signs in."`
	TaxID              string     `json:"tax_id,omitempty"`
	PersonID           string     `json:"person_id,omitempty" doc:"The id of the user in the registry of persons."`
	Profile            Object     `json:"profile,omitempty" doc:"Claims about the user (OpenID Connect Core 5.1)."`
	State              string     `json:"state" enum:"active,blocked"`
	BlockReason        string     `json:"block_reason,omitempty"`
	MustChangePassword bool       `json:"must_change_password" doc:"Whether the next sign-in asks for a new password."`
	PasswordSetAt      *time.Time `json:"password_set_at,omitempty"`
	CreatedAt          *time.Time `json:"created_at,omitempty"`
	UpdatedAt          *time.Time `json:"updated_at,omitempty"`
}

func newUser(u storage.User) User {
	return User{
		ID: u.ID, Email: u.Email, TaxID: u.TaxID, PersonID: u.PersonID, State: stateOf(u.IsBlocked),
		BlockReason: u.BlockReason, MustChangePassword: u.MustChangePassword, PasswordSetAt: moment(u.PasswordSetAt),
		CreatedAt: moment(u.CreatedAt), UpdatedAt: moment(u.UpdatedAt), Profile: shownClaims(u.Profile),
	}
}

func stateOf(isBlocked bool) string {
	if isBlocked {
		return stateBlocked
	}
	return stateActive
}

// isBlocked is the filter that a state means, nil for any.
func isBlocked(state string) *bool {
	if state == "" {
		return nil
	}
	blocked := state == stateBlocked
	return &blocked
}

// UserPath names a user.
type UserPath struct {
	UserID string `path:"user_id" format:"uuid"`
}

type userOutput struct {
	ETag string `header:"ETag"`
	Body User
}

func (a users) userOutput(ctx context.Context, id string) (*userOutput, error) {
	user, err := a.store.FindUser(ctx, id)
	if err != nil {
		return nil, err
	}
	shown := newUser(*user)
	return &userOutput{ETag: tagOf(shown), Body: shown}, nil
}

const userTag = "users"

func (a users) register() {
	register(a.API, operator.Read, huma.Operation{
		OperationID: "list-users", Method: http.MethodGet, Path: "/users", Tags: []string{userTag},
		Summary: "List users, by default the oldest first",
	}, a.listUsers)
	register(a.API, operator.Users, huma.Operation{
		OperationID: "create-user", Method: http.MethodPost, Path: "/users", Tags: []string{userTag},
		Summary: "Create a user", DefaultStatus: http.StatusCreated, Errors: creationErrors,
	}, a.createUser)
	register(a.API, operator.Read, huma.Operation{
		OperationID: "get-user", Method: http.MethodGet, Path: "/users/{user_id}", Tags: []string{userTag},
		Summary: "Read a user",
	}, a.getUser)
	register(a.API, operator.Users, huma.Operation{
		OperationID: "update-user", Method: http.MethodPatch, Path: "/users/{user_id}", Tags: []string{userTag},
		Summary: "Change a user", Errors: conditionErrors,
		Description: "Members that are left out stay as they are; an empty text removes tax_id or person_id. " +
			"A new e-mail address is not verified, unless the profile says so.",
	}, a.updateUser)
	register(a.API, operator.Users, huma.Operation{
		OperationID: "delete-user", Method: http.MethodDelete, Path: "/users/{user_id}", Tags: []string{userTag},
		Summary: "Delete a user with their sessions, approvals, roles and tokens", Errors: conditionErrors,
	}, a.deleteUser)
	a.registerActions()
	a.registerSessions()
	a.registerFactors()
	a.registerRoles()
	a.registerInvitations()
}

type listUsersInput struct {
	Paging
	Email      string `query:"email" maxLength:"254" doc:"A part of the e-mail address, in any case of letters."`
	WholeEmail string `query:"whole_email" maxLength:"254" doc:"The whole e-mail address, in any form of it."`
	TaxID      string `query:"tax_id" maxLength:"64" doc:"The whole tax number."`
	State      string `query:"state" enum:"active,blocked"`
	RoleID     string `query:"role_id" format:"uuid" doc:"Only those who hold this role, for any client or everywhere."`
	Order      string `query:"order" enum:"created,email" default:"created" doc:"What they are sorted by."`
	After      string `query:"after" maxLength:"254" doc:"With order=email, only those behind this address."`
}

func (a users) listUsers(ctx context.Context, in *listUsersInput) (*listOutput[User], error) {
	byEmail, err := ordered(in.Order == "email", "email", in.After)
	if err != nil {
		return nil, err
	}
	users, total, err := a.store.PageOfUsers(ctx, storage.UserFilter{
		Email: in.WholeEmail, EmailPart: in.Email, TaxID: in.TaxID, IsBlocked: isBlocked(in.State), RoleID: in.RoleID,
		ByEmail: byEmail, AfterEmail: in.After,
	}, in.page())
	if err != nil {
		return nil, err
	}
	return listOf(users, total, newUser), nil
}

func (a users) getUser(ctx context.Context, in *UserPath) (*userOutput, error) {
	return a.userOutput(ctx, in.UserID)
}

// NewUser is what a user is created with.
type NewUser struct {
	ID         string `json:"id,omitempty" format:"uuid" doc:"The sub of the user's tokens, for ever; left out, one is made."`
	Email      string `json:"email" maxLength:"254"`
	Password   string `json:"password,omitempty" maxLength:"512" doc:"Left out, one is made, which the answer shows once and the user must change."`
	MustChange bool   `json:"must_change_password,omitempty" doc:"Whether the next sign-in asks for another password; always so for one that is made."`
	TaxID      string `json:"tax_id,omitempty" maxLength:"64"`
	PersonID   string `json:"person_id,omitempty" maxLength:"64"`
	Profile    Object `json:"profile,omitempty" doc:"Claims about the user (OpenID Connect Core 5.1)."`
}

type createUserInput struct {
	Once
	Body NewUser
}

// CreatedUser is a user with a password that was made, this once.
type CreatedUser struct {
	User
	Password string `json:"password,omitempty" doc:"The password that was made. It is shown this once only."`
}

type createUserOutput struct {
	Location string `header:"Location"`
	ETag     string `header:"ETag"`
	Body     CreatedUser
}

func (a users) createUser(ctx context.Context, in *createUserInput) (*createUserOutput, error) {
	if err := checkUser(in.Body.Email, in.Body.Profile); err != nil {
		return nil, err
	}
	password, err := a.newPassword(ctx, in.Body.Password, in.Body.Email)
	if err != nil {
		return nil, err
	}
	made, err := a.create(ctx, in.Once, in.Body.ID, "create-user", func(ctx context.Context, id string) error {
		now := a.store.Now()
		return emailTaken(a.store.CreateUser(ctx, storage.User{
			ID: id, Email: in.Body.Email, Password: password.hash, PasswordSetAt: now,
			TaxID: in.Body.TaxID, PersonID: in.Body.PersonID, Profile: json.RawMessage(in.Body.Profile), CreatedAt: now,
			UpdatedAt: now, MustChangePassword: in.Body.MustChange || password.made != "",
		}))
	})
	if err != nil {
		return nil, err
	}
	user, err := a.userOutput(ctx, made.id)
	if err != nil {
		return nil, made.explain(err)
	}
	out := &createUserOutput{
		Location: Prefix + "/users/" + made.id, ETag: user.ETag, Body: CreatedUser{User: user.Body, Password: password.made},
	}
	if made.repeated {
		out.Body.Password = ""
	}
	return out, nil
}

// UserChange is what of a user is to be changed.
type UserChange struct {
	Email    *string `json:"email,omitempty" maxLength:"254"`
	TaxID    *string `json:"tax_id,omitempty" maxLength:"64"`
	PersonID *string `json:"person_id,omitempty" maxLength:"64"`
	Profile  Object  `json:"profile,omitempty" doc:"Replaces all claims about the user."`
}

type updateUserInput struct {
	UserPath
	Condition
	Body UserChange
}

func (a users) updateUser(ctx context.Context, in *updateUserInput) (*userOutput, error) {
	err := a.changeUser(ctx, in.UserID, in.Condition, func(ctx context.Context) error {
		user, err := a.store.FindUser(ctx, in.UserID)
		if err != nil {
			return err
		}
		if err := in.Body.apply(user); err != nil {
			return err
		}
		return emailTaken(a.store.UpdateUser(ctx, *user))
	})
	if err != nil {
		return nil, err
	}
	return a.userOutput(ctx, in.UserID)
}

// apply changes the user. Who gets another address has not shown that it is theirs.
func (c UserChange) apply(user *storage.User) error {
	if c.Email != nil && !strings.EqualFold(*c.Email, user.Email) {
		if err := checkUser(*c.Email, nil); err != nil {
			return err
		}
		user.Email, user.Profile = *c.Email, provider.WithoutClaim(user.Profile, "email_verified")
	}
	if c.TaxID != nil {
		user.TaxID = *c.TaxID
	}
	if c.PersonID != nil {
		user.PersonID = *c.PersonID
	}
	if c.Profile != nil {
		if err := checkUser(user.Email, c.Profile); err != nil {
			return err
		}
		user.Profile = json.RawMessage(c.Profile)
	}
	return nil
}

// changeUser is change for a user whom the operator may change.
func (a users) changeUser(
	ctx context.Context, id string, c Condition, write func(context.Context) error,
) error {
	return a.change(ctx, c, func(ctx context.Context) error { return a.store.HoldUser(ctx, id) },
		func(ctx context.Context) (any, error) {
			user, err := a.store.FindUser(ctx, id)
			if err != nil {
				return nil, err
			}
			return newUser(*user), a.mayChangeUser(ctx, id)
		}, write)
}

type deleteUserInput struct {
	UserPath
	Condition
}

func (a users) deleteUser(ctx context.Context, in *deleteUserInput) (*struct{}, error) {
	return nil, a.changeUser(ctx, in.UserID, in.Condition, func(ctx context.Context) error {
		return a.store.DeleteUser(ctx, in.UserID)
	})
}

// checkUser checks an address and claims.
func checkUser(email string, claims Object) error {
	if address, err := mail.ParseAddress(email); err != nil || address.Address != email {
		return invalid("body.email", "is not an e-mail address", email)
	}
	if claims == nil {
		return nil
	}
	if err := provider.ValidateProfile(json.RawMessage(claims)); err != nil {
		return invalid("body.profile", err.Error(), nil)
	}
	return nil
}
