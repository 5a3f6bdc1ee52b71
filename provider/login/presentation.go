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
	// Host is that of the document by which a client describes itself that nobody has registered; "" for every other.
	Host string
}

// PresentationOf is that of a client.
func PresentationOf(c *storage.Client) Presentation {
	m := c.Metadata
	p := Presentation{Name: c.Name, LogoURI: m.LogoURI, ClientURI: m.ClientURI, PolicyURI: m.PolicyURI,
		TermsURI: m.TermsURI}
	if c.Document != nil {
		p.Host, p.LogoURI = c.Document.Host, ""
	}
	return p
}

// ListedName is what a client is called where nothing explains it: by its name, behind the host of the document that
// describes it, where one does, for it chose that name itself.
func ListedName(c *storage.Client) string {
	if c.Document == nil || c.Name == c.Document.Host {
		return c.Name
	}
	return c.Document.Host + " (" + c.Name + ")"
}

// present lets the page load the logo from its own origin, and from no other.
func (v *view) present(p Presentation) Presentation {
	if v.Policy.Images = inbound.HTTPSOrigin(p.LogoURI); v.Policy.Images == "" {
		p.LogoURI = ""
	}
	return p
}
