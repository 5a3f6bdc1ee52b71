package registration

import (
	"slices"
	"strings"

	"ithildin/provider/oauth"
	"ithildin/storage"
)

// The grants of RFC 7591 section 2 that are served, and those of them that anybody may register for: a grant without a
// user asks for somebody who vouches for the client.
var (
	registrableGrants = append([]string{"implicit"}, oauth.GrantTypes...)
	openGrants        = []string{"authorization_code", "implicit", "refresh_token"}
)

// grantsOf are the grants that a response type goes with (RFC 7591 section 2.1, OIDC Registration section 2).
func grantsOf(responseType string) []string {
	var grants []string
	if oauth.HasResponse(responseType, "code") {
		grants = append(grants, "authorization_code")
	}
	if oauth.UsesFrontChannel(responseType) {
		grants = append(grants, "implicit")
	}
	return grants
}

// flows holds grant types and response types to each other.
func (c *metadataCheck) flows() {
	m := c.metadata
	if !c.bounded("grant_types", m.GrantTypes) || !c.bounded("response_types", m.ResponseTypes) {
		return
	}
	grants := c.rules.GrantTypes
	if grants == nil {
		grants = registrableGrants
	}
	for _, grant := range m.GrantTypes {
		if !slices.Contains(grants, grant) {
			c.refuse("grant_types", "%.100q can't be had: want some of %s", grant, strings.Join(grants, ", "))
		}
	}
	for _, responseType := range m.ResponseTypes {
		c.responseType(responseType)
	}
	if len(m.ResponseTypes) == 0 && slices.Contains(m.GrantTypes, "authorization_code") {
		c.refuse("response_types", "are missing: the grant authorization_code wants one with code")
	}
	if c.client.IsPublic() && slices.Contains(m.GrantTypes, "client_credentials") {
		c.refuse("grant_types", "client_credentials is not for a client with token_endpoint_auth_method none")
	}
	hasToken := func(responseType string) bool { return oauth.HasResponse(responseType, "token") }
	member := "dpop_bound_access_tokens"
	if m.CertificateBoundAccessTokens {
		member = "tls_client_certificate_bound_access_tokens"
	}
	if c.client.BindsAccessTokens() && slices.ContainsFunc(m.ResponseTypes, hasToken) {
		c.refuse(member, "is true, and a token that comes by the browser is bound to nothing: leave out "+
			"the response types with token")
	}
}

func (c *metadataCheck) responseType(given string) {
	allowed := c.rules.ResponseTypes
	if allowed == nil {
		allowed = oauth.ResponseTypes
	}
	responseType := oauth.NormalizeResponseType(given)
	if !slices.Contains(allowed, responseType) {
		c.refuse("response_types", "%.100q is not supported: want some of %s", given, strings.Join(allowed, "; "))
		return
	}
	for _, grant := range grantsOf(responseType) {
		if !slices.Contains(c.metadata.GrantTypes, grant) {
			c.refuse("grant_types", "lack %s, which the response type %q needs", grant, responseType)
		}
	}
}

// usesImplicit says whether the client may get tokens in a fragment.
func usesImplicit(m *storage.Metadata) bool { return slices.Contains(m.GrantTypes, "implicit") }
