package main

import (
	"context"
	"errors"
	"fmt"

	"ithildin/cmd/ithildin/internal/config"
	"ithildin/cmd/ithildin/internal/console"
	"ithildin/cmd/ithildin/internal/database"
	"ithildin/storage"
)

type roleCommand struct {
	Create roleCreateCommand `cmd:"" help:"Make a role."`
	List   roleListCommand   `cmd:"" help:"List the roles, or those of a user."`
	Update roleUpdateCommand `cmd:"" help:"Change a role's name or scopes."`
	Delete roleDeleteCommand `cmd:"" help:"Delete a role, from its holders too."`
	Grant  roleGrantCommand  `cmd:"" help:"Give a user a role."`
	Revoke roleRevokeCommand `cmd:"" help:"Take a role from a user."`
}

type roleCreateCommand struct {
	Name  string   `arg:"" help:"Its name."`
	Scope []string `required:"" sep:" " help:"The scopes that its holders may grant, in one word or several."`
	config.DatabaseFlags
	console.FormatFlag
}

// Help shows how the verb is used.
func (roleCreateCommand) Help() string {
	return `Example:

    ithildin role create DOCTOR --scope "patients:view patients:create"`
}

// Run stores the role.
func (c *roleCreateCommand) Run(ctx context.Context, terminal console.Terminal) error {
	scope := splitScope(c.Scope)
	if err := errors.Join(checkText("the name", c.Name), checkScope(scope)); err != nil {
		return err
	}
	return database.WithStore(ctx, c.DatabaseFlags, func(store *storage.Store) error {
		if err := warnOfUnknownScopes(ctx, terminal, store, scope); err != nil {
			return err
		}
		role := storage.Role{ID: store.NewID(), Name: c.Name, Scope: scope}
		if err := store.CreateRole(ctx, role); err != nil {
			return explain(err, "role "+c.Name)
		}
		return console.PrintRecord(terminal.Out, c.FormatFlag, newNamedScopeRow(role.ID, role.Name, role.Scope))
	})
}

type roleListCommand struct {
	User string `placeholder:"USER" help:"The roles of this user, by email address or id."`
	config.DatabaseFlags
	console.FormatFlag
}

// Help shows how the verb is used.
func (roleListCommand) Help() string {
	return `Example:

    ithildin role list --user doctor@example.com`
}

type userRoleRow struct {
	Role   string `json:"role"`
	Client string `json:"client_id"`
}

// Run prints the roles.
func (c *roleListCommand) Run(ctx context.Context, terminal console.Terminal) error {
	return database.WithStore(ctx, c.DatabaseFlags, func(store *storage.Store) error {
		if c.User != "" {
			return c.listUserRoles(ctx, terminal, store)
		}
		roles, err := store.ListRoles(ctx)
		if err != nil {
			return err
		}
		var rows []namedScopeRow
		for _, role := range roles {
			rows = append(rows, newNamedScopeRow(role.ID, role.Name, role.Scope))
		}
		return console.PrintRows(terminal.Out, c.FormatFlag, rows)
	})
}

func (c *roleListCommand) listUserRoles(ctx context.Context, terminal console.Terminal, store *storage.Store) error {
	user, err := findUser(ctx, store, c.User)
	if err != nil {
		return err
	}
	roles, err := store.ListUserRoles(ctx, user.ID)
	if err != nil {
		return err
	}
	var rows []userRoleRow
	for _, role := range roles {
		rows = append(rows, userRoleRow{Role: role.RoleName, Client: role.ClientID})
	}
	return console.PrintRows(terminal.Out, c.FormatFlag, rows)
}

type roleUpdateCommand struct {
	namedScopeChange
	config.DatabaseFlags
}

// Help shows how the verb is used.
func (roleUpdateCommand) Help() string {
	return `Example:

    ithildin role update DOCTOR --scope "patients:view patients:create declarations:view"`
}

// Run stores the role; running servers learn of it within a second.
func (c *roleUpdateCommand) Run(ctx context.Context, terminal console.Terminal) error {
	return database.WithStore(ctx, c.DatabaseFlags, func(store *storage.Store) error {
		role, err := store.FindRoleByName(ctx, c.Name)
		if err != nil {
			return explain(err, "role "+c.Name)
		}
		if err := c.apply(ctx, terminal, store, &role.Name, &role.Scope); err != nil {
			return err
		}
		return explain(store.UpdateRole(ctx, *role), "role "+role.Name)
	})
}

type roleDeleteCommand struct {
	Name string `arg:"" help:"Its name."`
	console.ConfirmFlag
	config.DatabaseFlags
}

// Help shows how the verb is used.
func (roleDeleteCommand) Help() string {
	return `Example:

    ithildin role delete DOCTOR`
}

// Run deletes the role.
func (c *roleDeleteCommand) Run(ctx context.Context, terminal console.Terminal) error {
	return database.WithStore(ctx, c.DatabaseFlags, func(store *storage.Store) error {
		role, err := store.FindRoleByName(ctx, c.Name)
		if err != nil {
			return explain(err, "role "+c.Name)
		}
		if err := c.Confirm(terminal, "Delete the role %s, from its holders too?", c.Name); err != nil {
			return err
		}
		return explain(store.DeleteRole(ctx, role.ID), "role "+c.Name)
	})
}

type roleGrantCommand struct {
	heldRole
	config.DatabaseFlags
}

// heldRole names a role of a user.
type heldRole struct {
	Name   string `arg:"" help:"The role."`
	User   string `required:"" placeholder:"USER" help:"The user, by email address or id."`
	Client string `placeholder:"ID" help:"For this client only; default everywhere."`
}

// Help shows how the verb is used.
func (roleGrantCommand) Help() string {
	return `Example:

    ithildin role grant DOCTOR --user doctor@example.com --client clinic`
}

// Run gives the role.
func (c *roleGrantCommand) Run(ctx context.Context) error {
	return database.WithStore(ctx, c.DatabaseFlags, func(store *storage.Store) error {
		return c.change(ctx, store, store.GrantRole)
	})
}

type roleRevokeCommand struct {
	heldRole
	config.DatabaseFlags
}

// Help shows how the verb is used.
func (roleRevokeCommand) Help() string {
	return `Example:

    ithildin role revoke DOCTOR --user doctor@example.com --client clinic`
}

// Run takes the role.
func (c *roleRevokeCommand) Run(ctx context.Context) error {
	return database.WithStore(ctx, c.DatabaseFlags, func(store *storage.Store) error {
		return c.change(ctx, store, store.RevokeRole)
	})
}

func (h heldRole) change(
	ctx context.Context, store *storage.Store, change func(ctx context.Context, userID, roleID, clientID string) error,
) error {
	user, err := findUser(ctx, store, h.User)
	if err != nil {
		return err
	}
	role, err := store.FindRoleByName(ctx, h.Name)
	if err != nil {
		return explain(err, "role "+h.Name)
	}
	return explain(change(ctx, user.ID, role.ID, h.Client), fmt.Sprintf("client %q, or role %s there,", h.Client, h.Name))
}

// explain words the two errors that a person may cause.
func explain(err error, what string) error {
	switch {
	case errors.Is(err, storage.ErrNotFound):
		return fmt.Errorf("%s does not exist", what)
	case errors.Is(err, storage.ErrConflict):
		return fmt.Errorf("%s exists already", what)
	}
	return err
}
