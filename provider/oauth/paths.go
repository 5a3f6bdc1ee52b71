package oauth

// The paths of the standard face; they are fixed names.
const (
	PathDiscovery      = "/.well-known/openid-configuration"
	PathServerMetadata = "/.well-known/oauth-authorization-server"
	PathJWKS           = "/.well-known/jwks.json"
	PathAuthorize      = "/oauth2/authorize"
	PathPushedRequest  = "/oauth2/par"
	PathDevice         = "/oauth2/device_authorization"
	PathToken          = "/oauth2/token"
	PathUserinfo       = "/oauth2/userinfo"
	PathIntrospect     = "/oauth2/introspect"
	PathRevoke         = "/oauth2/revoke"
	PathLogout         = "/oauth2/logout"
	PathSession        = "/oauth2/session" // the page behind check_session_iframe
	PathRegister       = "/oauth2/register"
)

// PathProtectedResource is followed by the path of the resource that is described (RFC 9728 3.1).
const PathProtectedResource = "/.well-known/oauth-protected-resource"
