package mithril

import (
	"context"

	"ithildin/storage"
)

type namedScopeRow struct {
	ID    string `db:"id"`
	Name  string `db:"name"`
	Scope string `db:"scope"`
}

func (i *importer) clientTypes(ctx context.Context) error {
	line := i.report.line("client types")
	return each(ctx, i, line,
		`SELECT id::text AS id, coalesce(name, '') AS name, coalesce(scope, '') AS scope FROM client_types ORDER BY id`, nil,
		func(r namedScopeRow) (storage.ClientType, bool) {
			return storage.ClientType{ID: r.ID, Name: r.Name, Scope: i.scope(line, "client type "+r.Name, r.Scope)}, true
		}, func(ctx context.Context, batch []storage.ClientType) (int64, []storage.Refused, error) {
			return i.Store.ImportClientTypes(ctx, batch)
		}, func(t storage.ClientType) string { return "client type " + t.Name })
}

func (i *importer) roles(ctx context.Context) error {
	line := i.report.line("roles")
	return each(ctx, i, line, `SELECT id::text AS id, coalesce(name, '') AS name, coalesce(scope, '') AS scope
FROM roles ORDER BY id`, nil,
		func(r namedScopeRow) (storage.Role, bool) {
			return storage.Role{ID: r.ID, Name: r.Name, Scope: i.scope(line, "role "+r.Name, r.Scope)}, true
		}, func(ctx context.Context, batch []storage.Role) (int64, []storage.Refused, error) {
			return i.Store.ImportRoles(ctx, batch)
		}, func(r storage.Role) string { return "role " + r.Name })
}

type heldRoleRow struct {
	ID         string `db:"id"`
	UserID     string `db:"user_id"`
	RoleID     string `db:"role_id"`
	ClientID   string `db:"client_id"`
	InsertedAt int64  `db:"inserted_at"`
}

func (i *importer) userRoles(ctx context.Context) error {
	return i.heldRoles(ctx, "roles of users", false, `
SELECT id::text AS id, user_id::text AS user_id, role_id::text AS role_id, client_id::text AS client_id,
       `+epoch("inserted_at")+`
FROM user_roles ORDER BY id`)
}

func (i *importer) globalUserRoles(ctx context.Context) error {
	return i.heldRoles(ctx, "global roles of users", true, `
SELECT id::text AS id, user_id::text AS user_id, role_id::text AS role_id, '' AS client_id,
       `+epoch("inserted_at")+`
FROM global_user_roles ORDER BY id`)
}

func (i *importer) heldRoles(ctx context.Context, name string, everywhere bool, query string) error {
	return each(ctx, i, i.report.line(name), query, nil, func(r heldRoleRow) (storage.ImportedRole, bool) {
		return storage.ImportedRole{
			ID: r.ID, UserID: r.UserID, RoleID: r.RoleID, ClientID: r.ClientID, CreatedAt: at(r.InsertedAt),
		}, i.placed(r.UserID, r.ClientID)
	}, func(ctx context.Context, batch []storage.ImportedRole) (int64, []storage.Refused, error) {
		return i.Store.ImportHeldRoles(ctx, everywhere, batch)
	}, func(h storage.ImportedRole) string { return "role " + h.RoleID + " of user " + h.UserID })
}
