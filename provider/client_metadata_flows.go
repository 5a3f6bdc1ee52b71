package provider

import (
	"slices"
	"strings"

	"ithildin/storage"
)

// The grants of RFC 7591 section 2 that are served, and those of them that anybody may register for: a grant without a user
// asks for somebody who vouches for the client.
var (
	registrableGrants = append([]string{"implicit"}, grantTypes...)
	openGrants        = []string{"authorization_code", "implicit", "refresh_token"}
)

// grantsOfResponseType says which grants a response type goes with (RFC 7591 section 2.1, OIDC Registration section 2).
var grantsOfResponseType = map[string][]string{
	"code":                {"authorization_code"},
	"id_token":            {"implicit"},
	"id_token token":      {"implicit"},
	"code id_token":       {"authorization_code", "implicit"},
	"code token":          {"authorization_code", "implicit"},
	"code id_token token": {"authorization_code", "implicit"},
}

// responseTypeOrder is in which order the values of a response type are written.
var responseTypeOrder = []string{"code", "id_token", "token"}

// CanonicalResponseType writes a response type, whose values may come in any order, in the one order that is registered; what
// it does not know it leaves (OAuth 2.0 Multiple Response Type Encoding Practices, section 3).
func CanonicalResponseType(responseType string) string {
	values := strings.Fields(responseType)
	var ordered []string
	for _, value := range responseTypeOrder {
		if slices.Contains(values, value) {
			ordered = append(ordered, value)
		}
	}
	if len(ordered) != len(values) {
		return responseType
	}
	return strings.Join(ordered, " ")
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
		c.responseType(CanonicalResponseType(responseType))
	}
	if len(m.ResponseTypes) == 0 && slices.Contains(m.GrantTypes, "authorization_code") {
		c.refuse("response_types", "are missing: the grant authorization_code wants one with code")
	}
	if c.client.IsPublic() && slices.Contains(m.GrantTypes, "client_credentials") {
		c.refuse("grant_types", "client_credentials is not for a client with token_endpoint_auth_method none")
	}
}

func (c *metadataCheck) responseType(responseType string) {
	needed, known := grantsOfResponseType[responseType]
	if allowed := c.rules.ResponseTypes; !known || allowed != nil && !servesResponseType(allowed, responseType) {
		if allowed == nil {
			allowed = []string{"code", "id_token", "id_token token", "code id_token", "code token", "code id_token token"}
		}
		c.refuse("response_types", "%.100q is not supported: want some of %s", responseType, strings.Join(allowed, "; "))
		return
	}
	for _, grant := range needed {
		if !slices.Contains(c.metadata.GrantTypes, grant) {
			c.refuse("grant_types", "lack %s, which the response type %q needs", grant, responseType)
		}
	}
}

func servesResponseType(allowed []string, responseType string) bool {
	return slices.ContainsFunc(allowed, func(a string) bool { return CanonicalResponseType(a) == responseType })
}

// usesImplicit says whether the client may get tokens in a fragment.
func usesImplicit(m *storage.Metadata) bool { return slices.Contains(m.GrantTypes, "implicit") }
