package main

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"ithildin/cmd/ithildin/internal/administration"
	"ithildin/cmd/ithildin/internal/config"
	"ithildin/cmd/ithildin/internal/console"
	"ithildin/cmd/ithildin/internal/database"
	"ithildin/provider/clientauth"
	"ithildin/storage"
)

type connectionCommand struct {
	Create       connectionCreateCommand       `cmd:"" help:"Add a connection to a client, with a secret of its own."`
	List         connectionListCommand         `cmd:"" help:"List the connections of a client."`
	Update       connectionUpdateCommand       `cmd:"" help:"Change a connection's redirect URIs and rules."`
	RotateSecret connectionRotateSecretCommand `cmd:"" help:"Generate a new secret for a connection."`
	Delete       connectionDeleteCommand       `cmd:"" help:"Delete a connection with its secrets."`
}

type connectionRow struct {
	ID             string   `json:"connection_id"`
	ConsumerID     string   `json:"consumer_id"`
	RedirectURIs   []string `json:"redirect_uris"`
	RedirectMatch  string   `json:"redirect_match"`
	RequireScope   bool     `json:"require_scope"`
	RefreshBoundTo string   `json:"refresh_bound_to"`
	Secrets        int      `json:"live_secrets"`
}

func newConnectionRow(c *storage.Connection) connectionRow {
	return connectionRow{
		c.ID, c.ConsumerID, c.RedirectURIs, c.RedirectMatch, c.RequireScope, c.RefreshBoundTo, len(c.Secrets),
	}
}

type connectionCreateCommand struct {
	ClientID    string   `arg:"" help:"The client."`
	Consumer    string   `placeholder:"ID" help:"@consumer"`
	Preset      string   `enum:"standard,ehealth,mithril" default:"standard" help:"@connection_preset"`
	RedirectURI []string `name:"redirect-uri" sep:"none" placeholder:"URI" help:"Redirect URI; may be repeated."`
	SecretFile  string   `name:"client-secret-file" placeholder:"PATH" help:"@client_secret_file"`
	config.TargetFlags
	config.SecretFlags
	config.LegacySecretsFlag
	console.FormatFlag
}

// Help shows how the verb is used.
func (connectionCreateCommand) Help() string {
	return `Example:

    ithildin connection create clinic --consumer mis --preset ehealth --redirect-uri https://mis.example/callback`
}

// Run stores the connection and prints a secret that it made, this once.
func (c *connectionCreateCommand) Run(ctx context.Context, terminal console.Terminal) error {
	return administration.WithSealable(ctx, c.TargetFlags, c.SecretFlags, func(admin administration.Administration) error {
		client, err := admin.LoadClient(ctx, c.ClientID)
		if err != nil {
			return database.Explain(err, "client "+c.ClientID)
		}
		if method := client.Metadata.TokenEndpointAuthMethod; !clientauth.HasSecret(method) {
			return fmt.Errorf("client %s authenticates by %s, and only a secret tells several connections apart", client.ID,
				method)
		}
		connection, err := newConnection(admin, c.ClientID, c.Preset, c.RedirectURI)
		if err != nil {
			return err
		}
		connection.ConsumerID = c.Consumer
		before := *client
		client.Connections = append(client.Connections, connection)
		if err := checkClientChange(&before, client); err != nil {
			return err
		}
		secret, err := readSecret(terminal, c.SecretFile, c.LegacySecretsFlag)
		if err != nil {
			return err
		}
		made, err := admin.AddConnection(ctx, client, secret)
		if err != nil {
			return database.Explain(err, "client "+c.ClientID+", its consumer, or a connection between them,")
		}
		return console.PrintRecord(terminal.Out, c.FormatFlag, credentialsRow{c.ClientID, connection.ID, made})
	})
}

type connectionListCommand struct {
	ClientID string `arg:"" help:"The client."`
	config.TargetFlags
	console.FormatFlag
}

// Help shows how the verb is used.
func (connectionListCommand) Help() string {
	return `Example:

    ithildin connection list clinic`
}

// Run prints the connections in the order of their making.
func (c *connectionListCommand) Run(ctx context.Context, terminal console.Terminal) error {
	return administration.With(ctx, c.TargetFlags, func(admin administration.Administration) error {
		client, err := admin.LoadClient(ctx, c.ClientID)
		if err != nil {
			return database.Explain(err, "client "+c.ClientID)
		}
		var rows []connectionRow
		for _, connection := range client.Connections {
			rows = append(rows, newConnectionRow(connection))
		}
		return console.PrintRows(terminal.Out, c.FormatFlag, rows)
	})
}

// connectionArgument names a connection.
type connectionArgument struct {
	ID string `arg:"" help:"The connection's id, as connection list shows it."`
}

type connectionUpdateCommand struct {
	connectionArgument
	RedirectURI    []string `name:"redirect-uri" sep:"none" placeholder:"URI" help:"@redirect_uri"`
	RedirectMatch  string   `enum:",exact,prefix" default:"" placeholder:"RULE" help:"@redirect_match"`
	RequireScope   *bool    `negatable:"" help:"Whether the exchange of a code through the legacy API requires a scope."`
	RefreshBoundTo string   `enum:",connection,client" default:"" placeholder:"WHOM" help:"@refresh_bound_to"`
	config.TargetFlags
}

// Help shows how the verb is used.
func (connectionUpdateCommand) Help() string {
	return `Example:

    ithildin connection update 0f7d3c52-1a7e-4d0b-8a51-3b1c6d9e2f44 --redirect-uri https://new.example/callback`
}

// Run stores the connection; running servers learn of it within a second.
func (c *connectionUpdateCommand) Run(ctx context.Context) error {
	var given []string
	replaceList(&given, c.RedirectURI)
	if err := checkRedirectURIs(given); err != nil {
		return err
	}
	return administration.With(ctx, c.TargetFlags, func(admin administration.Administration) error {
		connection, err := admin.FindConnection(ctx, c.ID)
		if err != nil {
			return database.Explain(err, "connection "+c.ID)
		}
		replaceList(&connection.RedirectURIs, c.RedirectURI)
		connection.RedirectMatch = cmp.Or(c.RedirectMatch, connection.RedirectMatch)
		connection.RefreshBoundTo = cmp.Or(c.RefreshBoundTo, connection.RefreshBoundTo)
		if c.RequireScope != nil {
			connection.RequireScope = *c.RequireScope
		}
		if err := checkConnection(ctx, admin, connection); err != nil {
			return err
		}
		return admin.UpdateConnection(ctx, *connection)
	})
}

// checkConnection validates the client as it would be with the changed connection.
func checkConnection(ctx context.Context, admin administration.Administration, connection *storage.Connection) error {
	client, err := admin.LoadClient(ctx, connection.ClientID)
	if err != nil {
		return database.Explain(err, "client "+connection.ClientID)
	}
	before := *client
	client.Connections = slices.Clone(client.Connections)
	for i, known := range client.Connections {
		if known.ID == connection.ID {
			client.Connections[i] = connection
		}
	}
	return checkClientChange(&before, client)
}

type connectionRotateSecretCommand struct {
	connectionArgument
	newSecretFlags
	config.TargetFlags
	config.SecretFlags
	console.FormatFlag
}

// Help shows how the verb is used.
func (connectionRotateSecretCommand) Help() string {
	return `Example:

    ithildin connection rotate-secret 0f7d3c52-1a7e-4d0b-8a51-3b1c6d9e2f44 --overlap 0s`
}

// Run prints the new secret, this once.
func (c *connectionRotateSecretCommand) Run(ctx context.Context, terminal console.Terminal) error {
	return administration.WithSealable(ctx, c.TargetFlags, c.SecretFlags, func(admin administration.Administration) error {
		connection, err := admin.FindConnection(ctx, c.ID)
		if err != nil {
			return database.Explain(err, "connection "+c.ID)
		}
		client, err := admin.LoadClient(ctx, connection.ClientID)
		if err != nil {
			return err
		}
		return c.rotate(ctx, terminal, admin, client, connection, c.FormatFlag)
	})
}

type connectionDeleteCommand struct {
	connectionArgument
	console.ConfirmFlag
	config.TargetFlags
}

// Help shows how the verb is used.
func (connectionDeleteCommand) Help() string {
	return `Example:

    ithildin connection delete 0f7d3c52-1a7e-4d0b-8a51-3b1c6d9e2f44`
}

// Run deletes the connection.
func (c *connectionDeleteCommand) Run(ctx context.Context, terminal console.Terminal) error {
	return administration.With(ctx, c.TargetFlags, func(admin administration.Administration) error {
		if err := c.Confirm(terminal, "Delete the connection %s with its secrets?", c.ID); err != nil {
			return err
		}
		return database.Explain(admin.DeleteConnection(ctx, c.ID), "connection "+c.ID)
	})
}
