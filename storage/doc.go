// Package storage reads and writes the rows: their types, and the SQL for PostgreSQL and SQLite. It decides
// nothing about protocols: what a client may do is decided in package provider.
//
// Three rules hold everywhere:
//
//   - Single use is one conditional write and a row count, never a read followed by a write.
//   - A write that is sent twice, because a connection died before its answer came, has the effect of one: every
//     attempt has an id, which the row keeps.
//   - Credentials and token values are stored as hashes, or sealed under the master secret if they must be read again.
//
// # The parts of a Store
//
// Store is made of parts, each with the methods on a few tables (parts.go); callers use all of them as methods of the
// Store. A method stands in the file that is named after its table.
//
//	database             pools, clock, statements and transactions; every part works with it
//	configuration        clients, roles and scopes from memory, and the watch over their changes
//	clientStore          clients and their types
//	connectionStore      redirect URIs and secrets of clients
//	registrationStore    what clients registered themselves, and initial access tokens
//	userStore            users and passwords
//	roleStore            roles, and who holds them
//	scopeStore           the catalogue of scopes
//	authenticationStore  second factors of the legacy API, one-time codes, failures of sign-ins
//	secondFactorStore    authenticator apps and recovery codes
//	passkeyStore         passkeys
//	approvalStore        what users let clients have
//	tokenStore           pushed requests, codes, grants, access tokens; the Batch of a request
//	loginSessionStore    sessions of browsers, tokens of the login API, notices of logouts
//	invitationStore      the invitations to have roles
//	passwordResetStore   links of forgotten passwords
//	mailStore            the queue of mails
//	noticeStore          what people are still to be told of their accounts
//	keyStore             signing keys and random keys
//	auditStore           audit events
//	replicaStore         how young a replica is
//	settingStore         settings, leases, idempotency keys
//	janitor              deletes what has expired
//	importer             writes the rows of an import
//
// # The writes of a request
//
// A token request or an authorization request has a Batch. Its writes are queued in it, and Flush makes them: one
// statement on PostgreSQL, one transaction on SQLite. Its precondition is the first of them; nothing else is written
// unless the precondition changed a row. Revocations are made at once, since the request that causes them fails.
//
// # The writes of an administrator
//
// A method that changes a row for an administrator names the kind of its event and its subject (changing); the subject
// is read before and after in the same transaction, and the event is written with the change, if the context has an
// Actor (ActingAs). Together makes one transaction of several such methods.
//
// # The cache
//
// Clients, connections, client types, roles, scopes and keys are cached. A change to any of them raises a version in
// the same transaction; Watch reads it once a second and empties the cache if it has changed. A cache that could not be
// confirmed for ten seconds is not used.
package storage
