package main

import (
	"context"
	"errors"
	"time"

	"ithildin/cmd/ithildin/internal/administration"
	"ithildin/cmd/ithildin/internal/config"
	"ithildin/cmd/ithildin/internal/console"
	"ithildin/cmd/ithildin/internal/database"
	"ithildin/storage"
)

type resourceCommand struct {
	List   resourceListCommand   `cmd:"" help:"List the resources."`
	Put    resourcePutCommand    `cmd:"" help:"Add a resource, or replace the one of that identifier."`
	Delete resourceDeleteCommand `cmd:"" help:"Delete a resource."`
}

type resourceListCommand struct {
	config.TargetFlags
	console.FormatFlag
}

// Help shows how the verb is used.
func (resourceListCommand) Help() string {
	return `Example:

    ithildin resource list`
}

type resourceRow struct {
	Identifier        string   `json:"identifier"`
	Scope             []string `json:"scope"`
	IsOpen            bool     `json:"is_open"`
	ClientID          string   `json:"client_id"`
	AccessTokenFormat string   `json:"access_token_format"`
	AccessLifetime    int64    `json:"access_lifetime"` // seconds
	TitleUkrainian    string   `json:"title_uk"`
	TitleEnglish      string   `json:"title_en"`
}

// Run prints the resources in the order of their identifiers.
func (c *resourceListCommand) Run(ctx context.Context, terminal console.Terminal) error {
	return administration.With(ctx, c.TargetFlags, func(admin administration.Administration) error {
		resources, err := admin.ListResources(ctx)
		if err != nil {
			return err
		}
		rows := []resourceRow{}
		for _, r := range resources {
			rows = append(rows, resourceRow{
				r.Identifier, r.Scope, r.IsOpen, r.ClientID, r.AccessTokenFormat, int64(r.AccessLifetime / time.Second),
				r.TitleUkrainian, r.TitleEnglish,
			})
		}
		return console.PrintRows(terminal.Out, c.FormatFlag, rows)
	})
}

type resourcePutCommand struct {
	Identifier        string   `arg:"" help:"The aud of its tokens: an absolute URI without a fragment."`
	TitleUK           string   `name:"title-uk" required:"" help:"Text of the consent page in Ukrainian."`
	TitleEN           string   `name:"title-en" required:"" help:"Text of the consent page in English."`
	Scope             []string `sep:" " help:"Scopes that it knows; default: any."`
	Open              bool     `help:"Let every client ask for it."`
	Client            string   `placeholder:"ID" help:"Client as which it asks about the tokens that it was sent."`
	AccessTokenFormat string   `placeholder:"FORMAT" enum:",jwt,opaque" default:"" help:"@resource_format"`
	AccessLifetime    int64    `placeholder:"SECONDS" default:"0" help:"@resource_lifetime"`
	config.TargetFlags
}

// Help shows how the verb is used.
func (resourcePutCommand) Help() string {
	return `Unless it is open, a client may ask for a resource that it has as an audience:
ithildin client update ID --audience https://api.example.org.

Example:

    ithildin resource put https://api.example.org --title-uk "Медичні записи" --title-en "Medical records"`
}

// Run stores the resource; running servers learn of it within a second.
func (c *resourcePutCommand) Run(ctx context.Context) error {
	resource := storage.Resource{
		Identifier: c.Identifier, TitleUkrainian: c.TitleUK, TitleEnglish: c.TitleEN, Scope: splitScope(c.Scope),
		IsOpen: c.Open, ClientID: c.Client, AccessTokenFormat: c.AccessTokenFormat,
		AccessLifetime: time.Duration(c.AccessLifetime) * time.Second,
	}
	if err := errors.Join(
		checkScope(resource.Scope), checkText("--title-uk", c.TitleUK), checkText("--title-en", c.TitleEN),
	); err != nil {
		return err
	}
	if err := resource.Validate(); err != nil {
		return &console.UsageError{Cause: err}
	}
	return administration.With(ctx, c.TargetFlags, func(admin administration.Administration) error {
		return database.Explain(admin.PutResource(ctx, resource), "client "+c.Client)
	})
}

type resourceDeleteCommand struct {
	Identifier string `arg:"" help:"Identifier."`
	console.ConfirmFlag
	config.TargetFlags
}

// Help shows how the verb is used.
func (resourceDeleteCommand) Help() string {
	return `Clients that have it as an audience may still ask for it: take it from them too.

Example:

    ithildin resource delete https://api.example.org`
}

// Run deletes the resource.
func (c *resourceDeleteCommand) Run(ctx context.Context, terminal console.Terminal) error {
	return administration.With(ctx, c.TargetFlags, func(admin administration.Administration) error {
		if err := c.Confirm(terminal, "Delete the resource %s?", c.Identifier); err != nil {
			return err
		}
		return database.Explain(admin.DeleteResource(ctx, c.Identifier), "resource "+c.Identifier)
	})
}
