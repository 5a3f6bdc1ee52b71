package main

import (
	"context"
	"io"
	"log/slog"
)

// serveOptions are what a server is made of.
type serveOptions struct {
	settings *settings
	// reload reads the configuration again at SIGHUP. nil: its files are read once.
	reload func() (*settings, error)
	build  buildInformation
	out    io.Writer // what a development server prints for the person who started it
	logger *slog.Logger
}

// serve opens the database, builds the server and answers requests until a signal comes or the context ends.
func serve(ctx context.Context, o serveOptions) error {
	if o.settings.dev {
		if err := o.settings.keepDevelopmentSecret(); err != nil {
			return err
		}
	}
	store, err := openServing(ctx, o.settings, o.logger)
	if err != nil {
		return err
	}
	defer store.Close()
	service, err := build(ctx, o, store)
	if err != nil {
		return err
	}
	return service.run(ctx, func() { service.announce(o.build, o.out) })
}
