// Package mithril imports a database of mithril, the predecessor of this service (contract section 9), so that users,
// clients and gateways can continue with the ids, secrets, passwords and tokens that they have. It only reads from
// mithril, in one transaction, and can be repeated: a row that was imported before is compared, and written only if it
// changed.
//
// Run takes these steps, in an order in which every row finds those that it refers to:
//
//	scopes, client types, roles                        scope.go, roles.go
//	users, earlier passwords                           users.go
//	clients, connections                               clients.go; the forms of secrets are in secrets.go
//	roles of users, global roles, approvals            roles.go, clients.go
//	second factors                                     users.go
//	codes, refresh tokens, access tokens, one-time codes   tokens.go
//
// FindAbsent and Prune (prune.go) delete what an import brought and the source has no more.
//
// Rows are read one by one and written in batches (batches.go). A row that can't be imported is left out with
// everything that refers to it, and named in the Report (report.go).
package mithril
