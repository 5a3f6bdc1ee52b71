package storage

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/jmoiron/sqlx"
)

type clientRow struct {
	ID              string         `db:"id"`
	Name            string         `db:"name"`
	TypeID          sql.NullString `db:"client_type_id"`
	TypeName        sql.NullString `db:"type_name"`
	TypeScope       sql.NullString `db:"type_scope"`
	OwnerID         sql.NullString `db:"owner_id"`
	Scope           string         `db:"scope"`
	Policy          string         `db:"policy"`
	Metadata        string         `db:"metadata"`
	Settings        string         `db:"settings"`
	PrivateSettings string         `db:"private_settings"`
	IsBlocked       bool           `db:"is_blocked"`
	BlockReason     string         `db:"block_reason"`
	CreatedAt       seconds        `db:"created_at"`
	UpdatedAt       seconds        `db:"updated_at"`
	DocumentHost    sql.NullString `db:"document_host"`
	DocumentHash    []byte         `db:"document_hash"`
}

func (r clientRow) client() (*Client, error) {
	c := &Client{
		ID: r.ID, Name: r.Name, TypeID: r.TypeID.String, TypeName: r.TypeName.String,
		TypeScope: SplitScope(r.TypeScope.String),
		OwnerID:   r.OwnerID.String, Scope: SplitScope(r.Scope),
		Settings: json.RawMessage(r.Settings), PrivateSettings: json.RawMessage(r.PrivateSettings),
		IsBlocked: r.IsBlocked, BlockReason: r.BlockReason, CreatedAt: r.CreatedAt.time(), UpdatedAt: r.UpdatedAt.time(),
	}
	if r.DocumentHost.Valid {
		c.Document = &ClientDocument{Host: r.DocumentHost.String, Hash: r.DocumentHash}
	}
	// Of policies from before there was a choice.
	c.Policy.AssertionAudience, c.Policy.RefreshRetry = AssertionAudienceEndpoint, DefaultRefreshRetry
	c.Policy.LoginScope, c.Policy.FactorChange = LoginScopeClientType, FactorChangeSession
	c.Policy.AccessTokenTyp, c.Policy.Profile = AccessTokenTypAccess, ProfileBaseline
	if err := json.Unmarshal([]byte(r.Policy), &c.Policy); err != nil {
		return nil, fmt.Errorf("storage: policy of client %s: %w", r.ID, err)
	}
	if err := json.Unmarshal([]byte(r.Metadata), &c.Metadata); err != nil {
		return nil, fmt.Errorf("storage: metadata of client %s: %w", r.ID, err)
	}
	return c, nil
}

const selectClient = `
SELECT c.id, c.name, c.client_type_id, t.name AS type_name, t.scope AS type_scope, c.owner_id, c.scope, c.policy,
c.metadata,
       c.settings, c.private_settings, c.block_reason, c.created_at, c.updated_at,
       c.is_blocked OR b.host IS NOT NULL AS is_blocked, d.host AS document_host, d.hash AS document_hash
FROM clients c LEFT JOIN client_types t ON t.id = c.client_type_id
LEFT JOIN client_documents d ON d.client_id = c.id LEFT JOIN blocked_client_hosts b ON b.host = d.host `

// LoadClient reads a client with its type, its connections and their live secrets from the database, blocked ones too.
// Store.Client is the same from memory.
func (s *clientStore) LoadClient(ctx context.Context, id string) (*Client, error) {
	id, err := clientKey(id)
	if err != nil {
		return nil, err
	}
	var row clientRow
	if err := s.get(ctx, &row, selectClient+`WHERE c.id = $1`, id); err != nil {
		return nil, err
	}
	c, err := row.client()
	if err != nil {
		return nil, err
	}
	connections, err := s.connections.ListConnections(ctx, id)
	if err != nil {
		return nil, err
	}
	for i := range connections {
		c.Connections = append(c.Connections, &connections[i])
	}
	return c, nil
}

// ListClients reads a page of clients in the order of ids, beginning behind afterID, without their connections.
func (s *clientStore) ListClients(ctx context.Context, afterID string, limit int) ([]Client, error) {
	var rows []clientRow
	err := s.selectAll(ctx, &rows, selectClient+`WHERE c.id > $1 ORDER BY c.id LIMIT $2`, afterID, pageSize(limit))
	if err != nil {
		return nil, err
	}
	clients := make([]Client, len(rows))
	for i, r := range rows {
		c, err := r.client()
		if err != nil {
			return nil, err
		}
		clients[i] = *c
	}
	return clients, nil
}

// clientValues are the columns that a client is created and updated with, from name to name_folded, in the order of the
// statements and of the import.
func clientValues(c Client) ([]any, error) {
	typeID, err := uuidOrNull(c.TypeID)
	if err != nil {
		return nil, err
	}
	ownerID, err := uuidOrNull(c.OwnerID)
	if err != nil {
		return nil, err
	}
	policy, err := json.Marshal(c.Policy)
	if err != nil {
		return nil, fmt.Errorf("storage: policy: %w", err)
	}
	metadata, err := json.Marshal(c.Metadata)
	if err != nil {
		return nil, fmt.Errorf("storage: metadata: %w", err)
	}
	return []any{
		c.Name, typeID, ownerID, strings.Join(c.Scope, " "), string(policy), string(metadata),
		document(c.Settings), document(c.PrivateSettings), foldName(c.Name),
	}, nil
}

// CreateClient stores a client with its connections and their secrets. ErrConflict: the id, or a secret, is taken.
// ErrNotFound: no such client type, or no such consumer of a connection.
func (s *clientStore) CreateClient(ctx context.Context, c Client) error {
	id, err := clientKey(c.ID)
	if err != nil {
		return err
	}
	c.ID = id
	ctx = changing(ctx, EventClientCreated, clientSubject, c.ID)
	return unknownReference(s.changeConfiguration(ctx, func(tx *sqlx.Tx) error { return s.createClient(ctx, tx, c) }))
}

func (s *clientStore) createClient(ctx context.Context, tx *sqlx.Tx, c Client) error {
	if c.ID == "" || len(c.ID) > MaximumClientID {
		return fmt.Errorf("storage: a client id has 1 to %d bytes", MaximumClientID)
	}
	id, err := clientKey(c.ID)
	if err != nil {
		return err
	}
	c.ID = id
	values, err := clientValues(c)
	if err != nil {
		return err
	}
	err = write(ctx, tx, `
INSERT INTO clients (name, client_type_id, owner_id, scope, policy, metadata, settings, private_settings,
       name_folded, id, is_blocked, block_reason, created_at, updated_at, position)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)`,
		append(values[:len(values):len(values)], c.ID, c.IsBlocked, c.BlockReason, toSeconds(c.CreatedAt),
			toSeconds(c.UpdatedAt), s.newPosition())...)
	if err != nil {
		return err
	}
	for _, connection := range c.Connections {
		owned := *connection
		owned.ClientID = c.ID
		if err := createConnection(ctx, tx, owned); err != nil {
			return err
		}
	}
	return nil
}

// UpdateClient changes a client's name, type, owner, scopes, policy, metadata and settings; neither its block nor its
// connections.
func (s *clientStore) UpdateClient(ctx context.Context, c Client) error {
	ctx = changing(ctx, EventClientUpdated, clientSubject, c.ID)
	return unknownReference(s.changeConfiguration(ctx, func(tx *sqlx.Tx) error { return s.updateClient(ctx, tx, c) }))
}

func (s *clientStore) updateClient(ctx context.Context, tx *sqlx.Tx, c Client) error {
	id, err := clientKey(c.ID)
	if err != nil {
		return err
	}
	values, err := clientValues(c)
	if err != nil {
		return err
	}
	return writeRow(ctx, tx, `
UPDATE clients SET name = $1, client_type_id = $2, owner_id = $3, scope = $4, policy = $5, metadata = $6, settings = $7,
       private_settings = $8, name_folded = $9, updated_at = $10
WHERE id = $11`, append(values[:len(values):len(values)], s.nowSeconds(), id)...)
}

// DeleteClient removes a client with its connections, also those that it has as a consumer, and all that was issued to
// it: most of that before the client, in batches, so that a deletion that is cut short is repeated.
func (s *clientStore) DeleteClient(ctx context.Context, id string) error {
	return s.deleteClient(ctx, EventClientDeleted, id)
}

func (s *clientStore) deleteClient(ctx context.Context, kind, id string) error {
	id, err := clientKey(id)
	if err != nil {
		return err
	}
	if err := s.tokens.deleteTokensOfClient(ctx, id); err != nil {
		return err
	}
	ctx = changing(ctx, kind, clientSubject, id)
	return s.changeConfiguration(ctx, func(tx *sqlx.Tx) error {
		if err := writeRow(ctx, tx, `DELETE FROM clients WHERE id = $1`, id); err != nil {
			return err
		}
		return deleteTokensOf(ctx, tx, ofClient, id)
	})
}

// BlockClient bars a client; what was issued to it comes back when the block is lifted, but for sign-ins that are not
// complete. ErrConflict: blocked already.
func (s *clientStore) BlockClient(ctx context.Context, id, reason string) error {
	id, err := clientKey(id)
	if err != nil {
		return err
	}
	err = s.blockClient(changingBy(ctx, Event{Kind: EventClientBlocked, Details: because(reason)}, clientSubject, id), id,
		reason)
	if err != nil {
		return err
	}
	// After the block, which holds for them too, so that a client with many tokens is barred at once.
	return s.tokens.endKeptOfClient(ctx, id)
}

func (s *clientStore) blockClient(ctx context.Context, id, reason string) error {
	return s.changeConfiguration(ctx, func(tx *sqlx.Tx) error {
		err := writeRow(ctx, tx, `
UPDATE clients SET is_blocked = TRUE, block_reason = $2, updated_at = $3 WHERE id = $1 AND is_blocked = FALSE`,
			id, reason, s.nowSeconds())
		if errors.Is(err, ErrNotFound) {
			return conflictIfPresent(ctx, tx, `SELECT 1 FROM clients WHERE id = $1`, id)
		}
		return err
	})
}

// UnblockClient lifts a block.
func (s *clientStore) UnblockClient(ctx context.Context, id string) error {
	id, err := clientKey(id)
	if err != nil {
		return err
	}
	ctx = changing(ctx, EventClientUnblocked, clientSubject, id)
	return s.changeConfiguration(ctx, func(tx *sqlx.Tx) error {
		return writeRow(ctx, tx,
			`UPDATE clients SET is_blocked = FALSE, block_reason = '', updated_at = $2 WHERE id = $1`, id, s.nowSeconds())
	})
}

// SetClientBlock is SetUserBlock for a client: it ends nothing, also no sign-in that is not complete.
func (s *clientStore) SetClientBlock(ctx context.Context, id string, blocked bool, reason string) error {
	return s.Together(ctx, func(ctx context.Context) error {
		client, err := s.LoadClient(ctx, id)
		if err != nil || client.IsBlocked == blocked && client.BlockReason == reason {
			return err
		}
		event := Event{Kind: EventClientUpdated}
		switch {
		case blocked && !client.IsBlocked:
			event = Event{Kind: EventClientBlocked, Details: because(reason)}
		case !blocked && client.IsBlocked:
			event = Event{Kind: EventClientUnblocked}
		}
		ctx = changingBy(ctx, event, clientSubject, client.ID)
		return s.changeConfiguration(ctx, func(tx *sqlx.Tx) error {
			return writeRow(ctx, tx, `UPDATE clients SET is_blocked = $2, block_reason = $3, updated_at = $4 WHERE id = $1`,
				client.ID, blocked, reason, s.nowSeconds())
		})
	})
}

// DeactivateTokens ends everything that was issued to a client for its users, and its own opaque tokens. A JWT of its
// own (client_credentials) leaves no row to end and lives until it expires, unless its jti is revoked or the client is
// blocked. The codes and the first thousands of the others end with the event of the audit, the rest behind it, in
// batches: where an error cuts that short, a repetition goes on. ErrNotFound: no such client.
func (s *clientStore) DeactivateTokens(ctx context.Context, clientID string) error {
	clientID, err := clientKey(clientID)
	if err != nil {
		return err
	}
	recorded := changingBy(ctx, Event{Kind: EventTokensDeactivated, ClientID: clientID}, issuedToClientSubject, clientID)
	err = s.transaction(recorded, func(tx *sqlx.Tx) error {
		var one int64
		if err := tx.GetContext(ctx, &one, `SELECT 1 FROM clients WHERE id = $1`, clientID); err != nil {
			return err
		}
		return s.tokens.revokeTokensOfClient(ctx, tx, clientID)
	})
	if err != nil {
		return err
	}
	return s.tokens.endRestOfClient(ctx, clientID)
}
