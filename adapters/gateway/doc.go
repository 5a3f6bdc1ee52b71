// Package gateway decides for a gateway in front of an API whether a request is allowed, and on whose behalf. It
// understands nginx (auth_request), Traefik (ForwardAuth), Envoy (ext_authz over HTTP) and others that ask in the same
// way. Checks and errors are those of the gateway of the eHealth system (contract section 7.5); docs/gateway.md is the
// guide.
//
// # Routes of the admin listener
//
//	any method   /gateway/authorize     about the request that headers describe (X-Original-…, X-Forwarded-…)
//	any method   /gateway/envoy/…       about the request whose path follows the prefix
//
// # Routes of the public listener, if a gatekeeper is configured (gatekeeper.go)
//
//	GET          /auth/login            begins the sign-in of a web front end, with a state and a PKCE challenge
//	GET          /auth/redirect         exchanges the code and sets the cookies
//	GET          /auth/logout           ends the token and removes the cookies
//
// # A decision
//
//  1. original.go reads method, path and host of the request that is asked about; a path that can be read in two ways
//     matches no rule.
//  2. rules.go finds the first matching rule. A public rule allows the request.
//  3. decide (decision.go) takes the token, or for a mis_only rule the api-key, and has provider.Verify look it up. A
//     request with a valid token that no rule matches is refused.
//  4. It compares the audience, then the scopes of the rule with those of the token and of the broker.
//  5. If the rule says so, abac.go asks the ABAC service about the record.
//  6. The decision is queued for the audit; if that fails, the request is refused. Then the answer is written
//     (authorize.go), with the headers for the API or with the error.
//
// Any fault refuses the request.
package gateway
