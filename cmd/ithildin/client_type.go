package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"

	"ithildin/cmd/ithildin/internal/config"
	"ithildin/cmd/ithildin/internal/console"
	"ithildin/cmd/ithildin/internal/database"
	"ithildin/storage"
)

type clientTypeCommand struct {
	Create clientTypeCreateCommand `cmd:"" help:"Make a client type."`
	List   clientTypeListCommand   `cmd:"" help:"List the client types."`
	Update clientTypeUpdateCommand `cmd:"" help:"Change a client type's name or scopes."`
	Delete clientTypeDeleteCommand `cmd:"" help:"Delete a client type that no client has."`
}

type clientTypeCreateCommand struct {
	Name  string   `arg:"" help:"Its name."`
	Scope []string `required:"" sep:" " help:"The scopes that clients of the type may have at most, in one word or several."`
	config.DatabaseFlags
	console.FormatFlag
}

// Help shows how the verb is used.
func (clientTypeCreateCommand) Help() string {
	return `Example:

    ithildin client-type create MSP --scope "patients:view patients:create"`
}

// namedScopeRow is a client type or a role.
type namedScopeRow struct {
	Name  string   `json:"name"`
	ID    string   `json:"id"`
	Scope []string `json:"scope"`
}

func newNamedScopeRow(id, name string, scope []string) namedScopeRow {
	return namedScopeRow{Name: name, ID: id, Scope: scope}
}

// Run stores the client type.
func (c *clientTypeCreateCommand) Run(ctx context.Context, terminal console.Terminal) error {
	scope := splitScope(c.Scope)
	if err := errors.Join(checkText("the name", c.Name), checkScope(scope)); err != nil {
		return err
	}
	return database.WithStore(ctx, c.DatabaseFlags, func(store *storage.Store) error {
		if err := warnOfUnknownScopes(ctx, terminal, store, scope); err != nil {
			return err
		}
		clientType := storage.ClientType{ID: store.NewID(), Name: c.Name, Scope: scope}
		if err := store.CreateClientType(ctx, clientType); err != nil {
			return explain(err, "client type "+c.Name)
		}
		return console.PrintRecord(terminal.Out, c.FormatFlag, newNamedScopeRow(clientType.ID, clientType.Name, clientType.Scope))
	})
}

type clientTypeListCommand struct {
	config.DatabaseFlags
	console.FormatFlag
}

// Help shows how the verb is used.
func (clientTypeListCommand) Help() string {
	return `Example:

    ithildin client-type list --format json`
}

// Run prints the client types in the order of names.
func (c *clientTypeListCommand) Run(ctx context.Context, terminal console.Terminal) error {
	return database.WithStore(ctx, c.DatabaseFlags, func(store *storage.Store) error {
		types, err := store.ListClientTypes(ctx)
		if err != nil {
			return err
		}
		var rows []namedScopeRow
		for _, clientType := range types {
			rows = append(rows, newNamedScopeRow(clientType.ID, clientType.Name, clientType.Scope))
		}
		return console.PrintRows(terminal.Out, c.FormatFlag, rows)
	})
}

// namedScopeChange is what an update of a client type or a role changes.
type namedScopeChange struct {
	Name  string   `arg:"" help:"Its name."`
	Scope []string `sep:" " help:"The scopes that it has from now on, in one word or several."`
	Named string   `name:"name" placeholder:"NAME" help:"Another name."`
}

// apply puts what is given in place of the name and the scopes.
func (c namedScopeChange) apply(
	ctx context.Context, terminal console.Terminal, store *storage.Store, name *string, scope *[]string,
) error {
	given := splitScope(c.Scope)
	if err := errors.Join(checkText("the name", c.Named), checkScope(given)); err != nil {
		return err
	}
	*name = cmp.Or(c.Named, *name)
	replaceList(scope, given)
	return warnOfUnknownScopes(ctx, terminal, store, given)
}

type clientTypeUpdateCommand struct {
	namedScopeChange
	config.DatabaseFlags
}

// Help shows how the verb is used.
func (clientTypeUpdateCommand) Help() string {
	return `Example:

    ithildin client-type update MSP --scope "patients:view patients:create declarations:view"`
}

// Run stores the client type; running servers learn of it within a second.
func (c *clientTypeUpdateCommand) Run(ctx context.Context, terminal console.Terminal) error {
	return database.WithStore(ctx, c.DatabaseFlags, func(store *storage.Store) error {
		clientType, err := store.FindClientTypeByName(ctx, c.Name)
		if err != nil {
			return explain(err, "client type "+c.Name)
		}
		if err := c.apply(ctx, terminal, store, &clientType.Name, &clientType.Scope); err != nil {
			return err
		}
		return explain(store.UpdateClientType(ctx, *clientType), "client type "+clientType.Name)
	})
}

type clientTypeDeleteCommand struct {
	Name string `arg:"" help:"Its name."`
	console.ConfirmFlag
	config.DatabaseFlags
}

// Help shows how the verb is used.
func (clientTypeDeleteCommand) Help() string {
	return `Example:

    ithildin client-type delete MSP`
}

// Run deletes the client type.
func (c *clientTypeDeleteCommand) Run(ctx context.Context, terminal console.Terminal) error {
	return database.WithStore(ctx, c.DatabaseFlags, func(store *storage.Store) error {
		clientType, err := store.FindClientTypeByName(ctx, c.Name)
		if err != nil {
			return explain(err, "client type "+c.Name)
		}
		if err := c.Confirm(terminal, "Delete the client type %s?", c.Name); err != nil {
			return err
		}
		err = store.DeleteClientType(ctx, clientType.ID)
		if errors.Is(err, storage.ErrConflict) {
			return console.WithHint("ithildin client update ID --type takes a client out of it",
				fmt.Errorf("client type %s has clients", c.Name))
		}
		return explain(err, "client type "+c.Name)
	})
}
