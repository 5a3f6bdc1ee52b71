package config

import (
	"cmp"
	"net/url"
	"os"
	"strings"

	"ithildin/adapters/gateway"
	"ithildin/cmd/ithildin/internal/console"
	"ithildin/provider/inbound"
)

// gatewayFlags configure what answers gateways, and the gatekeeper of a web front end.
type gatewayFlags struct {
	GatewayRules          string `env:"ITHILDIN_GATEWAY_RULES" placeholder:"PATH" help:"@gateway_rules"`
	GatewayAudiences      string `env:"ITHILDIN_GATEWAY_AUDIENCES" placeholder:"URI,…" help:"@gateway_audiences"`
	GatewayOrigins        string `env:"ITHILDIN_GATEWAY_ORIGINS" placeholder:"URL,…" help:"@gateway_origins"`
	ABACURL               string `name:"abac-url" env:"ITHILDIN_ABAC_URL" placeholder:"URL" help:"@abac_url"`
	ABACTokenFile         string `env:"ITHILDIN_ABAC_TOKEN_FILE" placeholder:"PATH" help:"@abac_token_file"`
	GatekeeperClientID    string `env:"ITHILDIN_GATEKEEPER_CLIENT_ID" placeholder:"ID" help:"@gatekeeper_client_id"`
	GatekeeperSecretFile  string `env:"ITHILDIN_GATEKEEPER_CLIENT_SECRET_FILE" placeholder:"PATH" help:"@gatekeeper"`
	GatekeeperScope       string `env:"ITHILDIN_GATEKEEPER_SCOPE" placeholder:"SCOPE" help:"Scopes that it requests."`
	GatekeeperRedirectURL string `env:"ITHILDIN_GATEKEEPER_REDIRECT_URL" placeholder:"URL" help:"@gatekeeper_redirect"`
}

// Gateway are gatewayFlags that were found right.
type Gateway struct {
	RulesFile  string
	Rules      *gateway.Rules
	Audiences  []string
	Origins    []string // without a slash at the end
	ABAC       *gateway.ABAC
	Gatekeeper *gateway.Gatekeeper
}

func (f gatewayFlags) load(p *problems) (s Gateway) {
	var err error
	if s.RulesFile = f.GatewayRules; s.RulesFile != "" {
		if s.Rules, err = ReadRules(s.RulesFile); err != nil {
			p.add("ITHILDIN_GATEWAY_RULES", "names a file that can't be used: %s", strings.ReplaceAll(err.Error(), "\n", "; "))
		}
	}
	isSeparator := func(r rune) bool { return r == ',' || r == ' ' }
	s.Audiences = strings.FieldsFunc(f.GatewayAudiences, isSeparator)
	for _, given := range strings.FieldsFunc(f.GatewayOrigins, isSeparator) {
		origin := inbound.Origin(given)
		if origin == "" || strings.TrimSuffix(given, "/") != origin {
			p.add("ITHILDIN_GATEWAY_ORIGINS", "has %q: want a scheme and a host, such as https://api.example.com", given)
		}
		s.Origins = append(s.Origins, origin)
	}
	token := strings.TrimSpace(p.secret("ITHILDIN_ABAC_TOKEN", f.ABACTokenFile))
	if f.ABACURL != "" {
		checkServiceURL(p, "ITHILDIN_ABAC_URL", f.ABACURL)
		s.ABAC = &gateway.ABAC{URL: f.ABACURL, Token: token}
	}
	secret := strings.TrimSpace(p.secret("ITHILDIN_GATEKEEPER_CLIENT_SECRET", f.GatekeeperSecretFile))
	target, err := url.Parse(cmp.Or(f.GatekeeperRedirectURL, "/"))
	switch {
	case f.GatekeeperClientID == "":
	case secret == "":
		p.add("ITHILDIN_GATEKEEPER_CLIENT_SECRET", "is required with ITHILDIN_GATEKEEPER_CLIENT_ID")
	case err != nil || target.Host != "" && target.Scheme != "https" && target.Scheme != "http":
		p.add("ITHILDIN_GATEKEEPER_REDIRECT_URL", "is no path and no http or https URL")
	default:
		s.Gatekeeper = &gateway.Gatekeeper{
			ClientID: f.GatekeeperClientID, ClientSecret: secret, Scope: f.GatekeeperScope, RedirectURL: target.String(),
		}
	}
	return s
}

// ReadRules reads the rules of the gateway from a file. An error says what in it is wrong.
func ReadRules(path string) (*gateway.Rules, error) {
	content, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	return gateway.ParseRules([]byte(console.WithoutMark(string(content))))
}
