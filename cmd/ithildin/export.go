package main

import (
	"context"

	"ithildin/cmd/ithildin/internal/administration"
	"ithildin/cmd/ithildin/internal/config"
	"ithildin/cmd/ithildin/internal/console"
	"ithildin/cmd/ithildin/internal/declaration"
)

type exportCommand struct {
	Format string `enum:"yaml,json" default:"yaml" help:"yaml or json."`
	config.TargetFlags
}

// Help shows how the verb is used.
func (exportCommand) Help() string {
	return `Secrets are not in it, because only their hashes are stored, and neither are users.

Example:

    ithildin export > clients.yaml`
}

// Run prints what apply takes.
func (c *exportCommand) Run(ctx context.Context, terminal console.Terminal) error {
	return administration.With(ctx, c.TargetFlags, func(admin administration.Administration) error {
		return declaration.Export(ctx, admin, terminal.Out, c.Format == "yaml")
	})
}
