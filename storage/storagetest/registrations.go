package storagetest

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ithildin/storage"
)

// unlimited is a quota that no case reaches.
const unlimited = 1 << 30

// initialAccessToken stores one that is good for that many registrations within an hour.
func (s *suite) initialAccessToken(t *testing.T, registrations int64) storage.InitialAccessToken {
	t.Helper()
	id := s.store.NewID()
	token := storage.InitialAccessToken{
		ID: id, Hash: storage.Hash("token " + id), Name: "Partner", Remaining: registrations, CreatedAt: s.store.Now(),
		ExpiresAt: s.store.Now().Add(time.Hour),
	}
	require.NoError(t, s.store.CreateInitialAccessToken(t.Context(), token))
	return token
}

// registered is a client that may be stored, with its registration; initialAccessTokenID is "" for an open one.
func (s *suite) registered(initialAccessTokenID string) (storage.Client, storage.ClientRegistration) {
	id, now := s.store.NewID(), s.store.Now()
	policy, _ := storage.NewPolicy(storage.PresetStandard)
	connection := &storage.Connection{
		ID: s.store.NewID(), ClientID: id, RedirectURIs: []string{RedirectURI}, CreatedAt: now, UpdatedAt: now,
		Secrets: []storage.ConnectionSecret{{ID: s.store.NewID(), Hash: storage.Hash(id), CreatedAt: now}},
	}
	connection.ApplyPreset(storage.PresetStandard)
	client := storage.Client{
		ID: id, Name: "Registered", Policy: policy, CreatedAt: now, UpdatedAt: now,
		Connections: []*storage.Connection{connection},
	}
	return client, storage.ClientRegistration{
		ClientID: id, TokenHash: storage.Hash("registration " + id), InitialAccessTokenID: initialAccessTokenID,
		CreatedAt: now,
	}
}

func (s *suite) register(t *testing.T, initialAccessTokenID string, quota int64) (storage.Client, error) {
	client, registration := s.registered(initialAccessTokenID)
	return client, s.store.RegisterClient(t.Context(), client, registration, quota)
}

func initialAccessTokens(t *testing.T, s *suite) {
	t.Run("An initial access token allows its number of registrations", func(t *testing.T) {
		token := s.initialAccessToken(t, 2)
		for range 2 {
			found, err := s.store.FindInitialAccessToken(t.Context(), token.Hash)
			require.NoError(t, err)
			require.Equal(t, token.ID, found.ID)
			_, err = s.register(t, token.ID, unlimited)
			require.NoError(t, err)
		}
		_, err := s.store.FindInitialAccessToken(t.Context(), token.Hash)
		require.ErrorIs(t, err, storage.ErrNotFound)
		client, err := s.register(t, token.ID, unlimited)
		require.ErrorIs(t, err, storage.ErrUsed)
		_, err = s.store.LoadClient(t.Context(), client.ID)
		require.ErrorIs(t, err, storage.ErrNotFound, "nothing is left of the client")
	})
	t.Run("A failed registration does not use its token", func(t *testing.T) {
		token := s.initialAccessToken(t, 1)
		client, registration := s.registered(token.ID)
		client.TypeID = s.store.NewID()
		require.Error(t, s.store.RegisterClient(t.Context(), client, registration, unlimited))
		_, err := s.register(t, token.ID, unlimited)
		require.NoError(t, err)
	})
	t.Run("An initial access token ends when it expires or is deleted", func(t *testing.T) {
		ends, deleted := s.initialAccessToken(t, 1), s.initialAccessToken(t, 1)
		require.NoError(t, s.store.DeleteInitialAccessToken(t.Context(), deleted.ID))
		require.ErrorIs(t, s.store.DeleteInitialAccessToken(t.Context(), deleted.ID), storage.ErrNotFound)
		_, err := s.register(t, deleted.ID, unlimited)
		require.ErrorIs(t, err, storage.ErrUsed)
		listed, err := s.store.ListInitialAccessTokens(t.Context())
		require.NoError(t, err)
		require.Contains(t, listed, ends)
		s.clock.Advance(time.Hour)
		_, err = s.register(t, ends.ID, unlimited)
		require.ErrorIs(t, err, storage.ErrUsed)
		listed, err = s.store.ListInitialAccessTokens(t.Context())
		require.NoError(t, err)
		require.Empty(t, listed)
	})
}

func clientRegistrations(t *testing.T, s *suite) {
	t.Run("A registration is read as it was stored, and other clients have none", func(t *testing.T) {
		client, registration := s.registered("")
		require.NoError(t, s.store.RegisterClient(t.Context(), client, registration, unlimited))
		found, err := s.store.FindClientRegistration(t.Context(), client.ID)
		require.NoError(t, err)
		require.Equal(t, registration, *found)
		_, err = s.store.FindClientRegistration(t.Context(), Client(t, s.store, storage.PresetStandard).ID)
		require.ErrorIs(t, err, storage.ErrNotFound)
		_, err = s.store.FindClientRegistration(t.Context(), "nobody\x00")
		require.ErrorIs(t, err, storage.ErrNotFound)
	})
	t.Run("The audit event is stored in the transaction of the registration", func(t *testing.T) {
		client, registration := s.registered("")
		ctx := storage.ActingAs(t.Context(), storage.Actor{By: storage.ByClient, ClientID: client.ID})
		require.ErrorIs(t, s.store.RegisterClient(ctx, client, registration, 0), storage.ErrQuota)
		require.Zero(t, s.count(t, "audit_events", "client_id = $1", client.ID))
		require.NoError(t, s.store.RegisterClient(ctx, client, registration, unlimited))
		require.Equal(t, 1, s.count(t, "audit_events", "client_id = $1", client.ID))
	})
	t.Run("An update replaces the client, its redirect URIs and, where it says so, its secret", func(t *testing.T) {
		updatesReplaceARegistration(t, s)
	})
	t.Run("An update keeps what an operator changed since the client was read", func(t *testing.T) {
		updatesLeaveTheOperators(t, s)
	})
	t.Run("Open registrations and those by a token have separate quotas", func(t *testing.T) {
		quotasAreApart(t, newSuite(t, s.engine))
	})
	t.Run("Deleting a client deletes its registration", func(t *testing.T) {
		client, err := s.register(t, "", unlimited)
		require.NoError(t, err)
		require.NoError(t, s.store.DeleteClient(t.Context(), client.ID))
		_, err = s.store.FindClientRegistration(t.Context(), client.ID)
		require.ErrorIs(t, err, storage.ErrNotFound)
	})
	t.Run("Open registrations that nobody approved are deleted in time", func(t *testing.T) {
		unapprovedRegistrationsGo(t, s)
	})
}

func updatesReplaceARegistration(t *testing.T, s *suite) {
	client, err := s.register(t, "", unlimited)
	require.NoError(t, err)
	connection := *client.Connections[0]
	client.Name, connection.RedirectURIs = "Renamed", []string{"https://client.example/other"}
	update := storage.RegistrationUpdate{Client: client, Connection: connection}
	require.NoError(t, s.store.UpdateRegistration(t.Context(), update))
	got, err := s.store.LoadClient(t.Context(), client.ID)
	require.NoError(t, err)
	require.Equal(t, "Renamed", got.Name)
	require.Equal(t, connection.RedirectURIs, got.Connections[0].RedirectURIs)
	require.Equal(t, storage.Hash(client.ID), got.Connections[0].Secrets[0].Hash)

	update.EndSecrets = true
	update.NewSecret = &storage.ConnectionSecret{ID: s.store.NewID(), Hash: storage.Hash("new " + client.ID)}
	before := s.configurationVersion(t)
	require.NoError(t, s.store.UpdateRegistration(t.Context(), update))
	require.Equal(t, before+1, s.configurationVersion(t))
	got, err = s.store.LoadClient(t.Context(), client.ID)
	require.NoError(t, err)
	require.Len(t, got.Connections[0].Secrets, 1)
	require.Equal(t, update.NewSecret.Hash, got.Connections[0].Secrets[0].Hash)

	update.Client.ID = s.store.NewID()
	require.ErrorIs(t, s.store.UpdateRegistration(t.Context(), update), storage.ErrNotFound)
}

func updatesLeaveTheOperators(t *testing.T, s *suite) {
	ctx := t.Context()
	read, err := s.register(t, "", unlimited)
	require.NoError(t, err)
	kind := storage.ClientType{ID: s.store.NewID(), Name: "type of " + read.ID, Scope: []string{"openid"}}
	require.NoError(t, s.store.CreateClientType(ctx, kind))
	decided, err := s.store.LoadClient(ctx, read.ID)
	require.NoError(t, err)
	decided.TypeID, decided.Policy.RequirePKCE = kind.ID, !decided.Policy.RequirePKCE
	decided.Settings, decided.PrivateSettings = []byte(`{"a":1}`), []byte(`{"access_type":"DIRECT"}`)
	require.NoError(t, s.store.UpdateClient(ctx, *decided))
	require.NoError(t, s.store.BlockClient(ctx, read.ID, "spam"))
	decided.Connections[0].RequireScope = !decided.Connections[0].RequireScope
	require.NoError(t, s.store.UpdateConnection(ctx, *decided.Connections[0]))

	connection := *read.Connections[0]
	connection.RedirectURIs = []string{"https://client.example/other"}
	read.Name, read.Scope, read.Metadata.ClientURI = "Renamed", []string{"openid"}, "https://client.example/"
	require.NoError(t, s.store.UpdateRegistration(ctx, storage.RegistrationUpdate{Client: read, Connection: connection}))
	after, err := s.store.LoadClient(ctx, read.ID)
	require.NoError(t, err)
	require.Equal(t, "Renamed", after.Name)
	require.Equal(t, []string{"openid"}, after.Scope)
	require.Equal(t, "https://client.example/", after.Metadata.ClientURI)
	require.Equal(t, connection.RedirectURIs, after.Connections[0].RedirectURIs)
	require.Equal(t, decided.Policy, after.Policy)
	require.Equal(t, kind.ID, after.TypeID)
	require.JSONEq(t, string(decided.Settings), string(after.Settings))
	require.JSONEq(t, string(decided.PrivateSettings), string(after.PrivateSettings))
	require.True(t, after.IsBlocked)
	require.Equal(t, decided.Connections[0].RequireScope, after.Connections[0].RequireScope)
}

func quotasAreApart(t *testing.T, s *suite) {
	token := s.initialAccessToken(t, 10)
	for _, tokenID := range []string{"", token.ID} {
		for range 2 {
			_, err := s.register(t, tokenID, 2)
			require.NoError(t, err)
		}
		_, err := s.register(t, tokenID, 2)
		require.ErrorIs(t, err, storage.ErrQuota)
	}
	found, err := s.store.FindInitialAccessToken(t.Context(), token.Hash)
	require.NoError(t, err)
	require.EqualValues(t, 8, found.Remaining, "what the quota refused took nothing")
}

func unapprovedRegistrationsGo(t *testing.T, s *suite) {
	ctx := t.Context()
	const lifetime = 30 * 24 * time.Hour
	var unapproved []storage.Client
	for range 5 {
		client, err := s.register(t, "", unlimited)
		require.NoError(t, err)
		unapproved = append(unapproved, client)
	}
	approved, err := s.register(t, "", unlimited)
	require.NoError(t, err)
	require.NoError(t, s.store.Approve(ctx, storage.Approval{
		ID: s.store.NewID(), UserID: User(t, s.store).ID, ClientID: approved.ID, Scope: []string{"openid"},
	}))
	invited, err := s.register(t, s.initialAccessToken(t, 1).ID, unlimited)
	require.NoError(t, err)
	operated := Client(t, s.store, storage.PresetStandard)
	s.clock.Advance(lifetime)
	young, err := s.register(t, "", unlimited)
	require.NoError(t, err)
	s.clock.Advance(time.Second)

	before := s.configurationVersion(t)
	deleted, err := s.store.DeleteUnapprovedRegistrations(ctx, s.store.Now().Add(-lifetime), 2)
	require.NoError(t, err)
	require.GreaterOrEqual(t, deleted, int64(len(unapproved)))
	require.Greater(t, s.configurationVersion(t), before, "every process forgets them")
	for _, client := range unapproved {
		_, err := s.store.LoadClient(ctx, client.ID)
		require.ErrorIs(t, err, storage.ErrNotFound)
	}
	for _, id := range []string{approved.ID, invited.ID, operated.ID, young.ID} {
		_, err := s.store.LoadClient(ctx, id)
		require.NoError(t, err)
	}
	_, err = s.store.DeleteUnapprovedRegistrations(ctx, s.store.Now(), 0)
	require.Error(t, err)
}

func raceForRegistrations(t *testing.T, s *suite) {
	token := s.initialAccessToken(t, 3)
	requireWinners(t, 3, storage.ErrUsed, race(func(int) error {
		_, err := s.register(t, token.ID, unlimited)
		return err
	}))
	require.Equal(t, 3, s.count(t, "client_registrations", "initial_access_token_id = $1", token.ID))
}

func raceForTheQuota(t *testing.T, s *suite) {
	requireWinners(t, 5, storage.ErrQuota, race(func(int) error {
		_, err := s.register(t, "", 5)
		return err
	}))
	require.Equal(t, 5, s.count(t, "client_registrations", "created_at > $1", 0))
}

func requireWinners(t *testing.T, want int, loss error, failures []error) {
	t.Helper()
	won := 0
	for _, err := range failures {
		if err == nil {
			won++
			continue
		}
		require.ErrorIs(t, err, loss)
	}
	require.Equal(t, want, won)
}
