// Package clientauth finds out which client makes a request. It serves no route; the token, introspection and
// revocation endpoints call Authenticate, registration counts wrong tokens by Failed, and gateways ask VerifyAPIKey.
//
// Authenticate takes these steps:
//
//  1. readCredentials finds the one method that the request uses: a secret in the header (client_secret_basic) or in
//     the form (client_secret_post), an assertion (private_key_jwt, client_secret_jwt), or none.
//  2. verify compares the method with the registered one, and then the proof: a secret with the secrets of all
//     connections (authenticate.go; weak ones with their slow hash, weak_secret.go), an assertion with the client's
//     keys or sealed secrets (assertion.go, signature.go, keys.go). The connection whose secret it is counts for the
//     request.
//  3. A failure is counted by client and network (failure_limit.go); beyond a bound it is answered with 429, and now
//     and then kept in the audit (failure.go). A right proof is never refused for the failures of others.
package clientauth
