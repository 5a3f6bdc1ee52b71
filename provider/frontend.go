package provider

// Frontend says how one of the APIs answers an authorization request: as OAuth 2.0 and OpenID Connect have it, or as
// the legacy contract does. A request that waits for a sign-in remembers its frontend by name.
type Frontend struct {
	Name string
	// Success is the URI that takes a code to the client; state is "" when none was sent. nil: by the response mode of the
	// request, as OAuth 2.0 and OpenID Connect have it.
	Success func(redirectURI, code, state string) string
	// LocalErrors says that an error is a page and never a redirect (contract 7.3).
	LocalErrors bool
	// ScopeOfRoles says that a request without a scope means all that the user's roles give (contract 7.1).
	ScopeOfRoles bool
	// TrustsClients says that the users of a trusted client are not asked for consent (contract section 7.1).
	TrustsClients bool
	// RequireRedirectURI says that a request must name it, even where only one is registered.
	RequireRedirectURI bool
}

// StandardFrontend is the name of the frontend of OAuth 2.0 and OpenID Connect.
const StandardFrontend = "standard"
