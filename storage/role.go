package storage

import (
	"context"
	"strings"

	"github.com/jmoiron/sqlx"
)

// Role names a set of scopes that its holders may grant.
type Role struct {
	ID    string
	Name  string
	Scope []string
}

// namedScopeRow is a row of roles or client_types.
type namedScopeRow struct {
	ID    string `db:"id"`
	Name  string `db:"name"`
	Scope string `db:"scope"`
}

// CreateRole stores a role. ErrConflict: the id or the name is taken.
func (s *roleStore) CreateRole(ctx context.Context, r Role) error {
	ctx = changing(ctx, EventRoleCreated, roleSubject, r.ID)
	return s.changeConfiguration(ctx, func(tx *sqlx.Tx) error {
		return write(ctx, tx, `INSERT INTO roles (id, name, scope) VALUES ($1, $2, $3)`,
			r.ID, r.Name, strings.Join(r.Scope, " "))
	})
}

// UpdateRole changes a role's name and scopes. Live opaque tokens of its holders that have a scope which it loses end.
func (s *roleStore) UpdateRole(ctx context.Context, r Role) error {
	id, err := uuidKey(r.ID)
	if err != nil {
		return err
	}
	ctx = changing(ctx, EventRoleUpdated, roleSubject, id)
	return s.changeConfiguration(ctx, func(tx *sqlx.Tx) error {
		if err := s.endTokensOfHolders(ctx, tx, id, r.Scope); err != nil {
			return err
		}
		return writeRow(ctx, tx, `UPDATE roles SET name = $2, scope = $3 WHERE id = $1`,
			id, r.Name, strings.Join(r.Scope, " "))
	})
}

// DeleteRole removes a role, from its holders too, whose live opaque tokens with a scope of it end.
func (s *roleStore) DeleteRole(ctx context.Context, id string) error {
	id, err := uuidKey(id)
	if err != nil {
		return err
	}
	ctx = changing(ctx, EventRoleDeleted, roleSubject, id)
	return s.changeConfiguration(ctx, func(tx *sqlx.Tx) error {
		if err := s.endTokensOfHolders(ctx, tx, id, nil); err != nil {
			return err
		}
		return writeRow(ctx, tx, `DELETE FROM roles WHERE id = $1`, id)
	})
}

// FindRoleByName reads a role by its name.
func (s *roleStore) FindRoleByName(ctx context.Context, name string) (*Role, error) {
	name, err := textKey(name)
	if err != nil {
		return nil, err
	}
	var row namedScopeRow
	if err := s.get(ctx, &row, `SELECT id, name, scope FROM roles WHERE name = $1`, name); err != nil {
		return nil, err
	}
	return &Role{ID: row.ID, Name: row.Name, Scope: SplitScope(row.Scope)}, nil
}

// ListRoles reads every role in the order of names.
func (s *roleStore) ListRoles(ctx context.Context) ([]Role, error) {
	var rows []namedScopeRow
	if err := s.selectAll(ctx, &rows, `SELECT id, name, scope FROM roles ORDER BY name`); err != nil {
		return nil, err
	}
	roles := make([]Role, len(rows))
	for i, r := range rows {
		roles[i] = Role{ID: r.ID, Name: r.Name, Scope: SplitScope(r.Scope)}
	}
	return roles, nil
}
