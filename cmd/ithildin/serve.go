package main

import (
	"context"
)

type serveCommand struct {
	configuration
}

// Help shows how the verb is used.
func (serveCommand) Help() string {
	return `Example:

    ithildin serve --dev

    ITHILDIN_ISSUER=https://auth.example.com ITHILDIN_SECRET_FILE=/run/secrets/ithildin ithildin serve`
}

// Run loads, opens, builds and serves until a signal comes.
func (c *serveCommand) Run(ctx context.Context, terminal console) error {
	warnOfUnknownSettings(terminal.err)
	s, err := c.load()
	if err != nil {
		return err
	}
	return serve(ctx, serveOptions{
		settings: s, reload: c.load, build: thisBuild(), out: terminal.out, logger: newLogger(terminal.err, s),
	})
}
