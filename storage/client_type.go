package storage

import (
	"context"

	"github.com/jmoiron/sqlx"
)

// ClientType names the scopes that clients of a kind may have at most.
type ClientType struct {
	ID    string
	Name  string
	Scope []string
	// ScopeText and Position are those of a Role.
	ScopeText string
	Position  int64
}

func (r namedScopeRow) clientType() ClientType {
	return ClientType{ID: r.ID, Name: r.Name, Scope: SplitScope(r.Scope), ScopeText: r.Scope, Position: r.Position}
}

// CreateClientType stores a client type. ErrConflict: the id or the name is taken.
func (s *clientStore) CreateClientType(ctx context.Context, t ClientType) error {
	ctx = changing(ctx, EventClientTypeCreated, clientTypeSubject, t.ID)
	return s.changeConfiguration(ctx, func(tx *sqlx.Tx) error {
		return write(ctx, tx, `INSERT INTO client_types (id, name, scope, position) VALUES ($1, $2, $3, $4)`,
			t.ID, t.Name, scopeText(t.Scope, t.ScopeText), s.newPosition())
	})
}

// UpdateClientType changes a client type's name and scopes.
func (s *clientStore) UpdateClientType(ctx context.Context, t ClientType) error {
	id, err := uuidKey(t.ID)
	if err != nil {
		return err
	}
	ctx = changing(ctx, EventClientTypeUpdated, clientTypeSubject, id)
	return s.changeConfiguration(ctx, func(tx *sqlx.Tx) error {
		return writeRow(ctx, tx, `UPDATE client_types SET name = $2, scope = $3 WHERE id = $1`,
			id, t.Name, scopeText(t.Scope, t.ScopeText))
	})
}

// DeleteClientType removes a client type. ErrConflict: a client is of it.
func (s *clientStore) DeleteClientType(ctx context.Context, id string) error {
	id, err := uuidKey(id)
	if err != nil {
		return err
	}
	ctx = changing(ctx, EventClientTypeDeleted, clientTypeSubject, id)
	return stillReferenced(s.changeConfiguration(ctx, func(tx *sqlx.Tx) error {
		return writeRow(ctx, tx, `DELETE FROM client_types WHERE id = $1`, id)
	}))
}

// FindClientTypeByName reads a client type by its name.
func (s *clientStore) FindClientTypeByName(ctx context.Context, name string) (*ClientType, error) {
	name, err := textKey(name)
	if err != nil {
		return nil, err
	}
	var row namedScopeRow
	if err := s.get(ctx, &row, `SELECT `+namedScopeColumns+` FROM client_types WHERE name = $1`, name); err != nil {
		return nil, err
	}
	kind := row.clientType()
	return &kind, nil
}

// ListClientTypes reads every client type in the order of names.
func (s *clientStore) ListClientTypes(ctx context.Context) ([]ClientType, error) {
	var rows []namedScopeRow
	if err := s.selectAll(ctx, &rows, `SELECT `+namedScopeColumns+` FROM client_types ORDER BY name`); err != nil {
		return nil, err
	}
	types := make([]ClientType, len(rows))
	for i, r := range rows {
		types[i] = r.clientType()
	}
	return types, nil
}
