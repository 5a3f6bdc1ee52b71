package console

import (
	"context"
	"encoding/base64"
	"errors"
	"slices"

	"github.com/coreos/go-oidc/v3/oidc"

	"ithildin/storage"
)

// ClientID is the client by which operators sign in. New makes it, and gives it again what it needs where somebody has
// changed that.
const ClientID = "ithildin-console"

// clientKeyBytes is the length of the key that is the client's secret.
const clientKeyBytes = 32

// prepareClient makes or mends the client. Its secret is a random key of the database, so that every process has it
// and nobody is shown it.
func (c *Console) prepareClient(ctx context.Context) error {
	key, err := c.store.RandomKey(ctx, "console client", clientKeyBytes)
	if err != nil {
		return err
	}
	c.client.ClientSecret = base64.RawURLEncoding.EncodeToString(key)
	known, err := c.store.LoadClient(ctx, ClientID)
	if errors.Is(err, storage.ErrNotFound) {
		err = c.createClient(ctx)
		if !errors.Is(err, storage.ErrConflict) {
			return err
		}
		known, err = c.store.LoadClient(ctx, ClientID) // another process was faster
	}
	if err != nil {
		return err
	}
	return c.mendClient(ctx, *known)
}

// wantedClient is the client with everything that the sign-in needs, as nobody has changed it yet.
func (c *Console) wantedClient() (storage.Client, error) {
	client, err := storage.NewClient(ClientID, storage.PresetStandard, c.store.Now())
	if err != nil {
		return storage.Client{}, err
	}
	client.Name, client.Scope = "ithildin console", []string{oidc.ScopeOpenID}
	client.Policy.RequirePKCE = true
	client.Metadata.GrantTypes = []string{"authorization_code"}
	client.Metadata.TokenEndpointAuthMethod = storage.AuthMethodPost
	return client, nil
}

func (c *Console) secretHash() []byte { return storage.Hash(c.client.ClientSecret) }

func (c *Console) createClient(ctx context.Context) error {
	client, err := c.wantedClient()
	if err != nil {
		return err
	}
	connection := storage.NewConnection(c.store.NewID(), ClientID, storage.PresetStandard,
		[]string{c.client.RedirectURL}, c.store.Now())
	connection.Secrets = []storage.ConnectionSecret{
		c.store.NewConnectionSecret(storage.SecretValue{Text: c.client.ClientSecret}),
	}
	client.Connections = []*storage.Connection{connection}
	return c.store.CreateClient(ctx, client)
}

// mendClient changes what is not as the sign-in needs it, such as the redirect URI after a change of the URL. A client
// that an operator has blocked stays so.
func (c *Console) mendClient(ctx context.Context, known storage.Client) error {
	wanted, err := c.wantedClient()
	if err != nil {
		return err
	}
	if !slices.Equal(known.Scope, wanted.Scope) || known.Policy != wanted.Policy || known.TypeID != "" ||
		known.Metadata.TokenEndpointAuthMethod != wanted.Metadata.TokenEndpointAuthMethod ||
		!slices.Equal(known.Metadata.GrantTypes, wanted.Metadata.GrantTypes) {
		wanted.Settings, wanted.PrivateSettings = known.Settings, known.PrivateSettings
		if err := c.store.UpdateClient(ctx, wanted); err != nil {
			return err
		}
	}
	if len(known.Connections) == 0 {
		connection := storage.NewConnection(c.store.NewID(), ClientID, storage.PresetStandard, nil, c.store.Now())
		if err := c.store.CreateConnection(ctx, *connection); err != nil {
			return err
		}
		known.Connections = append(known.Connections, connection)
	}
	connection := *known.Connections[0]
	if !slices.Equal(connection.RedirectURIs, []string{c.client.RedirectURL}) ||
		connection.RedirectMatch != storage.RedirectMatchExact {
		connection.RedirectURIs, connection.RedirectMatch = []string{c.client.RedirectURL}, storage.RedirectMatchExact
		if err := c.store.UpdateConnection(ctx, connection); err != nil {
			return err
		}
	}
	if slices.ContainsFunc(connection.Secrets, func(s storage.ConnectionSecret) bool {
		return slices.Equal(s.Hash, c.secretHash())
	}) {
		return nil
	}
	return c.store.AddConnectionSecret(ctx, connection.ID,
		c.store.NewConnectionSecret(storage.SecretValue{Text: c.client.ClientSecret}), c.store.Now())
}
