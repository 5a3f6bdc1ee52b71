package main

import (
	"context"
	"fmt"

	"ithildin/adapters/ehealth"
	"ithildin/jwks"
	"ithildin/provider"
	"ithildin/provider/login"
	"ithildin/provider/outbound"
	"ithildin/storage"
)

// build makes everything that answers requests.
func build(ctx context.Context, o serveOptions, store *storage.Store) (*service, error) {
	s, logger := o.settings, o.logger
	keys := jwks.New(provider.KeyStore{Store: store}, jwks.Options{})
	if err := keys.Load(ctx); err != nil {
		return nil, explainSealed(err)
	}
	passwords := login.NewPasswords(login.PasswordOptions{})
	if s.dev {
		logMessages(&s.components, logger)
	}
	registry := newRegistry(store, o.build)
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
	forwardAuth, mounts := buildGateway(s.gateway, p, events, registry)
	legacy := ehealth.New(p, s.legacy)
	mounts = append(mounts, legacy.Mount)
	if s.dev {
		demo := newDemo(s.issuer)
		if err := demo.fill(ctx, store, passwords); err != nil {
			return nil, fmt.Errorf("demo data: %w", err)
		}
		pages := devPages{demo: demo, store: store, self: s.scheme + "://" + reachable(s.listen), client: ownClient(s.certificate)}
		mounts = append(mounts, pages.mount)
	}
	reloads := reloadRules(s.gateway, forwardAuth)
	if s.certificate != nil {
		registry.MustRegister(certificateMetric(s.certificate))
		reloads = append(reloads, reloadCertificate(s.certificate, logger))
	}
	guard := newAdminGuard(s)
	if o.reload != nil {
		reloads = append(reloads, reloadSettings(o.reload, s, guard, store))
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
