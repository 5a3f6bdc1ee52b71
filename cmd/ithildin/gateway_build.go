package main

import (
	"github.com/prometheus/client_golang/prometheus"

	"ithildin/adapters/gateway"
	"ithildin/provider"
	"ithildin/storage"
)

// buildGateway makes what answers gateways, and returns what it adds to the public listener.
func buildGateway(
	s gatewaySettings, p *provider.Provider, events *storage.EventQueue, registry prometheus.Registerer,
) (*gateway.Gateway, []provider.Mount) {
	g := gateway.New(gateway.Options{
		Provider: p, Rules: s.rules, Audiences: s.audiences, ABAC: s.abac, Events: events, Metrics: registry,
	})
	if s.gatekeeper == nil {
		return g, nil
	}
	s.gatekeeper.Provider = p
	return g, []provider.Mount{s.gatekeeper.Mount}
}

// reloadRules reads the rules again; there are none without a file.
func reloadRules(s gatewaySettings, g *gateway.Gateway) []reloadable {
	if s.rulesFile == "" {
		return nil
	}
	return []reloadable{{what: "the rules of the gateway", reload: func() error {
		rules, err := readRules(s.rulesFile)
		if err != nil {
			return err
		}
		g.SetRules(rules)
		return nil
	}}}
}
