package main

import (
	"context"

	"ithildin/cmd/ithildin/internal/config"
	"ithildin/cmd/ithildin/internal/console"
	"ithildin/cmd/ithildin/internal/server"
)

type serveCommand struct {
	config.Flags
}

// Help shows how the verb is used.
func (serveCommand) Help() string {
	return `Example:

    ithildin serve --dev

    ITHILDIN_ISSUER=https://auth.example.com ITHILDIN_SECRET_FILE=/run/secrets/ithildin ithildin serve`
}

// Run loads the configuration and runs the server until a signal ends it.
func (c *serveCommand) Run(ctx context.Context, terminal console.Terminal) error {
	config.WarnOfUnknownSettings(terminal.Err)
	s, err := c.Load()
	if err != nil {
		return err
	}
	return server.Serve(ctx, server.Options{
		Settings: s, Describe: func() []config.Setting { return c.Describe(s) }, Reload: c.Load, Build: thisBuild(),
		Out: terminal.Out, Logger: server.NewLogger(terminal.Err, s),
	})
}
