package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"runtime"

	"github.com/gorilla/mux"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"

	"ithildin/adapters/ehealth"
	"ithildin/jwks"
	"ithildin/migrations"
	"ithildin/provider"
	"ithildin/provider/login"
	"ithildin/provider/outbound"
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

// announce says that requests are answered from now on.
func (s *settings) announce(out io.Writer, logger *slog.Logger) {
	logger.Info("serving", "version", thisBuild().version, "revision", thisBuild().revision,
		"issuer", s.issuer.String(), "listen", s.listen, "admin_listen", s.adminListen)
	if s.adminOpen {
		logger.Warn("the admin API asks nobody who they are: whoever reaches the admin listener may use all of it",
			"admin_listen", s.adminListen, "hint", "ITHILDIN_ADMIN_TOKEN_FILE names a file with tokens")
	}
	if s.dev {
		logger.Warn("this is a development server: everyone knows its passwords and secrets")
		newDemo(s.issuer).announce(out)
		return
	}
	if s.issuer.Scheme == "http" {
		logger.Warn("the issuer is plain http: passwords and tokens cross the network in clear")
	}
}

// openServing opens the database that a server may use, with its schema up to date.
func openServing(ctx context.Context, s *settings, logger *slog.Logger) (*storage.Store, error) {
	store, err := openStore(s.databaseURL, s.databaseConnections, s.secrets,
		func(o *storage.Options) { o.EventLifetimes = s.janitor.auditRetention })
	if err != nil {
		return nil, err
	}
	err = prepareDatabase(ctx, s, store, logger)
	if err == nil {
		err = checkIssuer(ctx, s, store)
	}
	if err != nil {
		store.Close()
		return nil, err
	}
	return store, nil
}

func prepareDatabase(ctx context.Context, s *settings, store *storage.Store, logger *slog.Logger) error {
	if store.IsPostgreSQL() {
		if err := awaitDatabase(ctx, store, logger, databasePatience); err != nil {
			return err
		}
		if err := refusePending(ctx, store); err != nil {
			return err
		}
		return checkMark(ctx, s, store, func() (bool, error) { return unused(ctx, store) })
	}
	if err := prepareSQLite(ctx, s, store); err != nil {
		return err
	}
	return warnOfReadableFiles(s, logger)
}

// warnOfReadableFiles warns of files that this program makes for its owner alone and that others can read.
func warnOfReadableFiles(s *settings, logger *slog.Logger) error {
	paths, err := storage.FilesOthersRead(s.databaseURL)
	for _, path := range paths {
		logger.Warn("others can read a file of the database: chmod 600", "path", path)
	}
	return err
}

// prepareSQLite migrates, but never a database that belongs to the other kind of server.
func prepareSQLite(ctx context.Context, s *settings, store *storage.Store) error {
	before, err := migrations.List(ctx, store.SQL(), migrations.SQLite)
	if err != nil {
		return fmt.Errorf("open %s: %w", s.databaseURL, err)
	}
	isNew := !before[0].Applied
	made := func() (bool, error) { return isNew, nil }
	if !isNew {
		if err := checkMark(ctx, s, store, made); err != nil {
			return err
		}
	}
	if _, err := migrations.Up(ctx, store.SQL(), migrations.SQLite); err != nil || !isNew {
		return err
	}
	return checkMark(ctx, s, store, made)
}

// build makes everything that answers requests.
func build(ctx context.Context, s *settings, store *storage.Store, logger *slog.Logger) (*service, error) {
	keys := jwks.New(provider.KeyStore{Store: store}, jwks.Options{})
	if err := keys.Load(ctx); err != nil {
		return nil, explainSealed(err)
	}
	passwords := login.NewPasswords(login.PasswordOptions{})
	if s.dev {
		logMessages(&s.components, logger)
	}
	registry := newRegistry(store)
	p, err := provider.New(ctx, provider.Options{
		Store: store, Keys: keys, Passwords: passwords, Components: s.components, Issuer: s.issuer, Logger: logger,
		TrustedProxies: s.trustedProxies, ResponseTypes: s.responseTypes, Registration: s.registration,
		Outbound: outbound.New(s.outbound), Metrics: registry, RequestsAtOnce: s.serving.requestsAtOnce,
	})
	if err != nil {
		return nil, explainSealed(err)
	}
	events := store.NewEventQueue(logger)
	registry.MustRegister(eventMetrics(events)...)
	registry.MustRegister(databaseMetrics(store)...)
	forwardAuth, mounts := s.gateway.build(p, events, registry)
	legacy := ehealth.New(p, s.legacy)
	mounts = append(mounts, legacy.Mount)
	if s.dev {
		demo := newDemo(s.issuer)
		if err := demo.fill(ctx, store, passwords); err != nil {
			return nil, fmt.Errorf("demo data: %w", err)
		}
		pages := devPages{demo: demo, store: store, self: s.scheme + "://" + reachable(s.listen), client: s.certificate.client()}
		mounts = append(mounts, func(router *mux.Router) { pages.mount(router) })
	}
	reloads := s.gateway.reloadable(forwardAuth)
	if s.certificate != nil {
		registry.MustRegister(s.certificate.metric())
		reloads = append(reloads, s.certificate.reloadable(logger))
	}
	guard := newAdminGuard(s)
	if s.reload != nil {
		reloads = append(reloads, s.reload(guard, store))
	}
	ready := &readiness{store: store, keys: keys, clockSkew: s.serving.clockSkew}
	return &service{
		settings: s, store: store, keys: keys, provider: p, logger: logger, ready: ready, events: events,
		reloads: reloads,
		janitor: newJanitor(s.janitor, store, logger, registry),
		public:  p.Handler(mounts...),
		admin:   adminHandler(guard, ready, registry, p.AdminHandler(forwardAuth.MountAdmin, legacy.MountAdmin)),
	}, nil
}

func newRegistry(store *storage.Store) *prometheus.Registry {
	registry := prometheus.NewRegistry()
	registry.MustRegister(
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
		collectors.NewDBStatsCollector(store.SQL(), "ithildin"), buildMetric(),
	)
	return registry
}

// buildMetric is always 1; its labels say what runs.
func buildMetric() prometheus.Collector {
	b := thisBuild()
	return prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "ithildin_build_info", Help: "What this process was made from.",
		ConstLabels: prometheus.Labels{"version": b.version, "revision": b.revision, "goversion": runtime.Version()},
	}, func() float64 { return 1 })
}

// eventMetrics show how far the audit of the gateway is behind.
func eventMetrics(events *storage.EventQueue) []prometheus.Collector {
	return []prometheus.Collector{
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{
			Name: "ithildin_audit_queue_events", Help: "Audit events that wait to be written.",
		}, func() float64 { return float64(events.Depth()) }),
		prometheus.NewCounterFunc(prometheus.CounterOpts{
			Name: "ithildin_audit_queue_written_total", Help: "Audit events that were written.",
		}, func() float64 { return float64(events.Written()) }),
		prometheus.NewCounterFunc(prometheus.CounterOpts{
			Name: "ithildin_audit_queue_failures_total", Help: "Tries to write audit events that failed.",
		}, func() float64 { return float64(events.Failed()) }),
	}
}

func explainSealed(err error) error {
	if errors.Is(err, storage.ErrSealed) {
		return withHint("ITHILDIN_SECRET must have the master secret that this database began with, or was resealed under; "+
			"that of a development server is in "+devSecretFile, err)
	}
	return err
}
