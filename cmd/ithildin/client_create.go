package main

import (
	"cmp"
	"context"
	"errors"
	"slices"

	"ithildin/cmd/ithildin/internal/administration"
	"ithildin/cmd/ithildin/internal/config"
	"ithildin/cmd/ithildin/internal/console"
	"ithildin/cmd/ithildin/internal/database"
	"ithildin/provider/clientauth"
	"ithildin/storage"
)

type clientCreateCommand struct {
	ID          string   `placeholder:"ID" help:"The client_id; default: a new UUID."`
	Preset      string   `enum:"standard,ehealth,mithril" default:"standard" help:"@preset"`
	OwnerID     string   `placeholder:"UUID" help:"The user who owns it."`
	RedirectURI []string `name:"redirect-uri" sep:"none" placeholder:"URI" help:"Redirect URI; may be repeated."`
	SecretFile  string   `name:"client-secret-file" placeholder:"PATH" help:"@client_secret_file"`
	clientFields
	config.TargetFlags
	config.SecretFlags
	config.LegacySecretsFlag
	console.FormatFlag
}

// Help shows how the verb is used.
func (clientCreateCommand) Help() string {
	return `Example:

    ithildin client create --name Clinic --redirect-uri https://clinic.example/callback --scope "openid profile"

    ithildin client create --id app --name App --auth-method none --scope openid --redirect-uri http://127.0.0.1/cb

    ithildin client create --id nightly --name "Nightly job" --grant-type client_credentials`
}

// Run stores the client and prints a secret that it made, this once.
func (c *clientCreateCommand) Run(ctx context.Context, terminal console.Terminal) error {
	return administration.WithSealable(ctx, c.TargetFlags, c.SecretFlags, func(admin administration.Administration) error {
		client, err := c.client(ctx, admin)
		if err != nil {
			return err
		}
		var secret administration.Secret
		if clientauth.HasSecret(client.Metadata.TokenEndpointAuthMethod) {
			if secret, err = readSecret(terminal, c.SecretFile, c.LegacySecretsFlag); err != nil {
				return err
			}
		}
		if err := warnOfUnknownScopes(ctx, terminal, admin, client.Scope); err != nil {
			return err
		}
		made, err := admin.AddClient(ctx, *client, secret)
		if err != nil {
			return database.Explain(err, "client "+client.ID)
		}
		return console.PrintRecord(terminal.Out, c.FormatFlag,
			credentialsRow{client.ID, client.Connections[0].ID, made})
	})
}

// client is what the flags describe, with one connection that has no secret yet.
func (c *clientCreateCommand) client(
	ctx context.Context, admin administration.Administration,
) (*storage.Client, error) {
	client, err := storage.NewClient(cmp.Or(c.ID, admin.NewID()), c.Preset, admin.Now())
	if err != nil {
		return nil, &console.UsageError{Cause: err}
	}
	client.OwnerID = c.OwnerID
	if err := client.SetAccessType(storage.DefaultAccessType(c.Preset)); err != nil {
		return nil, err
	}
	if err := c.apply(ctx, admin, &client); err != nil {
		return nil, err
	}
	connection, err := newConnection(admin, client.ID, c.Preset, c.RedirectURI)
	if err != nil {
		return nil, err
	}
	if len(c.RedirectURI) == 0 && slices.Contains(client.Metadata.GrantTypes, "authorization_code") {
		return nil, &console.UsageError{Cause: errors.New("--redirect-uri is required for authorization_code")}
	}
	client.Connections = []*storage.Connection{connection}
	return &client, checkClient(&client)
}

func newConnection(
	admin administration.Administration, clientID, preset string, redirectURIs []string,
) (*storage.Connection, error) {
	if err := checkRedirectURIs(redirectURIs); err != nil {
		return nil, err
	}
	return storage.NewConnection(admin.NewID(), clientID, preset, redirectURIs, admin.Now()), nil
}
