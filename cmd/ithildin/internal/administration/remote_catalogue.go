package administration

import (
	"context"
	"net/url"

	"ithildin/adapters/admin"
	"ithildin/storage"
)

// remoteCatalogue implements Catalogue.
type remoteCatalogue struct{ *api }

const (
	rolesPath       = "roles"
	clientTypesPath = "client-types"
	detailTypesPath = "authorization-details-types"
)

func (r remoteCatalogue) sets(ctx context.Context, at string) ([]admin.ScopeSet, error) {
	list, err := page[admin.ScopeSet](ctx, r.api, path(at), url.Values{})
	return list.Items, err
}

func (r remoteCatalogue) findSet(ctx context.Context, at, name string) (*admin.ScopeSet, error) {
	sets, err := r.sets(ctx, at)
	if err != nil {
		return nil, err
	}
	for _, set := range sets {
		if set.Name == name {
			return &set, r.get(ctx, path(at, set.ID), &set) // which has the ETag
		}
	}
	return nil, storage.ErrNotFound
}

func (r remoteCatalogue) createSet(ctx context.Context, at, id, name string, scope []string) error {
	return r.create(ctx, path(at), admin.NewScopeSet{ID: id, Name: name, Scope: append([]string{}, scope...)}, nil)
}

func (r remoteCatalogue) updateSet(ctx context.Context, at, id, name string, scope []string) error {
	scope = append([]string{}, scope...)
	return r.change(ctx, path(at, id), admin.ScopeSetChange{Name: &name, Scope: &scope})
}

func roleOf(s admin.ScopeSet) storage.Role {
	return storage.Role{ID: s.ID, Name: s.Name, Scope: s.Scope}
}

func clientTypeOf(s admin.ScopeSet) storage.ClientType {
	return storage.ClientType{ID: s.ID, Name: s.Name, Scope: s.Scope}
}

// ListRoles implements Catalogue.
func (r remoteCatalogue) ListRoles(ctx context.Context) ([]storage.Role, error) {
	sets, err := r.sets(ctx, rolesPath)
	return each(sets, roleOf), err
}

// FindRoleByName implements Catalogue.
func (r remoteCatalogue) FindRoleByName(ctx context.Context, name string) (*storage.Role, error) {
	set, err := r.findSet(ctx, rolesPath, name)
	if err != nil {
		return nil, err
	}
	role := roleOf(*set)
	return &role, nil
}

// CreateRole implements Catalogue.
func (r remoteCatalogue) CreateRole(ctx context.Context, role storage.Role) error {
	return r.createSet(ctx, rolesPath, role.ID, role.Name, role.Scope)
}

// UpdateRole implements Catalogue.
func (r remoteCatalogue) UpdateRole(ctx context.Context, role storage.Role) error {
	return r.updateSet(ctx, rolesPath, role.ID, role.Name, role.Scope)
}

// DeleteRole implements Catalogue.
func (r remoteCatalogue) DeleteRole(ctx context.Context, id string) error {
	return r.remove(ctx, path(rolesPath, id))
}

// ListClientTypes implements Catalogue.
func (r remoteCatalogue) ListClientTypes(ctx context.Context) ([]storage.ClientType, error) {
	sets, err := r.sets(ctx, clientTypesPath)
	return each(sets, clientTypeOf), err
}

// FindClientTypeByName implements Catalogue.
func (r remoteCatalogue) FindClientTypeByName(ctx context.Context, name string) (*storage.ClientType, error) {
	set, err := r.findSet(ctx, clientTypesPath, name)
	if err != nil {
		return nil, err
	}
	clientType := clientTypeOf(*set)
	return &clientType, nil
}

// CreateClientType implements Catalogue.
func (r remoteCatalogue) CreateClientType(ctx context.Context, t storage.ClientType) error {
	return r.createSet(ctx, clientTypesPath, t.ID, t.Name, t.Scope)
}

// UpdateClientType implements Catalogue.
func (r remoteCatalogue) UpdateClientType(ctx context.Context, t storage.ClientType) error {
	return r.updateSet(ctx, clientTypesPath, t.ID, t.Name, t.Scope)
}

// DeleteClientType implements Catalogue.
func (r remoteCatalogue) DeleteClientType(ctx context.Context, id string) error {
	return r.remove(ctx, path(clientTypesPath, id))
}

// ListScopes implements Catalogue.
func (r remoteCatalogue) ListScopes(ctx context.Context) ([]storage.Scope, error) {
	list, err := page[admin.Scope](ctx, r.api, path("scopes"), url.Values{})
	return each(list.Items, func(s admin.Scope) storage.Scope { return storage.Scope(s) }), err
}

// PutScope implements Catalogue.
func (r remoteCatalogue) PutScope(ctx context.Context, s storage.Scope) error {
	return r.put(ctx, path("scopes", s.Name), admin.ScopeEntry{
		TitleUkrainian: s.TitleUkrainian, TitleEnglish: s.TitleEnglish, GovernedBy: s.GovernedBy, LoginForm: s.LoginForm,
		Assurance: s.Assurance,
	})
}

// DeleteScope implements Catalogue.
func (r remoteCatalogue) DeleteScope(ctx context.Context, name string) error {
	return r.remove(ctx, path("scopes", name))
}

// ListResources implements Catalogue.
func (r remoteCatalogue) ListResources(ctx context.Context) ([]storage.Resource, error) {
	list, err := page[admin.Resource](ctx, r.api, path("resources"), url.Values{})
	return each(list.Items, admin.Resource.Stored), err
}

// PutResource implements Catalogue.
func (r remoteCatalogue) PutResource(ctx context.Context, resource storage.Resource) error {
	return r.put(ctx, path("resources"), admin.NewResource(resource))
}

// DeleteResource implements Catalogue.
func (r remoteCatalogue) DeleteResource(ctx context.Context, identifier string) error {
	return r.remove(ctx, path("resources")+"?"+url.Values{"identifier": {identifier}}.Encode())
}

// ListDetailTypes implements Catalogue.
func (r remoteCatalogue) ListDetailTypes(ctx context.Context) ([]storage.DetailType, error) {
	list, err := page[admin.DetailType](ctx, r.api, path(detailTypesPath), url.Values{})
	return each(list.Items, admin.DetailType.Stored), err
}

// PutDetailType implements Catalogue.
func (r remoteCatalogue) PutDetailType(ctx context.Context, t storage.DetailType) error {
	return r.put(ctx, path(detailTypesPath), admin.NewDetailType(t))
}

// DeleteDetailType implements Catalogue.
func (r remoteCatalogue) DeleteDetailType(ctx context.Context, name string) error {
	return r.remove(ctx, path(detailTypesPath)+"?"+url.Values{"type": {name}}.Encode())
}
