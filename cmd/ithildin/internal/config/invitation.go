package config

import (
	"net/url"
	"strings"

	"ithildin/provider"
)

// invitationFlags name where invitations of employees are kept.
type invitationFlags struct {
	EHealthAPIURL string `name:"ehealth-api-url" env:"ITHILDIN_EHEALTH_API_URL" placeholder:"URL" help:"@ehealth_api_url"`
	Client        string `name:"invitation-client" env:"ITHILDIN_INVITATION_CLIENT" placeholder:"ID" help:"@invitation_client"`
	RulesURL      string `name:"invitation-rules-url" env:"ITHILDIN_INVITATION_RULES_URL" placeholder:"URL" help:"@rules"`
	Factor        string `name:"invitation-factor" env:"ITHILDIN_INVITATION_FACTOR" placeholder:"optional" help:"@inv_factor"`
}

// The values of ITHILDIN_INVITATION_FACTOR.
const (
	invitationFactorRequired = "required"
	invitationFactorOptional = "optional"
)

func (f invitationFlags) load(p *problems) provider.Invitations {
	o := provider.Invitations{EHealthAPI: f.EHealthAPIURL, ClientID: strings.ToLower(f.Client), RulesURI: f.RulesURL}
	if f.EHealthAPIURL != "" {
		checkServiceURL(p, "ITHILDIN_EHEALTH_API_URL", f.EHealthAPIURL)
	}
	switch {
	case f.EHealthAPIURL != "" && f.Client == "":
		p.add("ITHILDIN_INVITATION_CLIENT", "is required with ITHILDIN_EHEALTH_API_URL")
	case f.EHealthAPIURL == "" && f.Client != "":
		p.add("ITHILDIN_EHEALTH_API_URL", "is required with ITHILDIN_INVITATION_CLIENT")
	}
	if u, err := url.Parse(f.RulesURL); f.RulesURL != "" && (err != nil || u.Scheme != "https" || u.Host == "") {
		p.add("ITHILDIN_INVITATION_RULES_URL", "is no https URL")
	}
	switch f.Factor {
	case "", invitationFactorRequired:
	case invitationFactorOptional:
		o.FactorOptional = true
	default:
		p.add("ITHILDIN_INVITATION_FACTOR", "is %q: want required or optional", f.Factor)
	}
	return o
}
