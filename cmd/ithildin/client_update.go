package main

import (
	"context"

	"ithildin/cmd/ithildin/internal/administration"
	"ithildin/cmd/ithildin/internal/config"
	"ithildin/cmd/ithildin/internal/console"
	"ithildin/cmd/ithildin/internal/database"
	"ithildin/storage"
)

type clientUpdateCommand struct {
	clientArgument
	Preset string `enum:",standard,ehealth,mithril" default:"" placeholder:"PRESET" help:"@client_update_preset"`
	clientFields
	config.TargetFlags
}

// Help shows how the verb is used.
func (clientUpdateCommand) Help() string {
	return `A list replaces the stored one. An empty value ('') removes the stored one, if it is optional. Redirect URIs
belong to connections: ithildin connection update.

Example:

    ithildin client update clinic --scope "openid profile email" --policy refresh=rotate --policy access_lifetime=900`
}

// Run stores the client; running servers learn of it within a second.
func (c *clientUpdateCommand) Run(ctx context.Context, terminal console.Terminal) error {
	return administration.With(ctx, c.TargetFlags, func(admin administration.Administration) error {
		client, err := admin.LoadClient(ctx, c.ID)
		if err != nil {
			return database.Explain(err, "client "+c.ID)
		}
		before := *client
		if c.Preset != "" {
			if client.Policy, err = storage.NewPolicy(c.Preset); err != nil {
				return &console.UsageError{Cause: err}
			}
			client.Policy.Profile = before.Policy.Profile
		}
		if err := c.apply(ctx, admin, client); err != nil {
			return err
		}
		if err := checkClientChange(&before, client); err != nil {
			return err
		}
		if err := warnOfUnknownScopes(ctx, terminal, admin, splitScope(c.Scope)); err != nil {
			return err
		}
		return admin.UpdateClient(ctx, *client)
	})
}
