package main

import (
	"context"
	"errors"

	"ithildin/cmd/ithildin/internal/administration"
	"ithildin/cmd/ithildin/internal/config"
	"ithildin/cmd/ithildin/internal/console"
	"ithildin/cmd/ithildin/internal/database"
	"ithildin/storage"
)

type scopeCommand struct {
	List   scopeListCommand   `cmd:"" help:"List the catalogue."`
	Put    scopePutCommand    `cmd:"" help:"Add a scope to the catalogue, or replace the one of that name."`
	Delete scopeDeleteCommand `cmd:"" help:"Delete a scope from the catalogue."`
}

type scopeListCommand struct {
	config.TargetFlags
	console.FormatFlag
}

// Help shows how the verb is used.
func (scopeListCommand) Help() string {
	return `Example:

    ithildin scope list`
}

type scopeRow struct {
	Name           string `json:"name"`
	GovernedBy     string `json:"governed_by"`
	LoginForm      string `json:"login_form"`
	Assurance      string `json:"assurance"`
	TitleUkrainian string `json:"title_uk"`
	TitleEnglish   string `json:"title_en"`
}

// Run prints the catalogue.
func (c *scopeListCommand) Run(ctx context.Context, terminal console.Terminal) error {
	return administration.With(ctx, c.TargetFlags, func(admin administration.Administration) error {
		scopes, err := admin.ListScopes(ctx)
		if err != nil {
			return err
		}
		var rows []scopeRow
		for _, s := range scopes {
			rows = append(rows, scopeRow{s.Name, s.GovernedBy, s.LoginForm, s.Assurance, s.TitleUkrainian, s.TitleEnglish})
		}
		return console.PrintRows(terminal.Out, c.FormatFlag, rows)
	})
}

type scopePutCommand struct {
	Name       string `arg:"" help:"Name."`
	TitleUK    string `name:"title-uk" required:"" help:"Text of the consent page in Ukrainian."`
	TitleEN    string `name:"title-en" required:"" help:"Text of the consent page in English."`
	LoginForm  string `enum:"password,patient,signature" default:"password" help:"@login_form"`
	Assurance  string `enum:"password,one_time_code,phr,phrh,signature" default:"password" help:"@assurance"`
	GovernedBy string `enum:"role,consent" default:"role" help:"@governed_by"`
	config.TargetFlags
}

// Help shows how the verb is used.
func (scopePutCommand) Help() string {
	return `Example:

    ithildin scope put patients:view --title-uk "Переглядати дані пацієнтів" --title-en "View patients"`
}

// Run stores the scope.
func (c *scopePutCommand) Run(ctx context.Context) error {
	if err := errors.Join(
		checkScope([]string{c.Name}), checkText("--title-uk", c.TitleUK), checkText("--title-en", c.TitleEN),
	); err != nil {
		return err
	}
	return administration.With(ctx, c.TargetFlags, func(admin administration.Administration) error {
		return admin.PutScope(ctx, storage.Scope{
			Name: c.Name, TitleUkrainian: c.TitleUK, TitleEnglish: c.TitleEN, GovernedBy: c.GovernedBy,
			LoginForm: c.LoginForm, Assurance: c.Assurance,
		})
	})
}

type scopeDeleteCommand struct {
	Name string `arg:"" help:"Name."`
	console.ConfirmFlag
	config.TargetFlags
}

// Help shows how the verb is used.
func (scopeDeleteCommand) Help() string {
	return `Clients, client types and roles that name the scope keep it: it is then governed by roles, is granted after a
sign-in by password, and has no text on the consent page. Remove it from them first.

Example:

    ithildin scope delete patients:view`
}

// Run takes the scope out of the catalogue.
func (c *scopeDeleteCommand) Run(ctx context.Context, terminal console.Terminal) error {
	return administration.With(ctx, c.TargetFlags, func(admin administration.Administration) error {
		if err := c.Confirm(terminal, "Take the scope %s out of the catalogue?", c.Name); err != nil {
			return err
		}
		return database.Explain(admin.DeleteScope(ctx, c.Name), "scope "+c.Name)
	})
}
