package main

import (
	"context"
	"fmt"

	"ithildin/cmd/ithildin/internal/administration"
	"ithildin/cmd/ithildin/internal/config"
	"ithildin/cmd/ithildin/internal/console"
	"ithildin/cmd/ithildin/internal/database"
	"ithildin/storage"
)

type initialAccessTokenCommand struct {
	Create initialAccessTokenCreateCommand `cmd:"" help:"Create an initial access token."`
	List   initialAccessTokenListCommand   `cmd:"" help:"List the tokens that have not expired."`
	Delete initialAccessTokenDeleteCommand `cmd:"" help:"Delete a token; the clients that were registered with it stay."`
}

const (
	mostRegistrations = 10_000
	mostTokenDays     = 3650
)

type initialAccessTokenCreateCommand struct {
	Name          string `required:"" help:"Name of its holder."`
	Registrations int64  `default:"1" placeholder:"N" help:"Number of clients that it may register; default 1."`
	Days          int64  `default:"7" placeholder:"N" help:"Days until it expires; default 7."`
	config.TargetFlags
	console.FormatFlag
}

// Help shows how the verb is used.
func (initialAccessTokenCreateCommand) Help() string {
	return `The token can't be shown again. Its holder sends it as Authorization: Bearer to /oauth2/register of a server
with ITHILDIN_REGISTRATION=token or open.

Example:

    ithildin initial-access-token create --name "Partner" --registrations 3 --days 30`
}

type newInitialAccessTokenRow struct {
	ID        string         `json:"id"`
	Token     string         `json:"initial_access_token"`
	ExpiresAt console.Moment `json:"expires_at"`
}

// Run stores the hash of a token and prints the token.
func (c *initialAccessTokenCreateCommand) Run(ctx context.Context, terminal console.Terminal) error {
	switch {
	case c.Registrations < 1 || c.Registrations > mostRegistrations:
		return &console.UsageError{Cause: fmt.Errorf("--registrations is %d: want 1 to %d", c.Registrations,
			mostRegistrations)}
	case c.Days < 1 || c.Days > mostTokenDays:
		return &console.UsageError{Cause: fmt.Errorf("--days is %d: want 1 to %d", c.Days, mostTokenDays)}
	}
	return administration.With(ctx, c.TargetFlags, func(admin administration.Administration) error {
		token := storage.InitialAccessToken{ID: admin.NewID(), Name: c.Name, Remaining: c.Registrations}
		value, expiresAt, err := admin.AddInitialAccessToken(ctx, token, c.Days)
		if err != nil {
			return err
		}
		return console.PrintRecord(terminal.Out, c.FormatFlag,
			newInitialAccessTokenRow{token.ID, value, console.Moment(expiresAt)})
	})
}

type initialAccessTokenListCommand struct {
	config.TargetFlags
	console.FormatFlag
}

// Help shows how the verb is used.
func (initialAccessTokenListCommand) Help() string {
	return `Example:

    ithildin initial-access-token list`
}

type initialAccessTokenRow struct {
	ID        string         `json:"id"`
	Name      string         `json:"name"`
	Remaining int64          `json:"remaining"`
	CreatedAt console.Moment `json:"created_at"`
	ExpiresAt console.Moment `json:"expires_at"`
}

// Run prints the tokens without their values, of which only hashes are stored.
func (c *initialAccessTokenListCommand) Run(ctx context.Context, terminal console.Terminal) error {
	return administration.With(ctx, c.TargetFlags, func(admin administration.Administration) error {
		tokens, err := admin.ListInitialAccessTokens(ctx)
		if err != nil {
			return err
		}
		var rows []initialAccessTokenRow
		for _, t := range tokens {
			rows = append(rows, initialAccessTokenRow{t.ID, t.Name, t.Remaining, console.Moment(t.CreatedAt),
				console.Moment(t.ExpiresAt)})
		}
		return console.PrintRows(terminal.Out, c.FormatFlag, rows)
	})
}

type initialAccessTokenDeleteCommand struct {
	ID string `arg:"" help:"The token's id, as list shows it."`
	console.ConfirmFlag
	config.TargetFlags
}

// Help shows how the verb is used.
func (initialAccessTokenDeleteCommand) Help() string {
	return `Example:

    ithildin initial-access-token delete 0f7d3c52-1a7e-4d0b-8a51-3b1c6d9e2f44`
}

// Run ends the token.
func (c *initialAccessTokenDeleteCommand) Run(ctx context.Context, terminal console.Terminal) error {
	return administration.With(ctx, c.TargetFlags, func(admin administration.Administration) error {
		if err := c.Confirm(terminal, "End the initial access token %s?", c.ID); err != nil {
			return err
		}
		return database.Explain(admin.DeleteInitialAccessToken(ctx, c.ID), "initial access token "+c.ID)
	})
}
