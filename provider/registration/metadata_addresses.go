package registration

import (
	"slices"
	"strings"

	"ithildin/provider/inbound"
	"ithildin/provider/redirect"
	"ithildin/storage"
)

// The application types of OIDC Registration section 2.
const (
	applicationWeb    = "web"
	applicationNative = "native"
)

// redirects checks where users are sent back to.
func (c *metadataCheck) redirects() {
	c.oneOf("application_type", c.metadata.ApplicationType, []string{applicationWeb, applicationNative})
	for _, connection := range c.client.Connections {
		if connection.RedirectMatch == storage.RedirectMatchPrefix {
			continue
		}
		c.redirectURIs("redirect_uris", connection.RedirectURIs, redirect.AuthorizationResponse, usesImplicit(c.metadata))
	}
	c.redirectURIs("post_logout_redirect_uris", c.metadata.PostLogoutRedirectURIs, redirect.LogoutResponse, false)
}

// redirectURIs checks URIs that a browser is sent to, with the parameters that are added to them.
func (c *metadataCheck) redirectURIs(member string, uris, added []string, implicit bool) {
	if !c.bounded(member, uris) {
		return
	}
	native := c.metadata.ApplicationType == applicationNative
	for _, uri := range uris {
		if err := redirect.ValidateReturnURI(uri); err != nil {
			c.refuse(member, "%v", err)
			continue
		}
		if err := redirect.ValidateOwnQuery(uri, added); err != nil {
			c.refuse(member, "%v", err)
		}
		u, isAbsolute := redirect.Parse(uri)
		switch {
		case !native && (!isAbsolute || u.Scheme != "http" && u.Scheme != "https"):
			c.refuse(member, "%.200q has a private-use scheme, which is for application_type native (RFC 8252 section 7.1)", uri)
		case !native && implicit && (u.Scheme != "https" || u.Hostname() == "localhost"):
			c.refuse(member, "%.200q: want https and not localhost for the implicit grant of application_type web", uri)
		}
	}
}

// addresses checks the other URIs: what a browser shows or opens, and what the provider itself asks.
func (c *metadataCheck) addresses() {
	m := c.metadata
	for _, address := range []struct{ member, uri string }{
		{"client_uri", m.ClientURI}, {"logo_uri", m.LogoURI}, {"policy_uri", m.PolicyURI}, {"tos_uri", m.TermsURI},
		{"initiate_login_uri", m.InitiateLoginURI}, {"sector_identifier_uri", m.SectorIdentifierURI},
		{"backchannel_logout_uri", m.BackchannelLogoutURI}, {"frontchannel_logout_uri", m.FrontchannelLogoutURI},
	} {
		if address.uri != "" {
			c.https(address.member, address.uri)
		}
	}
	if m.FrontchannelLogoutURI != "" && !c.sharesOrigin(m.FrontchannelLogoutURI) {
		c.refuse("frontchannel_logout_uri", "%.200q: want the scheme, host and port of one of the redirect_uris",
			m.FrontchannelLogoutURI)
	}
	if err := redirect.ValidateOwnQuery(m.FrontchannelLogoutURI, redirect.FrontchannelLogoutRequest); err != nil {
		c.refuse("frontchannel_logout_uri", "%v", err)
	}
	if c.bounded("request_uris", m.RequestURIs) {
		for _, uri := range m.RequestURIs {
			address, _, _ := strings.Cut(uri, "#") // the hash of what is there may follow (OIDC Core 6.2)
			c.https("request_uris", address)
		}
	}
}

func (c *metadataCheck) https(member, uri string) {
	switch {
	case len(uri) > redirect.MaximumLength:
		c.refuse(member, "has %d characters: want %d at most", len(uri), redirect.MaximumLength)
	case !redirect.IsPrintableASCII(uri) || strings.Contains(uri, "#"):
		c.refuse(member, "%.200q is malformed or has a fragment: want an https URL", uri)
	case inbound.HTTPSOrigin(uri) == "":
		c.refuse(member, "%.200q: want an https URL with a host and without user information", uri)
	}
}

// sharesOrigin is what Front-Channel Logout section 2 asks of a frontchannel_logout_uri.
func (c *metadataCheck) sharesOrigin(uri string) bool {
	origin := inbound.Origin(uri)
	return origin != "" && slices.ContainsFunc(c.client.RegisteredRedirectURIs(), func(registered string) bool {
		return inbound.Origin(registered) == origin
	})
}

// subject checks by what name the client knows its users (OIDC Core 8.1).
func (c *metadataCheck) subject() {
	m := c.metadata
	c.oneOf("subject_type", m.SubjectType, []string{storage.SubjectTypePublic, storage.SubjectTypePairwise})
	if m.SubjectType != storage.SubjectTypePairwise {
		return
	}
	if _, err := SectorIdentifier(c.client); err != nil {
		c.refuse("sector_identifier_uri", "is missing: %v", err)
	}
}
