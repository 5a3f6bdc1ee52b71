package server

import (
	"github.com/prometheus/client_golang/prometheus"

	"ithildin/adapters/gateway"
	"ithildin/cmd/ithildin/internal/config"
	"ithildin/provider"
	"ithildin/storage"
)

// buildGateway makes what answers gateways, and returns what it adds to the public listener.
func buildGateway(
	s config.Gateway, p *provider.Provider, events *storage.EventQueue, registry prometheus.Registerer,
) (*gateway.Gateway, []provider.Mount) {
	g := gateway.New(gateway.Options{
		Provider: p, Rules: s.Rules, Audiences: s.Audiences, ABAC: s.ABAC, Events: events, Metrics: registry,
	})
	if s.Gatekeeper == nil {
		return g, nil
	}
	s.Gatekeeper.Provider = p
	return g, []provider.Mount{s.Gatekeeper.Mount}
}

// reloadRules reads the rules again; there are none without a file.
func reloadRules(s config.Gateway, g *gateway.Gateway) []reloadable {
	if s.RulesFile == "" {
		return nil
	}
	return []reloadable{{what: "the rules of the gateway", reload: func() error {
		rules, err := config.ReadRules(s.RulesFile)
		if err != nil {
			return err
		}
		g.SetRules(rules)
		return nil
	}}}
}
