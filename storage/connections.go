package storage

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"

	"github.com/jmoiron/sqlx"
)

type connectionRow struct {
	ID             string         `db:"id"`
	ClientID       string         `db:"client_id"`
	ConsumerID     sql.NullString `db:"consumer_id"`
	RedirectURIs   string         `db:"redirect_uris"`
	RedirectMatch  string         `db:"redirect_match"`
	RequireScope   bool           `db:"require_scope"`
	RefreshBoundTo string         `db:"refresh_bound_to"`
	CreatedAt      seconds        `db:"created_at"`
	UpdatedAt      seconds        `db:"updated_at"`
}

func (r connectionRow) connection() (Connection, error) {
	c := Connection{
		ID: r.ID, ClientID: r.ClientID, ConsumerID: r.ConsumerID.String, RedirectMatch: r.RedirectMatch,
		RequireScope: r.RequireScope, RefreshBoundTo: r.RefreshBoundTo,
		CreatedAt: r.CreatedAt.time(), UpdatedAt: r.UpdatedAt.time(),
	}
	if err := json.Unmarshal([]byte(r.RedirectURIs), &c.RedirectURIs); err != nil {
		return Connection{}, fmt.Errorf("storage: redirect URIs of connection %s: %w", r.ID, err)
	}
	return c, nil
}

const selectConnection = `
SELECT c.id, c.client_id, c.consumer_id, c.redirect_uris, c.redirect_match, c.require_scope, c.refresh_bound_to,
       c.created_at, c.updated_at
FROM connections c `

// ListConnections reads a client's connections with their live secrets, in the order of their making.
func (s *connectionStore) ListConnections(ctx context.Context, clientID string) ([]Connection, error) {
	clientID, err := clientKey(clientID)
	if err != nil {
		return nil, err
	}
	return s.connections(ctx,
		selectConnection+`WHERE c.client_id = $1 ORDER BY c.created_at, c.id`,
		selectSecret+`WHERE c.client_id = $1 AND `+liveSecret+` ORDER BY k.created_at DESC, k.id`, clientID)
}

// FindConnection reads a connection with its live secrets.
func (s *connectionStore) FindConnection(ctx context.Context, id string) (*Connection, error) {
	id, err := uuidKey(id)
	if err != nil {
		return nil, err
	}
	found, err := s.connections(ctx,
		selectConnection+`WHERE c.id = $1`,
		selectSecret+`WHERE c.id = $1 AND `+liveSecret+` ORDER BY k.created_at DESC, k.id`, id)
	if err != nil {
		return nil, err
	}
	if len(found) == 0 {
		return nil, ErrNotFound
	}
	return &found[0], nil
}

// connections reads connections and their secrets by the same key, in two statements.
func (s *connectionStore) connections(ctx context.Context, query, secretsQuery, key string) ([]Connection, error) {
	var rows []connectionRow
	if err := s.selectAll(ctx, &rows, query, key); err != nil {
		return nil, err
	}
	connections := make([]Connection, len(rows))
	if len(rows) == 0 {
		return connections, nil
	}
	var secrets []secretRow
	if err := s.selectAll(ctx, &secrets, secretsQuery, key, s.nowSeconds()); err != nil {
		return nil, err
	}
	for i, r := range rows {
		connection, err := r.connection()
		if err != nil {
			return nil, err
		}
		for _, secret := range secrets {
			if secret.ConnectionID == connection.ID {
				connection.Secrets = append(connection.Secrets, secret.secret())
			}
		}
		connections[i] = connection
	}
	return connections, nil
}

func encodeURIs(uris []string) (string, error) {
	if len(uris) == 0 {
		return "[]", nil
	}
	encoded, err := json.Marshal(uris)
	if err != nil {
		return "", fmt.Errorf("storage: redirect URIs: %w", err)
	}
	return string(encoded), nil
}

// CreateConnection stores a connection with its secrets. ErrConflict: the client has a connection for this consumer, or
// a secret is taken. ErrNotFound: no such client or consumer.
func (s *connectionStore) CreateConnection(ctx context.Context, c Connection) error {
	ctx = changing(ctx, EventConnectionCreated, connectionSubject, c.ID)
	return unknownReference(s.changeConfiguration(ctx, func(tx *sqlx.Tx) error {
		return createConnection(ctx, tx, c)
	}))
}

func createConnection(ctx context.Context, tx *sqlx.Tx, c Connection) error {
	uris, err := encodeURIs(c.RedirectURIs)
	if err != nil {
		return err
	}
	err = write(
		ctx,
		tx,
		`
INSERT INTO connections (id, client_id, consumer_id, redirect_uris, redirect_match, require_scope, refresh_bound_to,
       created_at, updated_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
		c.ID,
		c.ClientID,
		null(c.ConsumerID),
		uris,
		c.RedirectMatch,
		c.RequireScope,
		c.RefreshBoundTo,
		toSeconds(c.CreatedAt),
		toSeconds(c.UpdatedAt),
	)
	if err != nil {
		return err
	}
	for _, secret := range c.Secrets {
		if err := createSecret(ctx, tx, c.ID, secret); err != nil {
			return err
		}
	}
	return nil
}

// UpdateConnection changes a connection's consumer, redirect URIs and rules; not its client, nor its secrets.
func (s *connectionStore) UpdateConnection(ctx context.Context, c Connection) error {
	ctx = changing(ctx, EventConnectionUpdated, connectionSubject, c.ID)
	return unknownReference(s.changeConfiguration(ctx, func(tx *sqlx.Tx) error { return s.updateConnection(ctx, tx, c) }))
}

func (s *connectionStore) updateConnection(ctx context.Context, tx *sqlx.Tx, c Connection) error {
	id, err := uuidKey(c.ID)
	if err != nil {
		return err
	}
	uris, err := encodeURIs(c.RedirectURIs)
	if err != nil {
		return err
	}
	return writeRow(ctx, tx, `
UPDATE connections SET consumer_id = $2, redirect_uris = $3, redirect_match = $4, require_scope = $5,
refresh_bound_to = $6,
       updated_at = $7
WHERE id = $1`,
		id, null(c.ConsumerID), uris, c.RedirectMatch, c.RequireScope, c.RefreshBoundTo, s.nowSeconds())
}

// DeleteConnection removes a connection and its secrets. Refresh tokens that are bound to it are good for nothing then.
func (s *connectionStore) DeleteConnection(ctx context.Context, id string) error {
	id, err := uuidKey(id)
	if err != nil {
		return err
	}
	ctx = changing(ctx, EventConnectionDeleted, connectionSubject, id)
	return s.changeConfiguration(ctx, func(tx *sqlx.Tx) error {
		return writeRow(ctx, tx, `DELETE FROM connections WHERE id = $1`, id)
	})
}

// FindConnectionByKey reads the connection that an api-key is the secret of, without its secrets, in one statement.
func (s *connectionStore) FindConnectionByKey(ctx context.Context, key APIKeyProbe) (*Connection, error) {
	var row connectionRow
	err := s.get(ctx, &row, selectConnection+`
JOIN connection_secrets k ON k.connection_id = c.id
WHERE (k.hash = $1 OR k.lookup = $2) AND (k.expires_at = 0 OR k.expires_at > $3)`,
		bytes(key.Hash), bytes(key.Lookup), s.nowSeconds())
	if err != nil {
		return nil, err
	}
	connection, err := row.connection()
	if err != nil {
		return nil, err
	}
	return &connection, nil
}
