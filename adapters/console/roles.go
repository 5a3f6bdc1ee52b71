package console

import (
	"context"
	"slices"
	"strings"

	"ithildin/provider/operator"
	"ithildin/storage"
)

// scopeSet is a role or a client type: a name for a set of scopes.
type scopeSet struct {
	ID, Name string
	Scope    []string
}

// scopeSets are the pages of roles, or of client types.
type scopeSets struct {
	path  string         // below Root, and the prefix of the texts
	right operator.Right // to change one
	list  func(*visit) ([]scopeSet, error)
	// used is how many hold a role, or are of a type, with some of them by name.
	used   func(*visit, scopeSet) (int64, []string, error)
	create func(context.Context, *storage.Store, scopeSet) error
	update func(context.Context, *storage.Store, scopeSet) error
	remove func(context.Context, *storage.Store, scopeSet) error
}

// allScopeSets are both kinds.
func allScopeSets() []scopeSets {
	return []scopeSets{
		{
			path: "roles", right: operator.Users, list: listRoles, used: holdersOf,
			create: func(ctx context.Context, s *storage.Store, set scopeSet) error {
				return s.CreateRole(ctx, storage.Role{ID: set.ID, Name: set.Name, Scope: set.Scope})
			},
			update: func(ctx context.Context, s *storage.Store, set scopeSet) error {
				return s.UpdateRole(ctx, storage.Role{ID: set.ID, Name: set.Name, Scope: set.Scope})
			},
			remove: func(ctx context.Context, s *storage.Store, set scopeSet) error { return s.DeleteRole(ctx, set.ID) },
		},
		{
			path: "client-types", right: operator.Clients, list: listClientTypes, used: clientsOf,
			create: func(ctx context.Context, s *storage.Store, set scopeSet) error {
				return s.CreateClientType(ctx, storage.ClientType{ID: set.ID, Name: set.Name, Scope: set.Scope})
			},
			update: func(ctx context.Context, s *storage.Store, set scopeSet) error {
				return s.UpdateClientType(ctx, storage.ClientType{ID: set.ID, Name: set.Name, Scope: set.Scope})
			},
			remove: func(ctx context.Context, s *storage.Store, set scopeSet) error {
				return s.DeleteClientType(ctx, set.ID)
			},
		},
	}
}

func listRoles(v *visit) ([]scopeSet, error) {
	roles, err := v.store.ListRoles(v.r.Context())
	sets := make([]scopeSet, len(roles))
	for i, role := range roles {
		sets[i] = scopeSet{role.ID, role.Name, role.Scope}
	}
	return sets, err
}

func listClientTypes(v *visit) ([]scopeSet, error) {
	types, err := v.store.ListClientTypes(v.r.Context())
	sets := make([]scopeSet, len(types))
	for i, t := range types {
		sets[i] = scopeSet{t.ID, t.Name, t.Scope}
	}
	return sets, err
}

// mostNamed bounds whom a page names of all whom a change concerns.
const mostNamed = 10

// holdersOf counts who holds a role, for clients and everywhere, and names some of them.
func holdersOf(v *visit, set scopeSet) (count int64, names []string, err error) {
	for _, everywhere := range []bool{true, false} {
		_, total, err := v.store.PageOfHeldRoles(v.r.Context(), everywhere, storage.HeldRoleFilter{RoleID: set.ID},
			storage.Page{Size: 1})
		if err != nil {
			return 0, nil, err
		}
		count += total.Entries
	}
	users, _, err := v.store.PageOfUsers(v.r.Context(), storage.UserFilter{RoleID: set.ID},
		storage.Page{Size: mostNamed + 1})
	for _, user := range users {
		names = append(names, user.Email)
	}
	return count, names, err
}

func clientsOf(v *visit, set scopeSet) (count int64, names []string, err error) {
	clients, total, err := v.store.PageOfClients(v.r.Context(), storage.ClientFilter{TypeID: set.ID},
		storage.Page{Size: mostNamed + 1})
	for _, client := range clients {
		names = append(names, client.Name)
	}
	return total.Entries, names, err
}

// find reads the one that the path names.
func (s scopeSets) find(v *visit) (scopeSet, error) {
	sets, err := s.list(v)
	if err != nil {
		return scopeSet{}, err
	}
	at := slices.IndexFunc(sets, func(set scopeSet) bool { return set.ID == v.parameter("id") })
	if at < 0 {
		return scopeSet{}, storage.ErrNotFound
	}
	return sets[at], nil
}

func (s scopeSets) showAll(v *visit) error {
	sets, err := s.list(v)
	if err != nil {
		return err
	}
	t := &table{
		Label: v.T(s.path + ".title"), Empty: v.T(s.path + ".empty"),
		Columns: []string{v.T("clients.name"), v.T("token.scope")},
		Count:   v.T("list.count", "n", number(int64(len(sets)))),
	}
	for _, set := range sets {
		t.Rows = append(t.Rows, []cell{to(set.Name, address(s.path, set.ID)), text(v.T("scopes.n", "n",
			number(int64(len(set.Scope)))))})
	}
	content := &screen{Lead: v.T(s.path + ".lead"), Sections: []section{{ID: "sets", Table: t}}}
	if v.operator.Has(s.right) {
		content.Actions = []link{{v.T("action.create-" + s.path + ".link"), address("create-" + s.path)}}
	}
	return show(v, v.T(s.path+".title"), content)
}

func (s scopeSets) showOne(v *visit) error {
	set, err := s.find(v)
	if err != nil {
		return err
	}
	used, _, err := s.used(v, set)
	if err != nil {
		return err
	}
	usedBy := to(number(used), address("people")+"?role="+set.ID)
	if s.path != "roles" {
		usedBy.Href = address("clients") + "?type=" + set.ID
	}
	content := &screen{
		Crumbs: []link{{v.T(s.path + ".title"), address(s.path)}},
		Facts: []fact{
			{v.T("person.id"), code(set.ID)}, {v.T(s.path + ".used"), usedBy}, {v.T("token.scope"), words(set.Scope)},
		},
	}
	if v.operator.Has(s.right) {
		for _, name := range []string{"change-", "delete-"} {
			name += s.path
			content.Actions = append(content.Actions, link{v.T("action." + name + ".link"), address(s.path, set.ID, name)})
		}
	}
	return show(v, set.Name, content)
}

// actions are those on roles, or client types.
func (s scopeSets) actions() []action {
	return []action{
		{path: "create-" + s.path, name: "create-" + s.path, right: s.right, ask: s.askCreate},
		{path: s.path + "/{id}/change-" + s.path, name: "change-" + s.path, right: s.right, ask: s.askChange},
		{path: s.path + "/{id}/delete-" + s.path, name: "delete-" + s.path, right: s.right, ask: s.askDelete},
	}
}

// form are the fields of a set, as they were sent or as they are.
func (s scopeSets) form(v *visit, now scopeSet) ([]field, scopeSet) {
	wanted := now
	name, scope := now.Name, strings.Join(now.Scope, "\n")
	if v.r.PostForm.Has("name") {
		name, scope = strings.TrimSpace(v.r.PostForm.Get("name")), v.r.PostForm.Get("scope")
		wanted.Name, wanted.Scope = name, storage.SplitScope(strings.Join(strings.Fields(scope), " "))
	}
	return []field{
		{Name: "name", Label: v.T("clients.name"), Type: "text", Value: name, Required: true},
		{Name: "scope", Label: v.T("token.scope"), Hint: v.T("scopes.hint"), Type: "textarea", Value: scope},
	}, wanted
}

// check is what is wrong with a set, and whether the operator may make it: neither before nor after it may have rights
// that the operator has not.
func (s scopeSets) check(v *visit, before, after scopeSet) error {
	switch {
	case after.Name == "" || len(after.Name) > longestFilter:
		return &formProblem{"scopes.no_name", "name"}
	case slices.ContainsFunc(after.Scope, func(name string) bool { return !isScope(name) }):
		return &formProblem{"scopes.wrong", "scope"}
	case len(v.operator.Beyond(append(slices.Clone(before.Scope), after.Scope...))) > 0:
		return &formProblem{"action.beyond", "scope"}
	case len(operator.RightsOf(append(slices.Clone(before.Scope), after.Scope...))) > 0 && !v.isFresh():
		return errNotFresh
	}
	return nil
}

// isScope holds a name to the characters of RFC 6749 3.3.
func isScope(name string) bool {
	return !strings.ContainsFunc(name, func(r rune) bool { return r <= ' ' || r > '~' || r == '"' || r == '\\' })
}

func (s scopeSets) askCreate(v *visit) (*question, error) {
	fields, wanted := s.form(v, scopeSet{ID: v.store.NewID()})
	q := &question{Subject: v.T(s.path + ".title"), Back: address(s.path), Fields: fields}
	q.do = withoutResult(func(ctx context.Context) error {
		if err := s.check(v, scopeSet{}, wanted); err != nil {
			return err
		}
		return s.create(ctx, v.store, wanted)
	})
	return q, nil
}

// askChange shows what a change adds and takes away, and whom it concerns, before it is made.
func (s scopeSets) askChange(v *visit) (*question, error) {
	now, err := s.find(v)
	if err != nil {
		return nil, err
	}
	used, names, err := s.used(v, now)
	if err != nil {
		return nil, err
	}
	fields, wanted := s.form(v, now)
	q := &question{Subject: now.Name, Back: address(s.path, now.ID), Fields: fields}
	q.check = func() error { return s.check(v, now, wanted) }
	q.preview = func() []fact {
		return []fact{
			{v.T("scopes.adds"), words(without(wanted.Scope, now.Scope))},
			{v.T("scopes.takes"), words(without(now.Scope, wanted.Scope))},
			{v.T(s.path + ".used"), text(number(used))}, {v.T("change.who"), named(v, names)},
		}
	}
	q.do = withoutResult(func(ctx context.Context) error { return s.update(ctx, v.store, wanted) })
	return q, nil
}

func (s scopeSets) askDelete(v *visit) (*question, error) {
	set, err := s.find(v)
	if err != nil {
		return nil, err
	}
	used, names, err := s.used(v, set)
	q := &question{
		Subject: set.Name, Back: address(s.path, set.ID), Fresh: true, After: address(s.path),
		Facts: []fact{
			{v.T(s.path + ".used"), text(number(used))}, {v.T("change.who"), named(v, names)},
			{v.T("scopes.takes"), words(set.Scope)},
		},
	}
	switch {
	case len(v.operator.Beyond(set.Scope)) > 0:
		q.Refused = "action.beyond"
	case s.path != "roles" && used > 0:
		q.Refused = "scopes.in_use"
	}
	q.do = withoutResult(func(ctx context.Context) error { return s.remove(ctx, v.store, set) })
	return q, err
}

// named are those whom a change concerns, or the first of them.
func named(v *visit, names []string) cell {
	if len(names) > mostNamed {
		return words(names[:mostNamed]).with(v.T("change.and_others"))
	}
	return words(names)
}

// without are the names of one list that another has not.
func without(names, others []string) []string {
	return slices.DeleteFunc(slices.Clone(names), func(name string) bool { return slices.Contains(others, name) })
}

// showScopes lists the catalogue: what a person is shown of a scope, and the sign-in that it needs.
func showScopes(v *visit) error {
	scopes, err := v.store.ListScopes(v.r.Context())
	if err != nil {
		return err
	}
	t := &table{Label: v.T("scopes.title"), Empty: v.T("scopes.empty"), Columns: []string{
		v.T("clients.name"), v.T("scopes.shown"), v.T("scopes.governed"), v.T("scopes.sign_in"),
	}}
	for _, scope := range scopes {
		title := text(scope.TitleUkrainian).with(scope.TitleEnglish)
		t.Rows = append(t.Rows, []cell{
			code(scope.Name), title, text(v.text.or("scopes.governed."+scope.GovernedBy, scope.GovernedBy)),
			text(v.text.or("acr."+scope.Assurance, scope.Assurance)),
		})
	}
	return show(v, v.T("scopes.title"), &screen{Lead: v.T("scopes.lead"), Sections: []section{{ID: "scopes", Table: t}}})
}
