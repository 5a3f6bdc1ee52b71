package storage

import "ithildin/storage/seal"

// Each part of a Store has the methods on a few tables. All work with one database; a part that needs another one has
// it as a field.

// clientStore has the clients and their types.
type clientStore struct {
	*database
	connections *connectionStore
	tokens      *tokenStore // end with their client
}

// connectionStore has the connections of clients: redirect URIs and secrets.
type connectionStore struct {
	*database
	sealer *seal.Sealer // for the secrets of clients that sign; nil without a master secret
	keys   *keyStore
}

// registrationStore has what clients registered themselves (RFC 7591), and the tokens that let them.
type registrationStore struct {
	*database
	clients *clientStore
}

// userStore has the users and their passwords.
type userStore struct {
	*database
	sessions *loginSessionStore // end when their user is blocked or deleted, or gets another password
	tokens   *tokenStore        // likewise
}

// roleStore has the roles and which users hold them.
type roleStore struct{ *database }

// scopeStore has the catalogue of scopes.
type scopeStore struct{ *database }

// resourceStore has the resources that access tokens may be for.
type resourceStore struct{ *database }

// detailTypeStore has the types of authorization details.
type detailTypeStore struct{ *database }

// authenticationStore has by what users show who they are beside the password: second factors and one-time codes. It
// also counts the sign-ins that failed.
type authenticationStore struct {
	*database
	sealer   *seal.Sealer // for the seeds of factors
	keys     *keyStore
	sessions *loginSessionStore // sign-ins that wait for a factor end when it is replaced
}

// passkeyStore has the passkeys of users.
type passkeyStore struct{ *database }

// secondFactorStore has the authenticator apps and recovery codes of users, which the legacy API does not know.
type secondFactorStore struct {
	*database
	sealer         *seal.Sealer // for the secrets of authenticators; nil without a master secret
	keys           *keyStore
	authentication *authenticationStore // has the phones
	passkeys       *passkeyStore
}

// approvalStore has what users let clients have.
type approvalStore struct {
	*database
	sessions *loginSessionStore // whom to tell of a withdrawal
	tokens   *tokenStore        // end with their approval
}

// tokenStore has what is issued: codes, grants with their refresh tokens, and access tokens; and the authorization
// requests that clients pushed, or that devices have people answer elsewhere.
type tokenStore struct{ *database }

// loginSessionStore has the sign-ins: sessions of browsers, tokens of the login API, and the notices of logouts.
type loginSessionStore struct{ *database }

// consoleStore has the sign-ins of operators to the console, and what they keep there.
type consoleStore struct{ *database }

// invitationStore has the invitations to have roles.
type invitationStore struct{ *database }

// noticeStore has what people are still to be told of their accounts.
type noticeStore struct{ *database }

// mailStore has the queue of mails.
type mailStore struct {
	*database
	sealer *seal.Sealer
}

// keyStore has the signing keys and the random keys, both sealed.
type keyStore struct {
	*database
	sealer *seal.Sealer
	keys   randomKeys // the random ones that were read
}

// auditStore has the audit events.
type auditStore struct{ *database }

// replicaStore measures how young a replica is.
type replicaStore struct{ *database }

// settingStore has what the processes on a database agree on: settings, leases, and which creations were made already.
type settingStore struct {
	*database
	keys *keyStore
}

// rateStore has what rate limits have counted.
type rateStore struct{ *database }

// configuration serves clients, roles, scopes, resources and types of authorization details from memory, and watches
// the database for changes of them.
type configuration struct {
	*database
	clients   *clientStore
	roles     *roleStore
	scopes    *scopeStore
	resources *resourceStore
	types     *detailTypeStore
}

// janitor deletes the rows that are of no more use.
type janitor struct{ *database }

// importer writes the rows of an import.
type importer struct {
	*database
	authentication *authenticationStore
}

// newStore puts the parts together.
func newStore(d *database, sealer *seal.Sealer) *Store {
	keys := &keyStore{database: d, sealer: sealer}
	tokens := &tokenStore{database: d}
	sessions := &loginSessionStore{database: d}
	connections := &connectionStore{database: d, sealer: sealer, keys: keys}
	clients := &clientStore{database: d, connections: connections, tokens: tokens}
	roles := &roleStore{database: d}
	scopes := &scopeStore{database: d}
	resources := &resourceStore{database: d}
	types := &detailTypeStore{database: d}
	authentication := &authenticationStore{database: d, sealer: sealer, keys: keys, sessions: sessions}
	passkeys := &passkeyStore{database: d}
	users := &userStore{database: d, sessions: sessions, tokens: tokens}
	return &Store{
		database: d,
		configuration: &configuration{
			database: d, clients: clients, roles: roles, scopes: scopes, resources: resources, types: types,
		},
		clientStore:         clients,
		connectionStore:     connections,
		registrationStore:   &registrationStore{database: d, clients: clients},
		userStore:           users,
		roleStore:           roles,
		scopeStore:          scopes,
		resourceStore:       resources,
		detailTypeStore:     types,
		authenticationStore: authentication,
		passkeyStore:        passkeys,
		secondFactorStore: &secondFactorStore{
			database: d, sealer: sealer, keys: keys, authentication: authentication, passkeys: passkeys,
		},
		approvalStore:      &approvalStore{database: d, sessions: sessions, tokens: tokens},
		tokenStore:         tokens,
		loginSessionStore:  sessions,
		consoleStore:       &consoleStore{database: d},
		invitationStore:    &invitationStore{database: d},
		passwordResetStore: &passwordResetStore{database: d, sealer: sealer, users: users},
		noticeStore:        &noticeStore{database: d},
		mailStore:          &mailStore{database: d, sealer: sealer},
		keyStore:           keys,
		auditStore:         &auditStore{database: d},
		replicaStore:       &replicaStore{d},
		settingStore:       &settingStore{database: d, keys: keys},
		rateStore:          &rateStore{database: d},
		janitor:            &janitor{database: d},
		importer:           &importer{database: d, authentication: authentication},
	}
}
