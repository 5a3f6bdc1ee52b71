package main

import (
	"cmp"
	"context"
	"errors"

	"ithildin/cmd/ithildin/internal/administration"
	"ithildin/cmd/ithildin/internal/config"
	"ithildin/cmd/ithildin/internal/console"
	"ithildin/cmd/ithildin/internal/database"
	"ithildin/storage"
)

// scopeSet is what a role and a client type are alike: scopes under a name.
type scopeSet struct {
	ID        string
	Name      string
	Scope     []string
	ScopeText string
	Position  int64
}

// scopeSets are the calls of the store by which the verbs of roles, or those of client types, work.
type scopeSets[T storage.Role | storage.ClientType] struct {
	noun   string
	create func(administration.Catalogue, context.Context, T) error
	list   func(administration.Catalogue, context.Context) ([]T, error)
	find   func(administration.Catalogue, context.Context, string) (*T, error)
	update func(administration.Catalogue, context.Context, T) error
	delete func(administration.Catalogue, context.Context, string) error
	// question is what delete asks, with %s for the name.
	question string
	// inUse explains why a set that is in use was not deleted.
	inUse func(name string) error
}

// scopeSetRow is a set as create and list print it.
type scopeSetRow struct {
	Name  string   `json:"name"`
	ID    string   `json:"id"`
	Scope []string `json:"scope"`
}

// scopeSetCreation is the command line of create, but for the scopes, whose help differs.
type scopeSetCreation struct {
	Name string `arg:"" help:"Name."`
	config.TargetFlags
	console.FormatFlag
}

// createScopeSet stores a new set and prints it.
func createScopeSet[T storage.Role | storage.ClientType](
	ctx context.Context, terminal console.Terminal, sets scopeSets[T], c scopeSetCreation, given []string,
) error {
	scope := splitScope(given)
	if err := errors.Join(checkText("the name", c.Name), checkScope(scope)); err != nil {
		return err
	}
	return administration.With(ctx, c.TargetFlags, func(admin administration.Administration) error {
		if err := warnOfUnknownScopes(ctx, terminal, admin, scope); err != nil {
			return err
		}
		set := scopeSet{ID: admin.NewID(), Name: c.Name, Scope: scope}
		if err := sets.create(admin, ctx, T(set)); err != nil {
			return database.Explain(err, sets.noun+" "+c.Name)
		}
		return console.PrintRecord(terminal.Out, c.FormatFlag, scopeSetRow{Name: set.Name, ID: set.ID, Scope: set.Scope})
	})
}

// listScopeSets prints the sets in the order of names.
func listScopeSets[T storage.Role | storage.ClientType](
	ctx context.Context, terminal console.Terminal, sets scopeSets[T], admin administration.Catalogue,
	format console.FormatFlag,
) error {
	listed, err := sets.list(admin, ctx)
	if err != nil {
		return err
	}
	rows := make([]scopeSetRow, len(listed))
	for i := range listed {
		set := scopeSet(listed[i])
		rows[i] = scopeSetRow{Name: set.Name, ID: set.ID, Scope: set.Scope}
	}
	return console.PrintRows(terminal.Out, format, rows)
}

// scopeSetChange is the command line of update.
type scopeSetChange struct {
	Name  string   `arg:"" help:"Name."`
	Scope []string `sep:" " help:"New scopes, in one argument or several; they replace all stored ones."`
	Named string   `name:"name" placeholder:"NAME" help:"New name."`
	config.TargetFlags
}

// updateScopeSet stores the set with the name and the scopes that were given.
func updateScopeSet[T storage.Role | storage.ClientType](
	ctx context.Context, terminal console.Terminal, sets scopeSets[T], c scopeSetChange,
) error {
	given := splitScope(c.Scope)
	return administration.With(ctx, c.TargetFlags, func(admin administration.Administration) error {
		found, err := sets.find(admin, ctx, c.Name)
		if err != nil {
			return database.Explain(err, sets.noun+" "+c.Name)
		}
		if err := errors.Join(checkText("the name", c.Named), checkScope(given)); err != nil {
			return err
		}
		set := scopeSet(*found)
		set.Name = cmp.Or(c.Named, set.Name)
		replaceList(&set.Scope, given)
		if err := warnOfUnknownScopes(ctx, terminal, admin, given); err != nil {
			return err
		}
		return database.Explain(sets.update(admin, ctx, T(set)), sets.noun+" "+set.Name)
	})
}

// scopeSetDeletion is the command line of delete.
type scopeSetDeletion struct {
	Name string `arg:"" help:"Name."`
	console.ConfirmFlag
	config.TargetFlags
}

// deleteScopeSet asks on a terminal and deletes the set.
func deleteScopeSet[T storage.Role | storage.ClientType](
	ctx context.Context, terminal console.Terminal, sets scopeSets[T], c scopeSetDeletion,
) error {
	return administration.With(ctx, c.TargetFlags, func(admin administration.Administration) error {
		found, err := sets.find(admin, ctx, c.Name)
		if err != nil {
			return database.Explain(err, sets.noun+" "+c.Name)
		}
		if err := c.Confirm(terminal, sets.question, c.Name); err != nil {
			return err
		}
		err = sets.delete(admin, ctx, scopeSet(*found).ID)
		if errors.Is(err, storage.ErrConflict) && sets.inUse != nil {
			return sets.inUse(c.Name)
		}
		return database.Explain(err, sets.noun+" "+c.Name)
	})
}
