package server

import (
	"context"
	"io"
	"log/slog"

	"ithildin/cmd/ithildin/internal/config"
	"ithildin/cmd/ithildin/internal/telemetry"
)

// Options are what a server is made of.
type Options struct {
	Settings *config.Settings
	// Describe lists the settings as the admin API shows them, with secrets masked; nil: none.
	Describe func() []config.Setting
	// Reload reads the configuration again at SIGHUP. nil: its files are read once.
	Reload func() (*config.Settings, error)
	Build  Build
	Out    io.Writer // what a development server prints for the person who started it
	Logger *slog.Logger
}

// Serve opens the database, builds the server and answers requests until a signal comes or the context ends.
func Serve(ctx context.Context, o Options) error {
	if o.Settings.Dev {
		if err := o.Settings.KeepDevelopmentSecret(); err != nil {
			return err
		}
	}
	sender, err := telemetry.Start(ctx, o.Settings.Telemetry, o.Build.Version, o.Logger)
	if err != nil {
		return err
	}
	store, err := openServing(ctx, o.Settings, sender, o.Logger)
	if err != nil {
		return err
	}
	defer store.Close()
	if o.Settings.Declaration != "" {
		if err := applyDeclaration(ctx, o.Settings, store, o.Logger); err != nil {
			return err
		}
	}
	service, err := build(ctx, o, store, sender)
	if err != nil {
		return err
	}
	if err := sender.ExportMetrics(ctx, service.registry); err != nil {
		return err
	}
	return service.run(ctx, func() { service.announce(o.Build, o.Out) })
}
