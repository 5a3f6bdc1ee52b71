package mithril

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"ithildin/provider/redirect"
	"ithildin/storage"
)

type clientRow struct {
	ID              string `db:"id"`
	Name            string `db:"name"`
	Settings        string `db:"settings"`
	PrivateSettings string `db:"priv_settings"`
	UserID          string `db:"user_id"`
	ClientTypeID    string `db:"client_type_id"`
	IsBlocked       bool   `db:"is_blocked"`
	BlockReason     string `db:"block_reason"`
	InsertedAt      int64  `db:"inserted_at"`
	UpdatedAt       int64  `db:"updated_at"`
}

func (i *importer) clients(ctx context.Context) error {
	line := i.report.line("clients")
	byType := i.report.line("clients with login_scope=client_type")
	preset, err := storage.NewClient("", storage.PresetMithril, time.Time{})
	if err != nil {
		return err
	}
	return each(ctx, i, line, `
SELECT id::text AS id, coalesce(name, '') AS name, coalesce(settings::text, '{}') AS settings,
       coalesce(priv_settings::text, '{}') AS priv_settings, coalesce(user_id::text, '') AS user_id,
       coalesce(client_type_id::text, '') AS client_type_id, coalesce(is_blocked, FALSE) AS is_blocked,
       coalesce(block_reason, '') AS block_reason, `+epoch("inserted_at")+`, `+epoch("updated_at")+`
FROM clients ORDER BY id`,
		nil, func(r clientRow) (storage.Client, bool) {
			client := preset
			client.ID, client.Name, client.TypeID, client.OwnerID = r.ID, r.Name, r.ClientTypeID, r.UserID
			client.Policy, client.CreatedAt, client.UpdatedAt = i.policy, at(r.InsertedAt), at(r.UpdatedAt)
			client.Settings, client.PrivateSettings = json.RawMessage(r.Settings), i.privateSettings(line, r)
			client.IsBlocked, client.BlockReason = r.IsBlocked, r.BlockReason
			client.Policy.Trusted = slices.Contains(i.TrustedClients, r.ID)
			if client.MaySignInBy("password") || client.MaySignInBy("digital_signature") {
				byType.Read++
			}
			if client.AccessType() == "" {
				line.note("client %s has no access_type: its tokens do not verify", r.ID)
			}
			return client, true
		}, func(ctx context.Context, batch []storage.Client) (int64, []storage.Refused, error) {
			n, rejected, err := i.Store.ImportClients(ctx, batch)
			for _, r := range rejected {
				i.refusedClients[batch[r.Row].ID] = true
			}
			return n, rejected, err
		}, func(c storage.Client) string { return "client " + c.ID })
}

// privateSettings cleans the broker's scope.
func (i *importer) privateSettings(line *Line, r clientRow) json.RawMessage {
	var settings map[string]any
	if json.Unmarshal([]byte(r.PrivateSettings), &settings) != nil {
		line.note("client %s: priv_settings are not of the known form", r.ID)
		return nil
	}
	if scope, given := settings["broker_scope"].(string); given {
		settings["broker_scope"] = strings.Join(i.scope(line, "broker "+r.ID, scope), " ")
	}
	encoded, err := json.Marshal(settings)
	if err != nil {
		return nil
	}
	return encoded
}

type connectionRow struct {
	ID          string `db:"id"`
	Secret      string `db:"secret"`
	RedirectURI string `db:"redirect_uri"`
	ClientID    string `db:"client_id"`
	ConsumerID  string `db:"consumer_id"`
	InsertedAt  int64  `db:"inserted_at"`
	UpdatedAt   int64  `db:"updated_at"`
}

// importedConnection is a connection with its one secret.
type importedConnection struct {
	connection storage.Connection
	stored     string
}

func (i *importer) connections(ctx context.Context) error {
	line := i.report.line("connections")
	return each(ctx, i, line, `
SELECT id::text AS id, coalesce(secret, '') AS secret, coalesce(redirect_uri, '') AS redirect_uri,
       client_id::text AS client_id, coalesce(consumer_id::text, '') AS consumer_id,
       `+epoch("inserted_at")+`, `+epoch("updated_at")+` FROM connections ORDER BY id`, nil,
		func(r connectionRow) (importedConnection, bool) {
			connection := storage.NewConnection(r.ID, r.ClientID, storage.PresetMithril, redirectURIs(line, r),
				at(r.InsertedAt))
			connection.ConsumerID, connection.UpdatedAt = r.ConsumerID, at(r.UpdatedAt)
			return importedConnection{*connection, r.Secret}, true
		}, func(ctx context.Context, batch []importedConnection) (int64, []storage.Refused, error) {
			return i.writeConnections(ctx, line, batch)
		}, func(c importedConnection) string { return "connection " + c.connection.ID })
}

// redirectURIs keeps a URI that could be matched. Any other would match nothing, or, empty or a mere slash, everything.
func redirectURIs(line *Line, r connectionRow) []string {
	uri := strings.TrimSpace(r.RedirectURI)
	if !redirect.Match(storage.RedirectMatchPrefix, uri, uri) {
		line.repair("connection %s: the redirect URI %.100q can't be matched and is left out; its secret works as an api-key",
			r.ID, uri)
		return nil
	}
	if strings.HasPrefix(uri, "http:") {
		line.note("connection %s: the redirect URI %.100s is http", r.ID, uri)
	}
	return []string{uri}
}

func (i *importer) writeConnections(
	ctx context.Context, line *Line, batch []importedConnection,
) (int64, []storage.Refused, error) {
	connections := make([]storage.Connection, len(batch))
	for n, c := range batch {
		connections[n] = c.connection
	}
	written, rejected, err := i.Store.ImportConnections(ctx, connections)
	if err != nil {
		return written, rejected, err
	}
	var secrets []storage.ImportedSecret
	for n, c := range batch {
		if slices.ContainsFunc(rejected, func(r storage.Refused) bool { return r.Row == n }) {
			continue
		}
		secret, err := i.Secrets(ctx, i, derived("secret", c.connection.ID), c.stored)
		if err != nil && ctx.Err() != nil {
			return written, rejected, err
		}
		if err != nil {
			line.refuse("the secret of connection "+c.connection.ID, err)
			continue
		}
		secret.CreatedAt = c.connection.CreatedAt
		secrets = append(secrets, storage.ImportedSecret{ConnectionSecret: secret, ConnectionID: c.connection.ID})
	}
	_, refusedSecrets, err := i.Store.ImportSecrets(ctx, secrets)
	for _, r := range refusedSecrets {
		line.refuse("the secret of connection "+secrets[r.Row].ConnectionID, r.Cause)
	}
	return written, rejected, err
}

type approvalRow struct {
	ID         string `db:"id"`
	Scope      string `db:"scope"`
	UserID     string `db:"user_id"`
	ClientID   string `db:"client_id"`
	InsertedAt int64  `db:"inserted_at"`
	UpdatedAt  int64  `db:"updated_at"`
}

func (i *importer) approvals(ctx context.Context) error {
	line := i.report.line("approvals")
	return each(ctx, i, line, `
SELECT id::text AS id, coalesce(scope, '') AS scope, user_id::text AS user_id, client_id::text AS client_id,
       `+epoch("inserted_at")+`, `+epoch("updated_at")+` FROM apps ORDER BY id`, nil,
		func(r approvalRow) (storage.Approval, bool) {
			return storage.Approval{
				ID: r.ID, UserID: r.UserID, ClientID: r.ClientID, Scope: i.scope(line, "approval "+r.ID, r.Scope),
				CreatedAt: at(r.InsertedAt), UpdatedAt: at(r.UpdatedAt),
			}, i.placed(r.UserID, r.ClientID)
		}, func(ctx context.Context, batch []storage.Approval) (int64, []storage.Refused, error) {
			return i.Store.ImportApprovals(ctx, batch)
		}, func(a storage.Approval) string { return fmt.Sprintf("approval %s of user %s", a.ID, a.UserID) })
}

// placed says whether the user and the client that a row hangs on are there.
func (i *importer) placed(userID, clientID string) bool {
	return !i.refusedUsers[userID] && !i.refusedClients[clientID]
}
