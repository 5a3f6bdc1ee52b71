package server

import (
	"context"
	"fmt"

	"ithildin/adapters/admin"
	"ithildin/adapters/console"
	"ithildin/adapters/ehealth"
	"ithildin/cmd/ithildin/internal/config"
	"ithildin/cmd/ithildin/internal/database"
	"ithildin/cmd/ithildin/internal/demo"
	"ithildin/cmd/ithildin/internal/telemetry"
	"ithildin/jwks"
	"ithildin/provider"
	"ithildin/provider/identity"
	"ithildin/provider/inbound"
	"ithildin/provider/login"
	"ithildin/provider/outbound"
	"ithildin/storage"
)

// build makes everything that answers requests.
func build(ctx context.Context, o Options, store *storage.Store, sender *telemetry.Telemetry) (*service, error) {
	s, logger := o.Settings, o.Logger
	registry := newRegistry(store, o.Build)
	costs := newCostMetrics(registry)
	keys := jwks.New(provider.KeyStore{Store: store}, jwks.Options{Signed: costs.signed})
	if err := keys.Load(ctx); err != nil {
		return nil, database.ExplainSealed(err)
	}
	registry.MustRegister(keyMetrics{keys})
	passwords := identity.NewPasswords(identity.PasswordOptions{Hashed: costs.hashed})
	if s.Dev {
		logMessages(&s.Components, logger)
	}
	letters := newMail(s, store, logger, registry)
	s.Outbound.Tracing = sender.TracerProvider()
	sharing := &provider.RateSharing{}
	p, err := provider.New(ctx, provider.Options{
		Store: store, Keys: keys, Passwords: passwords, Components: s.Components, Issuer: s.Issuer, Logger: logger,
		TrustedProxies: s.TrustedProxies, ResponseTypes: s.ResponseTypes, Registration: s.Registration,
		PushedRequests: s.PushedRequests, Devices: s.Devices, ClientDocuments: s.ClientDocuments,
		Outbound: outbound.New(s.Outbound), Metrics: registry, RequestsAtOnce: s.Serving.RequestsAtOnce,
		MutualTLS: s.Sender.MutualTLS, RequireDPoPNonce: s.Sender.RequiresDPoPNonce(), GatewayOrigins: s.Gateway.Origins,
		Operator: s.Operator, Texts: s.Texts,
		Places:      s.Places,
		Captcha:     s.Captcha,
		Signing:     signing(s),
		Invitations: s.Invitations, Mail: letters, Tracing: tracing(s, sender),
		RateLimits: s.Serving.RateLimits, RateSharing: sharing,
	})
	if err != nil {
		return nil, database.ExplainSealed(err)
	}
	events := store.NewEventQueue(logger)
	registry.MustRegister(eventMetrics(events)...)
	registry.MustRegister(append(databaseMetrics(store), replicaMetrics(store)...)...)
	forwardAuth, mounts := buildGateway(s.Gateway, p, events, registry)
	legacy := ehealth.New(p, s.Legacy)
	guard := newAdminGuard(s)
	guard.store = store
	registry.MustRegister(guard.refusals)
	ready := &readiness{store: store, keys: keys, clockSkew: s.Serving.ClockSkew}
	api := admin.New(admin.Options{
		Provider: p, Keys: keys, Guard: guard, Mail: letters, LegacySecretsHashed: s.Legacy.SecretsHashed,
		Checks: ready.checks, Settings: settingsForAPI(o.Describe), Version: o.Build.String(), URL: s.Console,
	})
	mounts = append(mounts, legacy.Mount)
	if s.Dev {
		data := demo.New(s.Issuer)
		if err := data.Fill(ctx, store, passwords); err != nil {
			return nil, fmt.Errorf("demo data: %w", err)
		}
		mounts = append(mounts, data.Mount(store, s.Scheme+"://"+config.Reachable(s.Listen), ownClient(s.Certificate)))
	}
	reloads := append(reloadRules(s.Gateway, forwardAuth), watchAuthorities(s.Signing.Authorities, registry, logger)...)
	reloads = append(reloads, reloadCertificates(s, registry, logger)...)
	reloads = append(reloads, reloadDeclaration(ctx, s, store, logger)...)
	if o.Reload != nil {
		reloads = append(reloads, reloadSettings(o.Reload, s, guard, store))
	}
	adminMounts := []provider.AdminMount{forwardAuth.MountAdmin, api.MountAdmin, legacy.MountAdmin}
	if s.Console != nil {
		operators, err := console.New(ctx, console.Options{
			Provider: p, Keys: keys, URL: s.Console, SecretsHashed: s.Legacy.SecretsHashed,
			Mail: letters, CertificateEnds: certificateEnds(s.Certificate),
		})
		if err != nil {
			return nil, err
		}
		adminMounts = append(adminMounts, operators.MountAdmin)
	}
	public := p.Handler(mounts...)
	return &service{
		settings: s, store: store, keys: keys, provider: p, logger: logger, ready: ready, events: events,
		reloads: reloads, telemetry: sender, rates: sharing, registry: registry, mail: letters,
		janitor: newJanitor(s.Janitor, store, logger, registry),
		public:  public, mutual: p.MutualTLSHandler(public),
		admin:   adminHandler(ready, registry, p.AdminHandler(guard.protect, adminMounts...)),
		mithril: mithrilHandler(s.Mithril, p, legacy),
	}, nil
}

// tracing makes spans of requests; nil where no traces are sent.
func tracing(s *config.Settings, sender *telemetry.Telemetry) *inbound.Tracing {
	tracers := sender.TracerProvider()
	if tracers == nil {
		return nil
	}
	t := &inbound.Tracing{Tracer: tracers.Tracer("ithildin/provider")}
	if !s.Telemetry.IgnoreParents {
		t.Parents = s.TrustedProxies
	}
	return t
}

// signing is what the signature page is given.
func signing(s *config.Settings) (given login.Signing) {
	if s.Signing.Authorities != nil {
		given.Authorities = &s.Signing.Authorities.SignatureAuthorities
	}
	given.Library = s.Signing.Library
	if len(s.Signing.Hosts) > 0 {
		reached := s.Outbound
		reached.Plaintext = true
		given.Services = &identity.AuthorityServices{
			Client: outbound.New(reached), Hosts: s.Signing.Hosts, Finders: s.Signing.Finders,
		}
	}
	return given
}

// settingsForAPI lists the settings as the admin API shows them.
func settingsForAPI(describe func() []config.Setting) (settings []admin.Setting) {
	if describe == nil {
		return nil
	}
	for _, setting := range describe() {
		settings = append(settings, admin.Setting(setting))
	}
	return settings
}
