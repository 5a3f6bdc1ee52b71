// Package admin is the admin API of the provider, under /api/v1 of the admin listener: JSON over HTTP, described by
// OpenAPI 3.1 at /api/v1/openapi.json, which docs/openapi.json is a copy of. docs/admin-api.md is its manual.
//
// # A request
//
//  1. authenticate (authenticate.go) finds the operator: by a static token of the listener, or by an access token of
//     the provider itself, whose rights are those of its scope that the roles of its user still have.
//  2. authorize (operation.go) refuses an operator without the right that the operation declares. An operation
//     without one is refused to everybody.
//  3. Parameters and members that the description does not have are refused (unknown.go); the library validates the
//     rest.
//  4. The operation calls the Store, whose methods record each change with the operator's name. A change happens only
//     if the resource is as its If-Match says (condition.go), a creation only once for each Idempotency-Key (once.go).
//  5. An error becomes a problem of RFC 9457 (problem.go).
//
// An operator gives nobody a right that they do not have themselves, and changes neither accounts nor clients with such
// rights (privilege.go): else each right would lead to all others.
package admin
