package main

import (
	"context"
	"os"

	"ithildin/storage"
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
	warnOfUnknownSettings(terminal.err, os.Environ())
	s, err := c.load()
	if err != nil {
		return err
	}
	s.reload = func(guard *adminGuard, store *storage.Store) reloadable { return c.reloadable(s, guard, store) }
	logger := newLogger(terminal.err, s)
	if s.dev {
		if err := s.keepDevelopmentSecret(); err != nil {
			return err
		}
	}
	store, err := openServing(ctx, s, logger)
	if err != nil {
		return err
	}
	defer store.Close()
	service, err := build(ctx, s, store, logger)
	if err != nil {
		return err
	}
	return service.run(ctx, func() { s.announce(terminal.out, logger) })
}
