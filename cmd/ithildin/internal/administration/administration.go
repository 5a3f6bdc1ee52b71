package administration

import (
	"context"
	"time"

	"ithildin/cmd/ithildin/internal/config"
	"ithildin/cmd/ithildin/internal/database"
	"ithildin/jwks"
	"ithildin/storage"
)

// Administration is what verbs work on.
type Administration interface {
	Users
	Access
	Clients
	Catalogue
	Records
	Now() time.Time
	NewID() string
	// Together runs f in one transaction. Through a server each change is one by itself: those before an error stay.
	Together(ctx context.Context, f func(ctx context.Context) error) error
}

// Users are people with accounts, and their second factors.
type Users interface {
	FindUser(ctx context.Context, id string) (*storage.User, error)
	FindUserByEmail(ctx context.Context, email string) (*storage.User, error)
	ListUsers(ctx context.Context, afterEmail string, limit int) ([]storage.User, error)
	// AddUser stores a user with a password that is not hashed yet.
	AddUser(ctx context.Context, u storage.User, password string) error
	UpdateUser(ctx context.Context, u storage.User) error
	BlockUser(ctx context.Context, id, reason string) error
	UnblockUser(ctx context.Context, id string) error
	DeleteUser(ctx context.Context, id string) error
	// ReplacePassword sets a password that is not hashed yet, and ends the sessions of the user.
	ReplacePassword(ctx context.Context, userID, password string, mustChange bool) error
	ListSecondFactors(ctx context.Context, userID string) ([]storage.SecondFactor, error)
	ActivateSecondFactor(ctx context.Context, userID, kind, id string, active bool) error
	RemoveSecondFactor(ctx context.Context, userID, kind, id string) error
	// ResetPhone takes away the phone of a factor of the kind SMS.
	ResetPhone(ctx context.Context, userID, id string) error
}

// Access is what users have: sessions, approvals, roles, and invitations to have roles.
type Access interface {
	ListLoginSessions(ctx context.Context, userID string) ([]storage.LoginSession, error)
	EndLoginSessions(ctx context.Context, userID string) ([]storage.EndedSession, error)
	EndLoginSessionOf(ctx context.Context, userID, sessionID string) (*storage.EndedSession, error)
	ListApprovals(ctx context.Context, userID string) ([]storage.Approval, error)
	DeleteApproval(ctx context.Context, id string) error
	ListUserRoles(ctx context.Context, userID string) ([]storage.UserRole, error)
	GrantRole(ctx context.Context, userID, roleID, clientID string) error
	RevokeRole(ctx context.Context, userID, roleID, clientID string) error
	PageOfInvitations(
		ctx context.Context, f storage.InvitationFilter, p storage.Page,
	) ([]storage.Invitation, storage.Total, error)
	RevokeInvitation(ctx context.Context, id string) error
}

// Secret is how a client or a connection gets a secret.
type Secret struct {
	Given  string // the secret; "" for one that is made
	Sealed bool   // store it encrypted too, for a client that is to sign with it
	// Legacy says how secrets of clients of the legacy API are stored. A server goes by its own setting.
	Legacy config.LegacySecretsFlag
}

// Clients are clients, their connections, and the tokens by which clients are registered.
type Clients interface {
	ListClients(ctx context.Context, afterID string, limit int) ([]storage.Client, error)
	LoadClient(ctx context.Context, id string) (*storage.Client, error)
	// AddClient stores a client with its one connection, and returns the secret if one was made.
	AddClient(ctx context.Context, c storage.Client, s Secret) (made string, err error)
	UpdateClient(ctx context.Context, c storage.Client) error
	DeleteClient(ctx context.Context, id string) error
	BlockClient(ctx context.Context, id, reason string) error
	UnblockClient(ctx context.Context, id string) error
	FindConnection(ctx context.Context, id string) (*storage.Connection, error)
	// AddConnection stores a connection, which is the last one of the client, and returns the secret if one was made.
	AddConnection(ctx context.Context, c *storage.Client, s Secret) (made string, err error)
	UpdateConnection(ctx context.Context, c storage.Connection) error
	// RotateSecret gives a connection a new secret, and returns it if one was made. The earlier ones stay good for the
	// overlap.
	RotateSecret(
		ctx context.Context, c *storage.Client, connectionID string, s Secret, overlap time.Duration,
	) (made string, err error)
	DeleteConnection(ctx context.Context, id string) error
	ListInitialAccessTokens(ctx context.Context) ([]storage.InitialAccessToken, error)
	// AddInitialAccessToken stores a token for a number of days, and returns its value and when it expires.
	AddInitialAccessToken(
		ctx context.Context, t storage.InitialAccessToken, days int64,
	) (value string, expiresAt time.Time, err error)
	DeleteInitialAccessToken(ctx context.Context, id string) error
}

// Catalogue are roles, client types, scopes, resources and types of authorization details.
type Catalogue interface {
	ListRoles(ctx context.Context) ([]storage.Role, error)
	FindRoleByName(ctx context.Context, name string) (*storage.Role, error)
	CreateRole(ctx context.Context, r storage.Role) error
	UpdateRole(ctx context.Context, r storage.Role) error
	DeleteRole(ctx context.Context, id string) error
	ListClientTypes(ctx context.Context) ([]storage.ClientType, error)
	FindClientTypeByName(ctx context.Context, name string) (*storage.ClientType, error)
	CreateClientType(ctx context.Context, t storage.ClientType) error
	UpdateClientType(ctx context.Context, t storage.ClientType) error
	DeleteClientType(ctx context.Context, id string) error
	ListScopes(ctx context.Context) ([]storage.Scope, error)
	PutScope(ctx context.Context, s storage.Scope) error
	DeleteScope(ctx context.Context, name string) error
	ListResources(ctx context.Context) ([]storage.Resource, error)
	PutResource(ctx context.Context, r storage.Resource) error
	DeleteResource(ctx context.Context, identifier string) error
	ListDetailTypes(ctx context.Context) ([]storage.DetailType, error)
	PutDetailType(ctx context.Context, t storage.DetailType) error
	DeleteDetailType(ctx context.Context, name string) error
}

// Records are the audit and the signing keys.
type Records interface {
	ListEvents(ctx context.Context, f storage.EventFilter) ([]storage.Event, error)
	// Keys are the signing keys, the first ones made where the database has none.
	Keys(ctx context.Context) ([]jwks.KeyInfo, error)
	RotateKey(ctx context.Context, algorithm string) error
}

// With runs a verb on the database or the server that its flags name.
func With(ctx context.Context, f config.TargetFlags, work func(Administration) error) error {
	return with(f, work, func(run func(*storage.Store) error) error {
		return database.WithStore(ctx, f.DatabaseFlags, run)
	})
}

// WithSealable is With for a verb that needs the master secrets of a database for some rows only: they may be absent.
func WithSealable(
	ctx context.Context, f config.TargetFlags, secrets config.SecretFlags, work func(Administration) error,
) error {
	return with(f, work, func(run func(*storage.Store) error) error {
		return database.WithSealableStore(ctx, f.DatabaseFlags, secrets, run)
	})
}

// WithSealed is With for a verb that reads what the master secrets of a database seal.
func WithSealed(
	ctx context.Context, f config.TargetFlags, secrets config.SecretFlags, work func(Administration) error,
) error {
	return with(f, work, func(run func(*storage.Store) error) error {
		return database.WithSealedStore(ctx, f.DatabaseFlags, secrets, run)
	})
}

func with(
	f config.TargetFlags, work func(Administration) error, withStore func(func(*storage.Store) error) error,
) error {
	if !f.IsServer() {
		return withStore(func(store *storage.Store) error { return work(NewLocal(store)) })
	}
	server, err := config.LoadServer(f)
	if err != nil {
		return err
	}
	return work(NewRemote(server))
}
