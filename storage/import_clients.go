package storage

import (
	"context"
	"strings"
)

var importClients = importStatement{
	insert: `INSERT INTO clients (name, client_type_id, owner_id, scope, policy, metadata, settings, private_settings,
       name_folded, id, is_blocked, block_reason, created_at, updated_at, position, imported)`,
	// The policy is what an operator changes here, setting by setting; it is the source's at first only.
	rule: `ON CONFLICT (id) DO UPDATE SET name = excluded.name,
       name_folded = excluded.name_folded, client_type_id = excluded.client_type_id,
       owner_id = excluded.owner_id, settings = excluded.settings, private_settings = excluded.private_settings,
       updated_at = excluded.updated_at, is_blocked = (clients.is_blocked OR excluded.is_blocked),
       block_reason = CASE WHEN clients.is_blocked THEN clients.block_reason ELSE excluded.block_reason END
WHERE clients.updated_at < excluded.updated_at OR (excluded.is_blocked AND NOT clients.is_blocked)`,
	width: 15, configuration: true,
}

// ImportClients writes clients without their connections.
func (s *importer) ImportClients(ctx context.Context, clients []Client) (int64, []Refused, error) {
	rows := make([][]any, len(clients))
	for i, c := range clients {
		values, err := clientValues(c)
		if err != nil {
			return 0, nil, err
		}
		rows[i] = append(values, c.ID, c.IsBlocked, c.BlockReason, toSeconds(c.CreatedAt), toSeconds(c.UpdatedAt),
			toMicroseconds(c.CreatedAt))
	}
	return s.importRows(ctx, importClients, rows)
}

var importConnections = importStatement{
	insert: `INSERT INTO connections (id, client_id, consumer_id, redirect_uris, redirect_match, require_scope,
       refresh_bound_to, created_at, updated_at, imported)`,
	rule: `ON CONFLICT (id) DO UPDATE SET consumer_id = excluded.consumer_id, redirect_uris = excluded.redirect_uris,
       updated_at = excluded.updated_at WHERE connections.updated_at < excluded.updated_at`,
	width: 9, configuration: true,
}

// ImportConnections writes connections without their secrets.
func (s *importer) ImportConnections(ctx context.Context, connections []Connection) (int64, []Refused, error) {
	rows := make([][]any, len(connections))
	for i, c := range connections {
		uris, err := encodeURIs(c.RedirectURIs)
		if err != nil {
			return 0, nil, err
		}
		rows[i] = []any{
			c.ID, c.ClientID, null(c.ConsumerID), uris, c.RedirectMatch, c.RequireScope, c.RefreshBoundTo,
			toSeconds(c.CreatedAt), toSeconds(c.UpdatedAt),
		}
	}
	return s.importRows(ctx, importConnections, rows)
}

// anotherSecret says that the source has another secret than the one that is stored.
const anotherSecret = `(connection_secrets.hash IS DISTINCT FROM excluded.hash
   OR connection_secrets.lookup IS DISTINCT FROM excluded.lookup
   OR (excluded.hash IS NULL AND excluded.lookup IS NULL
       AND connection_secrets.password_hash <> excluded.password_hash))`

var importSecrets = importStatement{
	insert: `INSERT INTO connection_secrets (id, connection_id, hash, password_hash, lookup, sealed, created_at)`,
	// The id is the connection's, so that another secret at the source takes the place of the one before. What an operator
	// has ended here stays ended.
	rule: `ON CONFLICT (id) DO UPDATE SET hash = excluded.hash, lookup = excluded.lookup, sealed = excluded.sealed,
       password_hash = CASE WHEN ` + anotherSecret + ` THEN excluded.password_hash
           ELSE connection_secrets.password_hash END,
       expires_at = CASE WHEN ` + anotherSecret + ` THEN 0 ELSE connection_secrets.expires_at END
WHERE ` + anotherSecret + ` OR (connection_secrets.sealed = '' AND excluded.sealed <> '')`,
	width: 7, unmarked: true, configuration: true,
}

// ImportedSecret is the secret of a connection.
type ImportedSecret struct {
	ConnectionSecret
	ConnectionID string
}

// ImportSecrets writes secrets of connections. One that another connection has is refused.
func (s *importer) ImportSecrets(ctx context.Context, secrets []ImportedSecret) (int64, []Refused, error) {
	rows := make([][]any, len(secrets))
	for i, k := range secrets {
		rows[i] = []any{k.ID, k.ConnectionID, bytes(k.Hash), k.PasswordHash, bytes(k.Lookup), k.Sealed,
			toSeconds(k.CreatedAt)}
	}
	return s.importRows(ctx, importSecrets, rows)
}

// HasSecretLookup says whether a weak secret is stored under that id already, so that it need not be hashed anew.
func (s *importer) HasSecretLookup(ctx context.Context, id string, lookup []byte) (bool, error) {
	var n int64
	err := s.get(ctx, &n, `SELECT count(*) FROM connection_secrets WHERE id = $1 AND lookup = $2`, id, lookup)
	return n > 0, err
}

var importApprovals = importStatement{
	insert: `INSERT INTO approvals (id, user_id, client_id, scope, created_at, updated_at, position, imported)`,
	rule: `ON CONFLICT (user_id, client_id) DO UPDATE SET scope = excluded.scope, updated_at = excluded.updated_at
WHERE approvals.updated_at < excluded.updated_at`,
	width: 7,
}

// ImportApprovals writes what users let clients have.
func (s *importer) ImportApprovals(ctx context.Context, approvals []Approval) (int64, []Refused, error) {
	rows := make([][]any, len(approvals))
	for i, a := range approvals {
		rows[i] = []any{a.ID, a.UserID, a.ClientID, strings.Join(a.Scope, " "), toSeconds(a.CreatedAt),
			toSeconds(a.UpdatedAt), toMicroseconds(a.CreatedAt)}
	}
	return s.importRows(ctx, importApprovals, rows)
}
