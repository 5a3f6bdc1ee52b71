package registration

import (
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"ithildin/provider/clientauth"
	"ithildin/storage"
)

// profile holds the client to its security profile, by the table storage.Profiles.
func (c *metadataCheck) profile() {
	p, m, policy := c.client.Profile(), c.metadata, c.client.Policy
	demand := func(met bool, member, demanded string) {
		if !met {
			c.refuse(member, "the profile %s demands %s", p.Name, demanded)
		}
	}
	demand(p.AuthMethods == nil || slices.Contains(p.AuthMethods, m.TokenEndpointAuthMethod),
		"token_endpoint_auth_method", oneOfThese(p.AuthMethods))
	for _, responseType := range m.ResponseTypes {
		demand(p.ResponseTypes == nil || slices.Contains(p.ResponseTypes, responseType),
			"response_types", oneOfThese(p.ResponseTypes))
	}
	for _, grantType := range m.GrantTypes {
		demand(p.GrantTypes == nil || slices.Contains(p.GrantTypes, grantType), "grant_types", oneOfThese(p.GrantTypes))
	}
	demand(p.AssertionAudience == "" || policy.AssertionAudience == p.AssertionAudience,
		"policy.assertion_audience", p.AssertionAudience+": the aud of a client assertion is the issuer, as a string")
	if slices.Contains(m.GrantTypes, "authorization_code") {
		demand(!p.PKCE || policy.RequirePKCE, "policy.require_pkce", "true: PKCE with S256 (RFC 7636)")
		demand(!p.PushedRequests || m.RequirePushedAuthorizationRequests,
			"require_pushed_authorization_requests", "true: pushed authorization requests (RFC 9126)")
		demand(!p.SignedRequests || m.RequireSignedRequestObject,
			"require_signed_request_object", "true: signed request objects (RFC 9101)")
		demand(p.LongestCodeLifetime == 0 || policy.CodeLifetime <= p.LongestCodeLifetime,
			"policy.code_lifetime", strconv.Itoa(int(p.LongestCodeLifetime/time.Second))+" seconds at most")
		demand(p.CodeReplay == "" || policy.CodeReplay == p.CodeReplay,
			"policy.code_replay", p.CodeReplay+": a code that comes back revokes what it was exchanged for")
	}
	if !p.IsBound(m) {
		c.refuse(p.SenderConstraint[0], "the profile %s demands that %s is true: access tokens that are bound to what the "+
			"client holds", p.Name, oneOfThese(p.SenderConstraint))
	}
	demand(p.Refresh == "" || policy.Refresh == p.Refresh,
		"policy.refresh", p.Refresh+": refresh tokens do not rotate")
	demand(p.PublicRefresh == "" || !c.client.IsPublic() || policy.Refresh == p.PublicRefresh,
		"policy.refresh", p.PublicRefresh+" of a client without credentials")
	c.profileAlgorithms(p)
	c.profileRedirects(p)
}

// profileAlgorithms: what the client signs may be left open, and is then held to the profile at each request; what is
// signed for it would be RS256.
func (c *metadataCheck) profileAlgorithms(p storage.Profile) {
	if p.SigningAlgorithms == nil {
		return
	}
	m := c.metadata
	check := func(member, value string, mayBeOpen bool) {
		if !slices.Contains(p.SigningAlgorithms, value) && (value != "" || !mayBeOpen) {
			c.refuse(member, "the profile %s demands %s", p.Name, oneOfThese(p.SigningAlgorithms))
		}
	}
	check("token_endpoint_auth_signing_alg", m.TokenEndpointAuthSigningAlg, true)
	check("request_object_signing_alg", m.RequestObjectSigningAlg, true)
	check("userinfo_signed_response_alg", m.UserinfoSignedResponseAlg, true)
	check("introspection_signed_response_alg", m.IntrospectionSignedResponseAlg, true)
	check("authorization_signed_response_alg", m.AuthorizationSignedResponseAlg, false)
	check("id_token_signed_response_alg", m.IDTokenSignedResponseAlg, false)
	check("access_token_signing_alg", m.AccessTokenSigningAlg, c.client.Policy.AccessToken != storage.AccessTokenJWT)
	if !slices.Contains(clientauth.CertificateMethods, m.TokenEndpointAuthMethod) || m.RequireSignedRequestObject {
		c.verifiable("the profile "+p.Name, "", clientauth.AlgorithmsOf(p))
	}
}

func (c *metadataCheck) profileRedirects(p storage.Profile) {
	for _, connection := range c.client.Connections {
		if p.ExactRedirect && connection.RedirectMatch != storage.RedirectMatchExact {
			c.refuse("redirect_uris", "the profile %s demands that they are compared exactly", p.Name)
		}
		for _, uri := range connection.RedirectURIs {
			if u, err := url.Parse(uri); p.HTTPSRedirect && (err != nil || u.Scheme != "https") {
				c.refuse("redirect_uris", "%.200q: the profile %s demands https", uri, p.Name)
			}
		}
	}
}

func oneOfThese(names []string) string {
	if len(names) == 1 {
		return names[0]
	}
	return "one of " + strings.Join(names, ", ")
}
