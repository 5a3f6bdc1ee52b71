package storage

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// The names of the security profiles.
const (
	ProfileBaseline            = "baseline"
	ProfileOAuth21             = "oauth21"
	ProfileFAPI2               = "fapi2"
	ProfileFAPI2MessageSigning = "fapi2-message-signing"
	ProfileFAPI1Advanced       = "fapi1-advanced"
)

// Profile is what a security profile demands of a client: how it is registered, and how it makes its requests. The zero
// value of a field demands nothing. What every client is held to is no field: exact scopes, code_challenge_method S256,
// and iss in each authorization response (RFC 9207).
type Profile struct {
	Name string
	// SigningAlgorithms are those of what the client signs, and of what is signed for it.
	SigningAlgorithms []string
	AuthMethods       []string
	// AssertionAudience is Policy.AssertionAudience.
	AssertionAudience string
	ResponseTypes     []string
	// GrantTypes are those that the client may use; nil: every one that there is.
	GrantTypes []string
	// SignedResponse are the response types whose response must be a JWT (JARM).
	SignedResponse []string
	// Scope says that a request must name a scope, and RedirectURI that it must name its redirect URI.
	Scope, RedirectURI bool
	// Nonce says that a request with the scope openid must have a nonce, and State that one without must have a state.
	// StateHash says that the ID token in an authorization response has the hash of its state.
	Nonce, State, StateHash bool
	// PKCE says that a request for a code must have a code_challenge, PushedPKCE that one must which was pushed.
	PKCE, PushedPKCE bool
	PushedRequests   bool
	SignedRequests   bool
	// StrictRequestObjects says that of a request with a request object only what stands in the object counts, and that
	// it must have aud, and nbf and exp at most an hour apart.
	StrictRequestObjects bool
	// SenderConstraint are the members of the metadata one of which must be true, so that access tokens are bound to what
	// the client holds: the first is set where the client has none of them.
	SenderConstraint []string
	// ExactRedirect says that redirect URIs are compared as they are; HTTPSRedirect that all of them are https.
	ExactRedirect, HTTPSRedirect bool
	LongestCodeLifetime          time.Duration
	// CodeReplay is Policy.CodeReplay, Refresh Policy.Refresh, and PublicRefresh that of a client without credentials.
	CodeReplay, Refresh, PublicRefresh string
}

// The members of the metadata that bind access tokens.
const (
	BoundByKey         = "dpop_bound_access_tokens"                   // RFC 9449 5.2
	BoundByCertificate = "tls_client_certificate_bound_access_tokens" // RFC 8705 3.4
)

// fapiAuthMethods are those of FAPI 2.0 Security Profile 5.3.2.1 and of FAPI 1.0 Advanced 5.2.2.
var fapiAuthMethods = []string{AuthMethodPrivateKeyJWT, AuthMethodTLS, AuthMethodSelfSignedTLS}

// fapiGrantTypes leave out the device authorization grant: whoever approves it is not known to sit before the device
// that gets the tokens, which the attacker model of FAPI does not allow for.
var fapiGrantTypes = []string{"authorization_code", "implicit", "refresh_token", "client_credentials"}

// fapiAlgorithms are those of FAPI 2.0 Security Profile 5.4.1; the first is what a client gets that chooses none.
var fapiAlgorithms = []string{"ES256", "PS256", "EdDSA"}

// Profiles is the table of the security profiles; docs/profiles.md has the same for readers.
var Profiles = []Profile{
	{Name: ProfileBaseline},
	{
		Name: ProfileOAuth21, ResponseTypes: []string{"code"}, PKCE: true, ExactRedirect: true,
		LongestCodeLifetime: 10 * time.Minute, CodeReplay: CodeReplayRevoke, PublicRefresh: RefreshRotate,
	},
	{
		Name: ProfileFAPI2, SigningAlgorithms: fapiAlgorithms, AuthMethods: fapiAuthMethods,
		AssertionAudience: AssertionAudienceIssuer, ResponseTypes: []string{"code"}, GrantTypes: fapiGrantTypes,
		PKCE: true, PushedRequests: true,
		StrictRequestObjects: true, RedirectURI: true, ExactRedirect: true, HTTPSRedirect: true,
		SenderConstraint:    []string{BoundByKey, BoundByCertificate},
		LongestCodeLifetime: time.Minute, CodeReplay: CodeReplayRevoke, Refresh: RefreshReuse,
	},
	{
		Name: ProfileFAPI2MessageSigning, SigningAlgorithms: fapiAlgorithms, AuthMethods: fapiAuthMethods,
		AssertionAudience: AssertionAudienceIssuer, ResponseTypes: []string{"code"}, GrantTypes: fapiGrantTypes,
		PKCE: true, PushedRequests: true,
		SignedRequests: true, StrictRequestObjects: true, RedirectURI: true, ExactRedirect: true, HTTPSRedirect: true,
		SenderConstraint:    []string{BoundByKey, BoundByCertificate},
		LongestCodeLifetime: time.Minute, CodeReplay: CodeReplayRevoke, Refresh: RefreshReuse,
	},
	{
		Name: ProfileFAPI1Advanced, SigningAlgorithms: []string{"ES256", "PS256"},
		AuthMethods: fapiAuthMethods, ResponseTypes: []string{"code", "code id_token"},
		GrantTypes:     fapiGrantTypes,
		SignedResponse: []string{"code"}, Scope: true, RedirectURI: true, Nonce: true, State: true, StateHash: true,
		PushedPKCE: true, SignedRequests: true, StrictRequestObjects: true, ExactRedirect: true, HTTPSRedirect: true,
		SenderConstraint:    []string{BoundByCertificate},
		LongestCodeLifetime: time.Minute, CodeReplay: CodeReplayRevoke,
	},
}

// IsBound says whether a client's metadata binds its access tokens as the profile demands.
func (p Profile) IsBound(m *Metadata) bool {
	return p.SenderConstraint == nil ||
		m.DPoPBoundAccessTokens && slices.Contains(p.SenderConstraint, BoundByKey) ||
		m.CertificateBoundAccessTokens && slices.Contains(p.SenderConstraint, BoundByCertificate)
}

// ProfileNames are the names of the profiles, in the order of the table.
func ProfileNames() []string {
	names := make([]string, len(Profiles))
	for i, p := range Profiles {
		names[i] = p.Name
	}
	return names
}

func findProfile(name string) (Profile, bool) {
	i := slices.IndexFunc(Profiles, func(p Profile) bool { return p.Name == name })
	if i < 0 {
		return Profile{}, false
	}
	return Profiles[i], true
}

// Profile is the security profile of the client. One that this release does not know counts as the strictest.
func (c *Client) Profile() Profile {
	if c.Policy.Profile == "" {
		return Profiles[0]
	}
	known, found := findProfile(c.Policy.Profile)
	if !found {
		known, _ = findProfile(ProfileFAPI2MessageSigning)
	}
	return known
}

// MayUseGrant says whether the client is registered for a grant type that its security profile allows.
func (c *Client) MayUseGrant(grantType string) bool {
	allowed := c.Profile().GrantTypes
	return slices.Contains(c.Metadata.GrantTypes, grantType) && (allowed == nil || slices.Contains(allowed, grantType))
}

// ApplyProfile puts a client under a security profile: it gets the policies and the requirements that the profile
// demands, and the first of the methods and algorithms where it has none of those. What is still missing, such as keys,
// the validation of the client says. The error is of a name that is none of ProfileNames.
func (c *Client) ApplyProfile(name string) error {
	p, found := findProfile(name)
	if !found {
		return fmt.Errorf("unknown profile %q: want one of %s", name, strings.Join(ProfileNames(), ", "))
	}
	policy, m := &c.Policy, &c.Metadata
	policy.Profile = name
	policy.RequirePKCE = policy.RequirePKCE || p.PKCE
	if p.LongestCodeLifetime > 0 {
		policy.CodeLifetime = min(policy.CodeLifetime, p.LongestCodeLifetime)
	}
	refresh := p.Refresh
	if c.IsPublic() && refresh == "" {
		refresh = p.PublicRefresh
	}
	for member, demanded := range map[*string]string{
		&policy.AssertionAudience: p.AssertionAudience, &policy.CodeReplay: p.CodeReplay, &policy.Refresh: refresh,
	} {
		if demanded != "" {
			*member = demanded
		}
	}
	m.RequirePushedAuthorizationRequests = m.RequirePushedAuthorizationRequests || p.PushedRequests
	m.RequireSignedRequestObject = m.RequireSignedRequestObject || p.SignedRequests
	if !p.IsBound(m) {
		m.DPoPBoundAccessTokens = m.DPoPBoundAccessTokens || p.SenderConstraint[0] == BoundByKey
		m.CertificateBoundAccessTokens = m.CertificateBoundAccessTokens || p.SenderConstraint[0] == BoundByCertificate
	}
	if p.AuthMethods != nil && !slices.Contains(p.AuthMethods, m.TokenEndpointAuthMethod) {
		m.TokenEndpointAuthMethod, m.TokenEndpointAuthSigningAlg = p.AuthMethods[0], ""
	}
	if p.SigningAlgorithms != nil {
		for _, member := range []*string{
			&m.IDTokenSignedResponseAlg, &m.AccessTokenSigningAlg, &m.AuthorizationSignedResponseAlg,
		} {
			if !slices.Contains(p.SigningAlgorithms, *member) {
				*member = p.SigningAlgorithms[0]
			}
		}
	}
	return nil
}
