package main

import (
	"context"
	"fmt"

	"ithildin/cmd/ithildin/internal/administration"
	"ithildin/cmd/ithildin/internal/config"
	"ithildin/cmd/ithildin/internal/console"
	"ithildin/cmd/ithildin/internal/declaration"
)

type applyCommand struct {
	File   string `arg:"" help:"The file, in YAML or JSON; - for standard input."`
	Prune  bool   `help:"@prune_undeclared"`
	DryRun bool   `help:"Say what would be changed, and change nothing."`
	console.ConfirmFlag
	config.TargetFlags
	config.SecretFlags
	config.LegacySecretsFlag
}

// Help shows how the verb is used.
func (applyCommand) Help() string {
	return `The file declares scopes, client types, roles and clients (docs/declared-clients.md); ithildin export writes
one. What an entry leaves out stays as it is. First a line is printed for each change: + creates, ~ changes, - deletes.
In a database all of them are made or none.

Example:

    ithildin apply clients.yaml --dry-run`
}

// Run prints the plan and carries it out; secrets that were made are printed, this once.
func (c *applyCommand) Run(ctx context.Context, terminal console.Terminal) error {
	declared, err := declaration.Read(c.File, terminal.In)
	if err != nil {
		return &console.UsageError{Cause: err}
	}
	return administration.WithSealable(ctx, c.TargetFlags, c.SecretFlags, func(admin administration.Administration) error {
		plan, err := declaration.Compare(ctx, admin, declared, declaration.Options{
			Prune: c.Prune, Secrets: administration.Secret{Legacy: c.LegacySecretsFlag},
		})
		if err != nil {
			return err
		}
		if plan.IsEmpty() {
			_, err := fmt.Fprintln(terminal.Out, "everything is as declared")
			return err
		}
		if err := plan.Write(terminal.Out); err != nil || c.DryRun {
			return err
		}
		if n := plan.Deletes(); n > 0 {
			if err := c.Confirm(terminal, "Delete what is marked with - (%d)?", n); err != nil {
				return err
			}
		}
		made, err := plan.Apply(ctx, admin)
		if len(made) > 0 {
			if err := console.PrintRows(terminal.Out, console.FormatFlag{}, made); err != nil {
				return err
			}
		}
		return err
	})
}
