package main

import (
	"bytes"
	"net/url"
	"os"
	"strings"

	"github.com/prometheus/client_golang/prometheus"

	"ithildin/adapters/gateway"
	"ithildin/provider"
	"ithildin/storage"
)

// gatewayFlags configure what answers gateways, and the gatekeeper of a web front end.
type gatewayFlags struct {
	GatewayRules             string `env:"ITHILDIN_GATEWAY_RULES" placeholder:"PATH" help:"File with the rules by which requests pass a gateway; SIGHUP reads it again."`
	GatewayAudiences         string `env:"ITHILDIN_GATEWAY_AUDIENCES" placeholder:"URI,…" help:"Resources that a token may be for at the gateway; default the issuer, and those of the rules."`
	ABACURL                  string `name:"abac-url" env:"ITHILDIN_ABAC_URL" placeholder:"URL" help:"Service that decides about single records."`
	ABACTokenFile            string `name:"abac-token-file" env:"ITHILDIN_ABAC_TOKEN_FILE" placeholder:"PATH" help:"File with its bearer token, else it is in ITHILDIN_ABAC_TOKEN."`
	GatekeeperClientID       string `env:"ITHILDIN_GATEKEEPER_CLIENT_ID" placeholder:"ID" help:"Client of a web front end that keeps its token in a cookie; serves /auth/login, /auth/redirect and /auth/logout."`
	GatekeeperSecretFile     string `env:"ITHILDIN_GATEKEEPER_CLIENT_SECRET_FILE" placeholder:"PATH" help:"File with its secret, else it is in ITHILDIN_GATEKEEPER_CLIENT_SECRET."`
	GatekeeperScope          string `env:"ITHILDIN_GATEKEEPER_SCOPE" placeholder:"SCOPE" help:"What it asks for."`
	GatekeeperRedirectTarget string `name:"gatekeeper-redirect-url" env:"ITHILDIN_GATEKEEPER_REDIRECT_URL" placeholder:"URL" help:"Where the browser goes then; default /."`
}

// gatewaySettings are gatewayFlags that were found right.
type gatewaySettings struct {
	rulesFile  string
	rules      *gateway.Rules
	audiences  []string
	abac       *gateway.ABAC
	gatekeeper *gateway.Gatekeeper
}

func (f gatewayFlags) load(p *problems) (s gatewaySettings) {
	var err error
	if s.rulesFile = f.GatewayRules; s.rulesFile != "" {
		if s.rules, err = readRules(s.rulesFile); err != nil {
			p.add("ITHILDIN_GATEWAY_RULES", "names a file that can't be used: %s", strings.ReplaceAll(err.Error(), "\n", "; "))
		}
	}
	s.audiences = strings.FieldsFunc(f.GatewayAudiences, func(r rune) bool { return r == ',' || r == ' ' })
	token := strings.TrimSpace(p.secret("ITHILDIN_ABAC_TOKEN", f.ABACTokenFile))
	if f.ABACURL != "" {
		checkComponentURL(p, "ITHILDIN_ABAC_URL", f.ABACURL)
		s.abac = &gateway.ABAC{URL: f.ABACURL, Token: token}
	}
	secret := strings.TrimSpace(p.secret("ITHILDIN_GATEKEEPER_CLIENT_SECRET", f.GatekeeperSecretFile))
	target, err := url.Parse(or(f.GatekeeperRedirectTarget, "/"))
	switch {
	case f.GatekeeperClientID == "":
	case secret == "":
		p.add("ITHILDIN_GATEKEEPER_CLIENT_SECRET", "is required with ITHILDIN_GATEKEEPER_CLIENT_ID")
	case err != nil || target.Host != "" && target.Scheme != "https" && target.Scheme != "http":
		p.add("ITHILDIN_GATEKEEPER_REDIRECT_URL", "is no path and no http or https URL")
	default:
		s.gatekeeper = &gateway.Gatekeeper{
			ClientID: f.GatekeeperClientID, ClientSecret: secret, Scope: f.GatekeeperScope, RedirectURL: target.String(),
		}
	}
	return s
}

func readRules(path string) (*gateway.Rules, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	return gateway.ParseRules(bytes.TrimPrefix(text, []byte(markUTF8)))
}

// build makes what answers gateways, and returns what it adds to the public listener.
func (s gatewaySettings) build(
	p *provider.Provider, events *storage.EventQueue, registry prometheus.Registerer,
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

// reloadable reads the rules again; there are none without a file.
func (s gatewaySettings) reloadable(g *gateway.Gateway) []reloadable {
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
