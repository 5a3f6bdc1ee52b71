package storagetest

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ithildin/storage"
)

// RedirectURI is where the clients that Client makes get their codes.
const RedirectURI = "https://client.example/callback"

// User stores a user without a password under an address of their own. changes alter the row before it is stored.
func User(t testing.TB, store *storage.Store, changes ...func(*storage.User)) storage.User {
	t.Helper()
	id := store.NewID()
	u := storage.User{ID: id, Email: id + "@example.com", CreatedAt: store.Now(), UpdatedAt: store.Now()}
	for _, change := range changes {
		change(&u)
	}
	require.NoError(t, store.CreateUser(t.Context(), u))
	return u
}

// Role stores a role with these scopes.
func Role(t testing.TB, store *storage.Store, scope ...string) storage.Role {
	t.Helper()
	id := store.NewID()
	r := storage.Role{ID: id, Name: "role " + id, Scope: scope}
	require.NoError(t, store.CreateRole(t.Context(), r))
	return r
}

// SecretOf is the secret of a connection that Client has made.
func SecretOf(connectionID string) string { return "the secret of connection " + connectionID }

// Client stores a client of a preset that may do everything, with one connection. changes alter it before it is stored.
func Client(t testing.TB, store *storage.Store, preset string, changes ...func(*storage.Client)) *storage.Client {
	t.Helper()
	policy, err := storage.NewPolicy(preset)
	require.NoError(t, err)
	now := store.Now()
	connection := &storage.Connection{
		ID: store.NewID(), RedirectURIs: []string{RedirectURI}, CreatedAt: now, UpdatedAt: now,
	}
	connection.Secrets = []storage.ConnectionSecret{
		{ID: store.NewID(), Hash: storage.Hash(SecretOf(connection.ID)), CreatedAt: now},
	}
	connection.ApplyPreset(preset)
	c := storage.Client{
		ID: store.NewID(), Name: "Клініка", Policy: policy, CreatedAt: now, UpdatedAt: now,
		Scope: []string{"openid", "profile", "email", "offline_access", "patients:view"},
		Metadata: storage.Metadata{
			GrantTypes:    []string{"authorization_code", "refresh_token", "client_credentials"},
			ResponseTypes: []string{"code"}, TokenEndpointAuthMethod: storage.AuthMethodBasic,
		},
		Connections: []*storage.Connection{connection},
	}
	for _, change := range changes {
		change(&c)
	}
	require.NoError(t, store.CreateClient(t.Context(), c))
	stored, err := store.LoadClient(t.Context(), c.ID)
	require.NoError(t, err)
	return stored
}

// Opaque makes a client's access tokens leave rows.
func Opaque(c *storage.Client) { c.Policy.AccessToken = storage.AccessTokenOpaque }

// Code stores an unused code of a user for a client, good for as long as the client's policy says, and returns its
// value with its row.
func Code(
	t testing.TB, store *storage.Store, client *storage.Client, user storage.User, changes ...func(*storage.Code),
) (value string, row storage.Code) {
	t.Helper()
	value = "code " + store.NewID()
	c := storage.Code{
		ID: storage.Hash(value), CodeID: store.NewID(), GrantID: store.NewID(), ClientID: client.ID, UserID: user.ID,
		RedirectURI: RedirectURI, Scope: "openid offline_access",
		Session:   &storage.Session{UserID: user.ID, Subject: user.ID, RedirectURI: RedirectURI, Nonce: "n-0S6_WzA2Mj"},
		CreatedAt: store.Now(), ExpiresAt: store.Now().Add(client.Policy.CodeLifetime),
	}
	for _, change := range changes {
		change(&c)
	}
	require.NoError(t, store.CreateCode(t.Context(), c))
	return value, c
}

// Grant stores a live grant of a user for a client with a refresh token that carries the grant's id.
func Grant(
	t testing.TB, store *storage.Store, client *storage.Client, user storage.User, changes ...func(*storage.Grant),
) storage.Grant {
	t.Helper()
	now := store.Now()
	g := storage.Grant{
		ID: store.NewID(), ClientID: client.ID, ConnectionID: client.Connections[0].ID, UserID: user.ID,
		Scope: "openid offline_access", Session: &storage.Session{UserID: user.ID, Subject: user.ID},
		RefreshTokenID: store.NewID(), RefreshExpiresAt: now.Add(client.Policy.RefreshLifetime), CreatedAt: now,
		ExpiresAt: now.Add(client.Policy.RefreshLifetime + client.Policy.AccessLifetime),
	}
	for _, change := range changes {
		change(&g)
	}
	require.NoError(t, store.CreateGrant(t.Context(), g))
	return g
}

// AccessToken stores an opaque access token under a grant and returns its value with its row.
func AccessToken(
	t testing.TB, store *storage.Store, grant storage.Grant, changes ...func(*storage.AccessToken),
) (value string, row storage.AccessToken) {
	t.Helper()
	value = "access token " + store.NewID()
	a := storage.AccessToken{
		ID: storage.Hash(value), AccessTokenID: store.NewID(), Kind: storage.KindAccessToken, ClientID: grant.ClientID,
		UserID: grant.UserID, GrantID: grant.ID, Scope: grant.Scope, Session: grant.Session,
		CreatedAt: store.Now(), ExpiresAt: store.Now().Add(time.Hour),
	}
	for _, change := range changes {
		change(&a)
	}
	require.NoError(t, store.CreateAccessToken(t.Context(), a))
	return value, a
}

// LoginSession stores a live session of a user and returns its cookie's value with its row.
func LoginSession(
	t testing.TB, store *storage.Store, user storage.User, changes ...func(*storage.LoginSession),
) (cookie string, row storage.LoginSession) {
	t.Helper()
	cookie = "cookie " + store.NewID()
	now := store.Now()
	l := storage.LoginSession{
		ID: storage.Hash(cookie), SessionID: store.NewID(), UserID: user.ID, AuthTime: now,
		AMR: []string{"pwd"}, ACR: "0", LastUsedAt: now, CreatedAt: now, ExpiresAt: now.Add(12 * time.Hour),
	}
	for _, change := range changes {
		change(&l)
	}
	require.NoError(t, store.CreateLoginSession(t.Context(), l))
	return cookie, l
}
