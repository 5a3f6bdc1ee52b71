package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"ithildin/cmd/ithildin/internal/console"
	"ithildin/cmd/ithildin/internal/database"
	"ithildin/provider/operator"
	"ithildin/storage"
)

// refuseSecondAdministrator refuses to make an administrator where somebody else administers users already, or where
// the account can be entered by another way than the link.
func refuseSecondAdministrator(ctx context.Context, store *storage.Store, email string) error {
	roles, err := store.ListRoles(ctx)
	if err != nil {
		return err
	}
	for _, role := range roles {
		if !(operator.Operator{Rights: operator.RightsOf(role.Scope)}).Has(operator.Users) {
			continue
		}
		holders, _, err := store.PageOfUsers(ctx, storage.UserFilter{RoleID: role.ID}, storage.Page{Number: 1, Size: 2})
		if err != nil {
			return err
		}
		for _, holder := range holders {
			if holder.Email != storage.CanonicalEmail(email) {
				return console.WithHint("ithildin role grant "+role.Name+" --user EMAIL makes another one",
					fmt.Errorf("there is an administrator already: %s", holder.Email))
			}
		}
	}
	user, err := store.FindUserByEmail(ctx, email)
	switch {
	case errors.Is(err, storage.ErrNotFound):
		return nil
	case err != nil:
		return err
	case hasPassword(user):
		return console.WithHint("ithildin role grant gives a role to a user who is there",
			fmt.Errorf("user %s exists already, and has a password", user.Email))
	}
	return nil
}

// createAdministrator makes the administrator with the role, and the link by which they set their password, all or
// nothing.
func (s *setup) createAdministrator(
	ctx context.Context, store *storage.Store,
) (link string, expires time.Time, err error) {
	var userID string
	err = store.Together(ctx, func(ctx context.Context) error {
		role, err := administratorRole(ctx, store, s.command.Role)
		if err != nil {
			return err
		}
		user, err := userWithoutPassword(ctx, store, s.command.Administrator)
		if err != nil {
			return err
		}
		if err := store.GrantRole(ctx, user.ID, role.ID, ""); err != nil {
			return err
		}
		userID = user.ID
		link, expires, err = s.command.passwordLinkFlag.store(ctx, store, user, s.settings.Issuer.String())
		return err
	})
	if err != nil {
		return "", time.Time{}, err
	}
	return link, expires, recordPasswordLink(ctx, store, userID)
}

// administratorRole finds the role of administrators or makes it. One that is there must have every right.
func administratorRole(ctx context.Context, store *storage.Store, name string) (*storage.Role, error) {
	role, err := store.FindRoleByName(ctx, name)
	switch {
	case errors.Is(err, storage.ErrNotFound):
		made := storage.Role{ID: store.NewID(), Name: name}
		for _, right := range operator.Rights() {
			made.Scope = append(made.Scope, string(right))
		}
		return &made, store.CreateRole(ctx, made)
	case err != nil:
		return nil, err
	}
	var missing []operator.Right
	for _, right := range operator.Rights() {
		if !(operator.Operator{Rights: operator.RightsOf(role.Scope)}).Has(right) {
			missing = append(missing, right)
		}
	}
	if len(missing) > 0 {
		return nil, console.WithHint("--role names another role",
			fmt.Errorf("the role %s is there already, without the scope %v", name, missing))
	}
	return role, nil
}

// userWithoutPassword finds the user, who was made by an earlier setup, or makes them. Nobody signs in as them yet.
func userWithoutPassword(ctx context.Context, store *storage.Store, email string) (*storage.User, error) {
	user, err := store.FindUserByEmail(ctx, email)
	if !errors.Is(err, storage.ErrNotFound) {
		return user, err
	}
	now := store.Now()
	user = &storage.User{
		ID: store.NewID(), Email: storage.CanonicalEmail(email), PasswordSetAt: now, CreatedAt: now, UpdatedAt: now,
	}
	return user, database.Explain(store.CreateUser(ctx, *user), "user "+email)
}
