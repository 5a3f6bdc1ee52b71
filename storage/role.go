package storage

import (
	"context"
	"slices"
	"strings"

	"github.com/jmoiron/sqlx"
)

// Role names a set of scopes that its holders may grant.
type Role struct {
	ID    string
	Name  string
	Scope []string
	// ScopeText is the scope as it was written, with its blanks and repetitions. It counts while it says what Scope does.
	ScopeText string
	// Position says where the role stands in lists by the time of making, in microseconds. It is never written.
	Position int64
}

// namedScopeRow is a row of roles or client_types.
type namedScopeRow struct {
	ID       string `db:"id"`
	Name     string `db:"name"`
	Scope    string `db:"scope"`
	Position int64  `db:"position"`
}

const namedScopeColumns = `id, name, scope, position`

func (r namedScopeRow) role() Role {
	return Role{ID: r.ID, Name: r.Name, Scope: SplitScope(r.Scope), ScopeText: r.Scope, Position: r.Position}
}

// scopeText is a scope as a row holds it: the text, where that has these scopes.
func scopeText(scope []string, text string) string {
	if slices.Equal(scope, SplitScope(text)) {
		return text
	}
	return strings.Join(scope, " ")
}

// CreateRole stores a role. ErrConflict: the id or the name is taken.
func (s *roleStore) CreateRole(ctx context.Context, r Role) error {
	ctx = changing(ctx, EventRoleCreated, roleSubject, r.ID)
	return s.changeConfiguration(ctx, func(tx *sqlx.Tx) error {
		return write(ctx, tx, `INSERT INTO roles (id, name, scope, position) VALUES ($1, $2, $3, $4)`,
			r.ID, r.Name, scopeText(r.Scope, r.ScopeText), s.newPosition())
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
			id, r.Name, scopeText(r.Scope, r.ScopeText))
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
	if err := s.get(ctx, &row, `SELECT `+namedScopeColumns+` FROM roles WHERE name = $1`, name); err != nil {
		return nil, err
	}
	role := row.role()
	return &role, nil
}

// ListRoles reads every role in the order of names.
func (s *roleStore) ListRoles(ctx context.Context) ([]Role, error) {
	var rows []namedScopeRow
	if err := s.selectAll(ctx, &rows, `SELECT `+namedScopeColumns+` FROM roles ORDER BY name`); err != nil {
		return nil, err
	}
	roles := make([]Role, len(rows))
	for i, r := range rows {
		roles[i] = r.role()
	}
	return roles, nil
}
