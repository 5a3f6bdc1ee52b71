package main

import (
	"context"
	"fmt"

	"ithildin/cmd/ithildin/internal/administration"
	"ithildin/cmd/ithildin/internal/config"
	"ithildin/cmd/ithildin/internal/console"
	"ithildin/storage"
)

type clientTypeCommand struct {
	Create clientTypeCreateCommand `cmd:"" help:"Create a client type."`
	List   clientTypeListCommand   `cmd:"" help:"List the client types."`
	Update clientTypeUpdateCommand `cmd:"" help:"Change a client type's name or scopes."`
	Delete clientTypeDeleteCommand `cmd:"" help:"Delete an unused client type."`
}

// clientTypes are what the verbs below work on.
var clientTypes = scopeSets[storage.ClientType]{
	noun: "client type", create: administration.Catalogue.CreateClientType, list: administration.Catalogue.ListClientTypes,
	find: administration.Catalogue.FindClientTypeByName, update: administration.Catalogue.UpdateClientType,
	delete: administration.Catalogue.DeleteClientType, question: "Delete the client type %s?",
	inUse: func(name string) error {
		return console.WithHint("ithildin client update ID --type takes a client out of it",
			fmt.Errorf("client type %s has clients", name))
	},
}

type clientTypeCreateCommand struct {
	Scope []string `required:"" sep:" " help:"Scopes that clients of the type may have, in one argument or several."`
	scopeSetCreation
}

// Help shows how the verb is used.
func (clientTypeCreateCommand) Help() string {
	return `Example:

    ithildin client-type create MSP --scope "patients:view patients:create"`
}

// Run stores the client type.
func (c *clientTypeCreateCommand) Run(ctx context.Context, terminal console.Terminal) error {
	return createScopeSet(ctx, terminal, clientTypes, c.scopeSetCreation, c.Scope)
}

type clientTypeListCommand struct {
	config.TargetFlags
	console.FormatFlag
}

// Help shows how the verb is used.
func (clientTypeListCommand) Help() string {
	return `Example:

    ithildin client-type list --format json`
}

// Run prints the client types in the order of names.
func (c *clientTypeListCommand) Run(ctx context.Context, terminal console.Terminal) error {
	return administration.With(ctx, c.TargetFlags, func(admin administration.Administration) error {
		return listScopeSets(ctx, terminal, clientTypes, admin, c.FormatFlag)
	})
}

type clientTypeUpdateCommand struct{ scopeSetChange }

// Help shows how the verb is used.
func (clientTypeUpdateCommand) Help() string {
	return `Example:

    ithildin client-type update MSP --scope "patients:view patients:create declarations:view"`
}

// Run stores the client type; running servers learn of it within a second.
func (c *clientTypeUpdateCommand) Run(ctx context.Context, terminal console.Terminal) error {
	return updateScopeSet(ctx, terminal, clientTypes, c.scopeSetChange)
}

type clientTypeDeleteCommand struct{ scopeSetDeletion }

// Help shows how the verb is used.
func (clientTypeDeleteCommand) Help() string {
	return `Example:

    ithildin client-type delete MSP`
}

// Run deletes the client type.
func (c *clientTypeDeleteCommand) Run(ctx context.Context, terminal console.Terminal) error {
	return deleteScopeSet(ctx, terminal, clientTypes, c.scopeSetDeletion)
}
