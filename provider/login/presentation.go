package login

import (
	"ithildin/provider/inbound"
	"ithildin/storage"
)

// Presentation is how a client presents itself to people (OIDC Registration 2: client_name, logo_uri, client_uri,
// policy_uri, tos_uri). All of it is the client's word; the browser alone fetches the logo.
type Presentation struct {
	Name      string
	LogoURI   string // shown only from https
	ClientURI string
	PolicyURI string
	TermsURI  string
}

// PresentationOf is that of a client.
func PresentationOf(c *storage.Client) Presentation {
	m := c.Metadata
	return Presentation{Name: c.Name, LogoURI: m.LogoURI, ClientURI: m.ClientURI, PolicyURI: m.PolicyURI,
		TermsURI: m.TermsURI}
}

// present lets the page load the logo from its own origin, and from no other.
func (v *view) present(p Presentation) Presentation {
	if v.Policy.Images = inbound.HTTPSOrigin(p.LogoURI); v.Policy.Images == "" {
		p.LogoURI = ""
	}
	return p
}
