package gateway

import (
	"context"
	"sync/atomic"

	"github.com/go-chi/chi/v5"
	"github.com/prometheus/client_golang/prometheus"

	"ithildin/provider"
	"ithildin/storage"
)

// Options are what a Gateway takes from outside.
type Options struct {
	Provider *provider.Provider
	// Rules say which requests pass; without any, none does.
	Rules *Rules
	// Audiences are the resources that a token may be for (RFC 9068 4); default: the issuer, and those of the rules.
	Audiences []string
	// ABAC decides about single records; nil refuses every rule that asks it.
	ABAC *ABAC
	// Events keep each decision.
	Events interface {
		Add(ctx context.Context, e storage.Event) error
	}
	// Metrics is where counters are registered; nil keeps them to the Gateway.
	Metrics prometheus.Registerer
}

// Gateway decides for gateways. It is safe for concurrent use.
type Gateway struct {
	Options
	rules     atomic.Pointer[Rules]
	decisions *prometheus.CounterVec
	strangers strangers
}

// New makes a Gateway.
func New(o Options) *Gateway {
	g := &Gateway{Options: o}
	if o.Rules == nil {
		o.Rules = &Rules{}
	}
	g.decisions = newDecisionMetric(o.Metrics)
	g.SetRules(o.Rules)
	return g
}

// SetRules replaces the rules for requests from now on.
func (g *Gateway) SetRules(rules *Rules) {
	audiences := g.Audiences
	if len(audiences) == 0 {
		audiences = append(rules.audiences(), g.Provider.Issuer())
	}
	g.Provider.Tokens().SetAudiences(audiences)
	g.rules.Store(rules)
}

// The paths on the admin listener.
const (
	// PathAuthorize takes the request that is asked about from headers, as nginx and Traefik send them.
	PathAuthorize = "/gateway/authorize"
	// PathEnvoy takes it from what follows the prefix, as Envoy sends it.
	PathEnvoy = "/gateway/envoy"
	// PathResource is what a gateway serves as /.well-known/oauth-protected-resource of an API (RFC 9728).
	PathResource = "/gateway/protected-resource"
)

// MountAdmin adds the routes of the admin listener. They are open: the token in question is the right to ask, and the
// metadata of a resource is for everybody.
func (g *Gateway) MountAdmin(open, _ chi.Router) {
	open.HandleFunc(PathAuthorize, g.authorize)
	open.HandleFunc(PathEnvoy+"/*", g.authorizeEnvoy)
	open.Get(PathResource, g.serveResource)
}
