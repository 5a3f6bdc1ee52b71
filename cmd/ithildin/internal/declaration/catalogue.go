package declaration

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"ithildin/provider/registration"
	"ithildin/storage"
)

// operatorScopes begins the name of each scope that is a right of operators.
const operatorScopes = "admin:"

// builtIn are the scopes that every database has from the start. They are never pruned.
func builtIn(name string) bool {
	return strings.HasPrefix(name, operatorScopes) || slices.Contains([]string{
		"openid", "profile", "email", "address", "phone", "offline_access",
	}, name)
}

// scope is an entry of the catalogue, under the names of scope list.
type scope struct {
	Name           string `json:"name"`
	TitleUkrainian string `json:"title_uk"`
	TitleEnglish   string `json:"title_en"`
	GovernedBy     string `json:"governed_by"`
	LoginForm      string `json:"login_form"`
	Assurance      string `json:"assurance"`
}

func (s scope) check() error {
	problems := []error{registration.ValidateScope(s.Name), checkTitles(s.TitleUkrainian, s.TitleEnglish)}
	for _, member := range []struct {
		name, value string
		known       []string
	}{
		{"governed_by", s.GovernedBy, []string{storage.GovernedByRole, storage.GovernedByConsent}},
		{"login_form", s.LoginForm, []string{
			storage.LoginFormPassword, storage.LoginFormPatient, storage.LoginFormSignature,
		}},
		{"assurance", s.Assurance, storage.Assurances},
	} {
		if !slices.Contains(member.known, member.value) {
			problems = append(problems, fmt.Errorf("%s is %q: want one of %s", member.name, member.value,
				strings.Join(member.known, ", ")))
		}
	}
	return errors.Join(problems...)
}

// compareScopes plans the scopes, and returns the removal of those that are not declared.
func (c *comparison) compareScopes(ctx context.Context) ([]change, error) {
	stored, err := c.admin.ListScopes(ctx)
	if err != nil {
		return nil, err
	}
	current := map[string]scope{}
	for _, s := range stored {
		current[s.Name], c.scopes[s.Name] = scope(s), true
	}
	declared := map[string]bool{}
	for _, entry := range c.file.Scopes {
		name, err := c.named(declared, entry, "scopes", "name")
		if err != nil {
			return nil, err
		}
		before, known := current[name]
		after := before
		if !known {
			after = scope{
				GovernedBy: storage.GovernedByRole, LoginForm: storage.LoginFormPassword, Assurance: storage.AssurancePassword,
			}
		}
		if err := errors.Join(decode(entry, &after), after.check()); err != nil {
			return nil, fmt.Errorf("scope %s: %w", name, err)
		}
		members, err := differences(before, after)
		if err != nil {
			return nil, err
		}
		c.scopes[name] = true
		c.add(change{createOrUpdate(known), "scope", name, members, func(ctx context.Context) (*Secret, error) {
			return nil, c.admin.PutScope(ctx, storage.Scope(after))
		}})
	}
	return prunable(c, c.file.Scopes != nil, "scope", stored, func(s storage.Scope) (string, bool) {
		return s.Name, !declared[s.Name] && !builtIn(s.Name)
	}, func(ctx context.Context, s storage.Scope) error { return c.admin.DeleteScope(ctx, s.Name) }), nil
}

// named returns the name of an entry, which no other entry of its list may have.
func (c *comparison) named(declared map[string]bool, entry json.RawMessage, list, member string) (string, error) {
	name, err := nameOf(entry, member)
	if err != nil {
		return "", fmt.Errorf("%s: %w", list, err)
	}
	if declared[name] {
		return "", fmt.Errorf("%s: %s is declared twice", list, name)
	}
	declared[name] = true
	return name, nil
}

func createOrUpdate(known bool) rune {
	if known {
		return update
	}
	return create
}

// prunable are the removals of a list's rows that are not declared, by name.
func prunable[T any](
	c *comparison, listed bool, kind string, rows []T, undeclared func(T) (name string, is bool),
	delete func(context.Context, T) error,
) (removals []change) {
	if !c.Prune || !listed {
		return nil
	}
	for _, row := range rows {
		if name, is := undeclared(row); is {
			removals = append(removals, change{remove, kind, name, nil, func(ctx context.Context) (*Secret, error) {
				return nil, delete(ctx, row)
			}})
		}
	}
	return removals
}

// scopeSet is a role or a client type: scopes under a name.
type scopeSet struct {
	Name  string   `json:"name"`
	Scope []string `json:"scope"`
}

// ofOperators says whether a set gives rights of operators. Such a set is never pruned: a file that does not know of it
// would take them from everybody who has them, whoever applies it among them.
func ofOperators(set storedSet) bool {
	return slices.ContainsFunc(set.Scope, func(name string) bool { return strings.HasPrefix(name, operatorScopes) })
}

// scopeSets are the calls that roles, or client types, are compared and stored by.
type scopeSets[T storage.Role | storage.ClientType] struct {
	list, kind string
	stored     []T
	create     func(context.Context, T) error
	update     func(context.Context, T) error
	delete     func(context.Context, string) error
}

// storedSet is what a role and a client type are alike.
type storedSet struct {
	ID        string
	Name      string
	Scope     []string
	ScopeText string
	Position  int64
}

// compareSets plans the sets, and returns the removal of those that are not declared.
func compareSets[T storage.Role | storage.ClientType](
	c *comparison, entries []json.RawMessage, sets scopeSets[T],
) ([]change, error) {
	current := map[string]storedSet{}
	for _, set := range sets.stored {
		current[storedSet(set).Name] = storedSet(set)
	}
	declared := map[string]bool{}
	for _, entry := range entries {
		name, err := c.named(declared, entry, sets.list, "name")
		if err != nil {
			return nil, err
		}
		row, known := current[name]
		before := scopeSet{row.Name, row.Scope}
		after := scopeSet{row.Name, slices.Clone(row.Scope)}
		if err := errors.Join(decode(entry, &after), registration.ValidateText(name), c.knowScopes(after.Scope)); err != nil {
			return nil, fmt.Errorf("%s %s: %w", sets.kind, name, err)
		}
		members, err := differences(before, after)
		if err != nil {
			return nil, err
		}
		row.Name, row.Scope, row.ScopeText = after.Name, after.Scope, strings.Join(after.Scope, " ")
		store := sets.update
		if !known {
			row.ID, store = c.admin.NewID(), sets.create
		}
		c.add(change{createOrUpdate(known), sets.kind, name, members, func(ctx context.Context) (*Secret, error) {
			return nil, store(ctx, T(row))
		}})
	}
	return prunable(c, entries != nil, sets.kind, sets.stored, func(set T) (string, bool) {
		return storedSet(set).Name, !declared[storedSet(set).Name] && !ofOperators(storedSet(set))
	}, func(ctx context.Context, set T) error { return sets.delete(ctx, storedSet(set).ID) }), nil
}

// knowScopes refuses scopes that are in no catalogue: a wrong letter would otherwise give nobody a right, silently.
func (c *comparison) knowScopes(names []string) error {
	for _, name := range names {
		if !c.scopes[name] {
			return fmt.Errorf("the scope %q is neither in the catalogue nor declared", name)
		}
	}
	return nil
}

func (c *comparison) compareClientTypes(ctx context.Context) ([]change, error) {
	stored, err := c.admin.ListClientTypes(ctx)
	if err != nil {
		return nil, err
	}
	for _, t := range stored {
		c.types[t.Name] = true
	}
	removals, err := compareSets(c, c.file.ClientTypes, scopeSets[storage.ClientType]{
		list: "client_types", kind: "client type", stored: stored,
		create: c.admin.CreateClientType, update: c.admin.UpdateClientType, delete: c.admin.DeleteClientType,
	})
	for _, entry := range c.file.ClientTypes {
		if name, err := nameOf(entry, "name"); err == nil {
			c.types[name] = true
		}
	}
	return removals, err
}

func (c *comparison) compareRoles(ctx context.Context) ([]change, error) {
	stored, err := c.admin.ListRoles(ctx)
	if err != nil {
		return nil, err
	}
	return compareSets(c, c.file.Roles, scopeSets[storage.Role]{
		list: "roles", kind: "role", stored: stored,
		create: c.admin.CreateRole, update: c.admin.UpdateRole, delete: c.admin.DeleteRole,
	})
}
