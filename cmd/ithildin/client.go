package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"ithildin/cmd/ithildin/internal/administration"
	"ithildin/cmd/ithildin/internal/config"
	"ithildin/cmd/ithildin/internal/console"
	"ithildin/cmd/ithildin/internal/database"
	"ithildin/provider/clientauth"
	"ithildin/storage"
)

type clientCommand struct {
	Create       clientCreateCommand       `cmd:"" help:"Create a client with one connection."`
	List         clientListCommand         `cmd:"" help:"List clients."`
	Show         clientShowCommand         `cmd:"" help:"Show a client with its connections."`
	Update       clientUpdateCommand       `cmd:"" help:"Change a client."`
	Delete       clientDeleteCommand       `cmd:"" help:"Delete a client with its connections, approvals and tokens."`
	RotateSecret clientRotateSecretCommand `cmd:"" help:"Generate a new secret for a client with one connection."`
	Block        clientBlockCommand        `cmd:"" help:"Block a client; its tokens are inactive until it is unblocked."`
	Unblock      clientUnblockCommand      `cmd:"" help:"End a block."`
}

// clientArgument names a client.
type clientArgument struct {
	ID string `arg:"" help:"The client_id."`
}

type clientListCommand struct {
	After string `placeholder:"ID" help:"List clients after this client_id."`
	Limit int    `default:"100" help:"Maximum number of clients."`
	config.TargetFlags
	console.FormatFlag
}

// Help shows how the verb is used.
func (clientListCommand) Help() string {
	return `Example:

    ithildin client list --format json`
}

type clientRow struct {
	ID         string         `json:"client_id"`
	Name       string         `json:"name"`
	Type       string         `json:"type"`
	GrantTypes []string       `json:"grant_types"`
	Blocked    bool           `json:"blocked"`
	CreatedAt  console.Moment `json:"created_at"`
}

// Run prints a page of clients in the order of ids.
func (c *clientListCommand) Run(ctx context.Context, terminal console.Terminal) error {
	return administration.With(ctx, c.TargetFlags, func(admin administration.Administration) error {
		clients, err := admin.ListClients(ctx, c.After, c.Limit)
		if err != nil {
			return err
		}
		var rows []clientRow
		for _, client := range clients {
			rows = append(rows, clientRow{
				client.ID, client.Name, client.TypeName, client.Metadata.GrantTypes, client.IsBlocked,
				console.Moment(client.CreatedAt),
			})
		}
		return console.PrintRows(terminal.Out, c.FormatFlag, rows)
	})
}

type clientShowCommand struct {
	clientArgument
	config.TargetFlags
	console.FormatFlag
}

// Help shows how the verb is used.
func (clientShowCommand) Help() string {
	return `Example:

    ithildin client show clinic --format json`
}

type clientRecord struct {
	ID          string           `json:"client_id"`
	Name        string           `json:"name"`
	Type        string           `json:"type"`
	OwnerID     string           `json:"owner_id"`
	Scope       []string         `json:"scope"`
	AccessType  string           `json:"access_type"`
	BrokerScope string           `json:"broker_scope"`
	Metadata    storage.Metadata `json:"metadata"`
	Policy      storage.Policy   `json:"policy"`
	Blocked     bool             `json:"blocked"`
	BlockReason string           `json:"block_reason"`
	CreatedAt   console.Moment   `json:"created_at"`
	UpdatedAt   console.Moment   `json:"updated_at"`
	Connections []connectionRow  `json:"connections"`
}

// Run prints the client without its secrets, of which only hashes are stored.
func (c *clientShowCommand) Run(ctx context.Context, terminal console.Terminal) error {
	return administration.With(ctx, c.TargetFlags, func(admin administration.Administration) error {
		client, err := admin.LoadClient(ctx, c.ID)
		if err != nil {
			return database.Explain(err, "client "+c.ID)
		}
		connections := []connectionRow{}
		for _, connection := range client.Connections {
			connections = append(connections, newConnectionRow(connection))
		}
		return console.PrintRecord(terminal.Out, c.FormatFlag, clientRecord{
			ID: client.ID, Name: client.Name, Type: client.TypeName, OwnerID: client.OwnerID, Scope: client.Scope,
			AccessType: client.AccessType(), BrokerScope: client.BrokerScope(),
			Metadata: client.Metadata, Policy: client.Policy, Blocked: client.IsBlocked, BlockReason: client.BlockReason,
			CreatedAt: console.Moment(client.CreatedAt), UpdatedAt: console.Moment(client.UpdatedAt),
			Connections: connections,
		})
	})
}

type clientDeleteCommand struct {
	clientArgument
	console.ConfirmFlag
	config.TargetFlags
}

// Help shows how the verb is used.
func (clientDeleteCommand) Help() string {
	return `Example:

    ithildin client delete clinic`
}

// Run deletes the client.
func (c *clientDeleteCommand) Run(ctx context.Context, terminal console.Terminal) error {
	return administration.With(ctx, c.TargetFlags, func(admin administration.Administration) error {
		if err := c.Confirm(terminal, "Delete the client %s and all that was issued to it?", c.ID); err != nil {
			return err
		}
		return database.Explain(admin.DeleteClient(ctx, c.ID), "client "+c.ID)
	})
}

type clientBlockCommand struct {
	clientArgument
	Reason string `required:"" help:"Reason, for the audit."`
	config.TargetFlags
}

// Help shows how the verb is used.
func (clientBlockCommand) Help() string {
	return `Example:

    ithildin client block clinic --reason "contract ended"`
}

// Run blocks the client.
func (c *clientBlockCommand) Run(ctx context.Context) error {
	if err := checkText("--reason", c.Reason); err != nil {
		return err
	}
	return administration.With(ctx, c.TargetFlags, func(admin administration.Administration) error {
		err := admin.BlockClient(ctx, c.ID, c.Reason)
		if errors.Is(err, storage.ErrConflict) {
			return database.Explain(err, "a block of client "+c.ID)
		}
		return database.Explain(err, "client "+c.ID)
	})
}

type clientUnblockCommand struct {
	clientArgument
	config.TargetFlags
}

// Help shows how the verb is used.
func (clientUnblockCommand) Help() string {
	return `Example:

    ithildin client unblock clinic`
}

// Run lifts the block.
func (c *clientUnblockCommand) Run(ctx context.Context) error {
	return administration.With(ctx, c.TargetFlags, func(admin administration.Administration) error {
		return database.Explain(admin.UnblockClient(ctx, c.ID), "client "+c.ID)
	})
}

type clientRotateSecretCommand struct {
	clientArgument
	newSecretFlags
	config.TargetFlags
	config.SecretFlags
	console.FormatFlag
}

// Help shows how the verb is used.
func (clientRotateSecretCommand) Help() string {
	return `Example:

    ithildin client rotate-secret clinic --overlap 48h`
}

// Run prints the new secret, this once.
func (c *clientRotateSecretCommand) Run(ctx context.Context, terminal console.Terminal) error {
	return administration.WithSealable(ctx, c.TargetFlags, c.SecretFlags, func(admin administration.Administration) error {
		client, err := admin.LoadClient(ctx, c.ID)
		if err != nil {
			return database.Explain(err, "client "+c.ID)
		}
		if len(client.Connections) != 1 {
			return console.WithHint("ithildin connection rotate-secret does one of them",
				fmt.Errorf("client %s has %s", c.ID, console.Count(len(client.Connections), "connection")))
		}
		return c.rotate(ctx, terminal, admin, client, client.Connections[0], c.FormatFlag)
	})
}

// newSecretFlags say what becomes of the secrets of a connection that gets a new one.
type newSecretFlags struct {
	SecretFile string        `name:"new-secret-file" placeholder:"PATH" help:"@new_secret_file"`
	Sealed     bool          `help:"Also store it encrypted, for a client that is to change to client_secret_jwt."`
	Overlap    time.Duration `default:"24h" help:"How long the earlier secrets stay valid."`
	config.LegacySecretsFlag
}

type credentialsRow struct {
	ClientID     string `json:"client_id"`
	ConnectionID string `json:"connection_id"`
	Secret       string `json:"client_secret,omitempty"`
}

func (f newSecretFlags) rotate(
	ctx context.Context, terminal console.Terminal, admin administration.Administration, client *storage.Client,
	connection *storage.Connection, format console.FormatFlag,
) error {
	if !clientauth.HasSecret(client.Metadata.TokenEndpointAuthMethod) {
		return fmt.Errorf("client %s authenticates by %s and has no secret", client.ID,
			client.Metadata.TokenEndpointAuthMethod)
	}
	secret, err := readSecret(terminal, f.SecretFile, f.LegacySecretsFlag)
	if err != nil {
		return err
	}
	secret.Sealed = f.Sealed
	made, err := admin.RotateSecret(ctx, client, connection.ID, secret, f.Overlap)
	if err != nil {
		return err
	}
	return console.PrintRecord(terminal.Out, format, credentialsRow{client.ID, connection.ID, made})
}

// readSecret reads a secret from a file; without a file one is to be made.
func readSecret(
	terminal console.Terminal, file string, legacy config.LegacySecretsFlag,
) (secret administration.Secret, err error) {
	secret.Legacy = legacy
	if file != "" {
		secret.Given, err = terminal.ReadSecret(file, "Secret")
	}
	return secret, err
}
