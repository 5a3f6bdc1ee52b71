package main

import (
	"context"
	"fmt"

	"ithildin/cmd/ithildin/internal/administration"
	"ithildin/cmd/ithildin/internal/config"
	"ithildin/cmd/ithildin/internal/console"
	"ithildin/cmd/ithildin/internal/database"
	"ithildin/storage"
)

type roleCommand struct {
	Create roleCreateCommand `cmd:"" help:"Create a role."`
	List   roleListCommand   `cmd:"" help:"List the roles, or those of a user."`
	Update roleUpdateCommand `cmd:"" help:"Change a role's name or scopes."`
	Delete roleDeleteCommand `cmd:"" help:"Delete a role, and take it from its holders."`
	Grant  roleGrantCommand  `cmd:"" help:"Give a user a role."`
	Revoke roleRevokeCommand `cmd:"" help:"Take a role from a user."`
}

// roles are what the verbs below work on.
var roles = scopeSets[storage.Role]{
	noun: "role", create: administration.Catalogue.CreateRole, list: administration.Catalogue.ListRoles,
	find: administration.Catalogue.FindRoleByName, update: administration.Catalogue.UpdateRole,
	delete:   administration.Catalogue.DeleteRole,
	question: "Delete the role %s, from its holders too?",
}

type roleCreateCommand struct {
	Scope []string `required:"" sep:" " help:"Scopes that its holders may grant, in one argument or several."`
	scopeSetCreation
}

// Help shows how the verb is used.
func (roleCreateCommand) Help() string {
	return `Example:

    ithildin role create DOCTOR --scope "patients:view patients:create"`
}

// Run stores the role.
func (c *roleCreateCommand) Run(ctx context.Context, terminal console.Terminal) error {
	return createScopeSet(ctx, terminal, roles, c.scopeSetCreation, c.Scope)
}

type roleListCommand struct {
	User string `placeholder:"USER" help:"The roles of this user, by email address or id."`
	config.TargetFlags
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
	return administration.With(ctx, c.TargetFlags, func(admin administration.Administration) error {
		if c.User != "" {
			return c.listUserRoles(ctx, terminal, admin)
		}
		return listScopeSets(ctx, terminal, roles, admin, c.FormatFlag)
	})
}

func (c *roleListCommand) listUserRoles(
	ctx context.Context, terminal console.Terminal, admin administration.Administration,
) error {
	user, err := findUser(ctx, admin, c.User)
	if err != nil {
		return err
	}
	held, err := admin.ListUserRoles(ctx, user.ID)
	if err != nil {
		return err
	}
	var rows []userRoleRow
	for _, role := range held {
		rows = append(rows, userRoleRow{Role: role.RoleName, Client: role.ClientID})
	}
	return console.PrintRows(terminal.Out, c.FormatFlag, rows)
}

type roleUpdateCommand struct{ scopeSetChange }

// Help shows how the verb is used.
func (roleUpdateCommand) Help() string {
	return `Example:

    ithildin role update DOCTOR --scope "patients:view patients:create declarations:view"`
}

// Run stores the role; running servers learn of it within a second.
func (c *roleUpdateCommand) Run(ctx context.Context, terminal console.Terminal) error {
	return updateScopeSet(ctx, terminal, roles, c.scopeSetChange)
}

type roleDeleteCommand struct{ scopeSetDeletion }

// Help shows how the verb is used.
func (roleDeleteCommand) Help() string {
	return `Example:

    ithildin role delete DOCTOR`
}

// Run deletes the role.
func (c *roleDeleteCommand) Run(ctx context.Context, terminal console.Terminal) error {
	return deleteScopeSet(ctx, terminal, roles, c.scopeSetDeletion)
}

type roleGrantCommand struct {
	heldRole
	config.TargetFlags
}

// heldRole names a role of a user.
type heldRole struct {
	Name   string `arg:"" help:"The role."`
	User   string `required:"" placeholder:"USER" help:"The user, by email address or id."`
	Client string `placeholder:"ID" help:"Only for this client; default for all clients."`
}

// Help shows how the verb is used.
func (roleGrantCommand) Help() string {
	return `Example:

    ithildin role grant DOCTOR --user doctor@example.com --client clinic`
}

// Run gives the role.
func (c *roleGrantCommand) Run(ctx context.Context) error {
	return administration.With(ctx, c.TargetFlags, func(admin administration.Administration) error {
		return c.change(ctx, admin, admin.GrantRole)
	})
}

type roleRevokeCommand struct {
	heldRole
	config.TargetFlags
}

// Help shows how the verb is used.
func (roleRevokeCommand) Help() string {
	return `Example:

    ithildin role revoke DOCTOR --user doctor@example.com --client clinic`
}

// Run takes the role.
func (c *roleRevokeCommand) Run(ctx context.Context) error {
	return administration.With(ctx, c.TargetFlags, func(admin administration.Administration) error {
		return c.change(ctx, admin, admin.RevokeRole)
	})
}

func (h heldRole) change(
	ctx context.Context, admin administration.Administration,
	change func(ctx context.Context, userID, roleID, clientID string) error,
) error {
	user, err := findUser(ctx, admin, h.User)
	if err != nil {
		return err
	}
	role, err := admin.FindRoleByName(ctx, h.Name)
	if err != nil {
		return database.Explain(err, "role "+h.Name)
	}
	return database.Explain(change(ctx, user.ID, role.ID, h.Client),
		fmt.Sprintf("client %q, or role %s there,", h.Client, h.Name))
}
