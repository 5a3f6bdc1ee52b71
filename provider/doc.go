// Package provider is the OpenID provider over HTTP: the endpoints of OAuth 2.0 and OpenID Connect, one file each, and
// the functions that adapters call to serve the legacy interface and gateways. Only this package issues codes and
// tokens. Rows are read and written by package storage, signing keys are those of package jwks, and pages are those of
// package login.
//
// # Routes of the public listener (Provider.Handler; below the path of the issuer)
//
//	GET, POST          /oauth2/authorize                            authorization request (authorize.go)
//	GET                /login/continue                              the same, after a sign-in (authorize.go)
//	GET, POST          /login/consent                               consent (consent.go)
//	POST               /oauth2/par                                  pushed authorization request (pushed_request.go)
//	POST               /oauth2/device_authorization                 request of a device (device_authorization.go)
//	GET, POST          /device                                      its code (device_confirmation.go)
//	GET, POST          /device/confirm                              its confirmation
//	GET                /device/qr                                   the code as a picture (login/device_qr.go)
//	POST               /oauth2/token                                token request (token_endpoint.go, exchange.go)
//	POST               /oauth2/revoke                               revocation (revoke.go)
//	POST               /oauth2/introspect                           introspection (introspect.go)
//	GET, POST          /oauth2/userinfo                             claims of the user (userinfo.go)
//	GET, POST          /oauth2/logout                               RP-initiated logout (logout.go)
//	GET                /oauth2/session                              session iframe (session_iframe.go)
//	POST               /oauth2/register                             registration, if it is on (registration/register.go)
//	GET, PUT, DELETE   /oauth2/register/{client_id}                 management of a registration (registration/manage.go)
//	GET                /.well-known/openid-configuration            metadata (discovery.go)
//	GET                /.well-known/oauth-authorization-server      the same
//	GET                /.well-known/jwks.json                       public keys (discovery.go)
//	GET                /.well-known/change-password                 to the page that changes a password
//	                   /login/…                                     the pages of package login
//
// Adapters mount their routes on the same router, and on the open and the guarded one of the admin listener
// (Provider.AdminHandler).
//
// # An authorization request (authorize.go)
//
// examine runs all checks from the start each time the browser returns, because the pages keep no state but the sealed
// query: client, pushed request, request object, redirect URI, parameters, session, required authentication, scope,
// claims, consent. Until the redirect URI is known to be right an error is a page, then it goes to the client.
//
//	authorize ──> sign-in needed  ──> pages of login    ──> /login/continue ──> examine again
//	          ──> consent needed  ──> /login/consent    ──> examine again
//	          ──> ready           ──> code, tokens      ──> redirect URI of the client
//
// # A token request (exchange.go)
//
//  1. package clientauth authenticates the client and finds its connection.
//  2. fosite runs the grant with the strategies and policies of this package; what is read is kept in the
//     issuance of the request, writes are queued in its batch.
//  3. The batch is flushed: its precondition and all writes, in one statement or transaction.
//  4. The answer is written.
//
// # For adapters
//
//   - Authorize begins an authorization request, and Approve issues a code for a user who is known already.
//   - Exchange answers a token request, and IssueSessionToken issues the tokens of the login API.
//   - Verify and VerifyAPIKey say what a token or an api-key stands for; Inspect and EndToken end one.
package provider
