package storagetest

import (
	"encoding/json"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/text/unicode/norm"

	"ithildin/storage"
)

func clients(t *testing.T, s *suite) {
	t.Run("A part of a name is found in any case and alphabet", func(t *testing.T) { namesAreFoundInAnyCase(t, s) })
	t.Run("A client is read as it was stored", func(t *testing.T) {
		want := Client(t, s.store, storage.PresetMithril, func(c *storage.Client) {
			c.ID, c.OwnerID = "any text, even «це»", s.store.NewID()
			c.Settings, c.PrivateSettings = json.RawMessage(`{"a": 1}`), json.RawMessage(`{"b": 2}`)
			c.Metadata.Audience = []string{"https://api.example"}
		})
		got, err := s.store.LoadClient(t.Context(), "any text, even «це»")
		require.NoError(t, err)
		require.Equal(t, want, got)
		require.Equal(t, []string{"https://api.example"}, got.Metadata.Audience)
		require.Equal(t, storage.RefreshScopeCurrent, got.Policy.RefreshScope)
		require.JSONEq(t, `{"b": 2}`, string(got.PrivateSettings))
		require.Equal(t, storage.RedirectMatchPrefix, got.Connections[0].RedirectMatch)
		require.Equal(t, "any text, even «це»", got.Connections[0].ClientID)
	})
	t.Run("A client is stored whole or not at all", func(t *testing.T) {
		taken := Client(t, s.store, storage.PresetStandard)
		c := storage.Client{ID: s.store.NewID(), Connections: []*storage.Connection{{
			ID: s.store.NewID(), RedirectMatch: storage.RedirectMatchExact, RefreshBoundTo: storage.RefreshBoundToClient,
			Secrets: []storage.ConnectionSecret{{ID: s.store.NewID(), Hash: taken.Connections[0].Secrets[0].Hash}},
		}}}
		require.ErrorIs(t, s.store.CreateClient(t.Context(), c), storage.ErrConflict)
		_, err := s.store.LoadClient(t.Context(), c.ID)
		require.ErrorIs(t, err, storage.ErrNotFound)
		require.ErrorIs(t, s.store.CreateClient(t.Context(), *taken), storage.ErrConflict)
	})
	t.Run("A client needs its type", func(t *testing.T) {
		c := storage.Client{ID: s.store.NewID(), TypeID: s.store.NewID()}
		require.ErrorIs(t, s.store.CreateClient(t.Context(), c), storage.ErrNotFound)
	})
	t.Run("An update changes neither block nor connections", func(t *testing.T) {
		c := *Client(t, s.store, storage.PresetStandard)
		require.NoError(t, s.store.BlockClient(t.Context(), c.ID, "unpaid"))
		c.Name, c.Policy.RequirePKCE, c.Connections = "Аптека", true, nil
		require.NoError(t, s.store.UpdateClient(t.Context(), c))
		got, err := s.store.LoadClient(t.Context(), c.ID)
		require.NoError(t, err)
		require.Equal(t, "Аптека", got.Name)
		require.True(t, got.Policy.RequirePKCE)
		require.True(t, got.IsBlocked)
		require.Len(t, got.Connections, 1)
		require.ErrorIs(t, s.store.BlockClient(t.Context(), c.ID, "again"), storage.ErrConflict)
		require.NoError(t, s.store.UnblockClient(t.Context(), c.ID))
		c.ID = s.store.NewID()
		require.ErrorIs(t, s.store.UpdateClient(t.Context(), c), storage.ErrNotFound)
	})
	t.Run("Pages follow the ids", func(t *testing.T) {
		for _, id := range []string{"zz-2", "zz-1", "zz-3"} {
			Client(t, s.store, storage.PresetStandard, func(c *storage.Client) { c.ID = id })
		}
		page, err := s.store.ListClients(t.Context(), "zz-", 2)
		require.NoError(t, err)
		require.Equal(t, []string{"zz-1", "zz-2"}, []string{page[0].ID, page[1].ID})
		page, err = s.store.ListClients(t.Context(), "zz-2", 0)
		require.NoError(t, err)
		require.Len(t, page, 1)
	})
	t.Run("Deactivating ends the tokens of a client, deleting removes them", func(t *testing.T) {
		whatWasIssuedToAClientEnds(t, s)
	})
}

func whatWasIssuedToAClientEnds(t *testing.T, s *suite) {
	ctx := t.Context()
	u, client := User(t, s.store), Client(t, s.store, storage.PresetEHealth)
	_, code := Code(t, s.store, client, u)
	grant := Grant(t, s.store, client, u)
	_, token := AccessToken(t, s.store, grant)

	require.NoError(t, s.store.DeactivateTokens(ctx, client.ID))
	ended, err := s.store.FindCode(ctx, code.ID)
	require.NoError(t, err)
	require.LessOrEqual(t, ended.ExpiresAt, s.store.Now())
	revoked, err := s.store.FindGrant(ctx, grant.ID)
	require.NoError(t, err)
	require.NotZero(t, revoked.RevokedAt)
	over, err := s.store.FindAccessToken(ctx, token.ID)
	require.NoError(t, err, "its row stays, so that it is known to have expired")
	require.LessOrEqual(t, over.ExpiresAt, s.store.Now())

	require.NoError(t, s.store.DeleteClient(ctx, client.ID))
	for _, table := range []string{"codes", "grants", "access_tokens", "connections"} {
		require.Zero(t, s.count(t, table, "client_id = $1", client.ID), table)
	}
	require.ErrorIs(t, s.store.DeactivateTokens(ctx, client.ID), storage.ErrNotFound)
	require.ErrorIs(t, s.store.DeleteClient(ctx, client.ID), storage.ErrNotFound)
}

func connections(t *testing.T, s *suite) {
	t.Run("A connection is read with its valid secrets, newest first", func(t *testing.T) {
		secretsOfAConnection(t, s)
	})
	t.Run("A client has one connection for a consumer", func(t *testing.T) {
		client, consumer := Client(t, s.store, storage.PresetEHealth), Client(t, s.store, storage.PresetEHealth)
		c := storage.Connection{ID: s.store.NewID(), ClientID: client.ID, ConsumerID: consumer.ID}
		c.ApplyPreset(storage.PresetEHealth)
		require.NoError(t, s.store.CreateConnection(t.Context(), c))
		c.ID = s.store.NewID()
		require.ErrorIs(t, s.store.CreateConnection(t.Context(), c), storage.ErrConflict)
		c.ConsumerID = s.store.NewID()
		require.ErrorIs(t, s.store.CreateConnection(t.Context(), c), storage.ErrNotFound)
		list, err := s.store.ListConnections(t.Context(), client.ID)
		require.NoError(t, err)
		require.Len(t, list, 2)
	})
	t.Run("A connection changes its URIs and rules", func(t *testing.T) {
		c := *Client(t, s.store, storage.PresetStandard).Connections[0]
		c.RedirectURIs, c.RequireScope = []string{"https://a.example/?x=1&y=2", "https://б.example/"}, false
		require.NoError(t, s.store.UpdateConnection(t.Context(), c))
		found, err := s.store.FindConnection(t.Context(), c.ID)
		require.NoError(t, err)
		c.UpdatedAt = s.store.Now()
		require.Equal(t, c, *found)
		require.NoError(t, s.store.DeleteConnection(t.Context(), c.ID))
		_, err = s.store.FindConnection(t.Context(), c.ID)
		require.ErrorIs(t, err, storage.ErrNotFound)
		_, err = s.store.FindConnectionByKey(t.Context(), storage.APIKeyProbe{Hash: storage.Hash(SecretOf(c.ID))})
		require.ErrorIs(t, err, storage.ErrNotFound)
		require.ErrorIs(t, s.store.UpdateConnection(t.Context(), c), storage.ErrNotFound)
	})
}

func secretsOfAConnection(t *testing.T, s *suite) {
	ctx := t.Context()
	connection := Client(t, s.store, storage.PresetStandard).Connections[0]
	first := connection.Secrets[0]
	s.clock.Advance(time.Second)
	second := storage.ConnectionSecret{ID: s.store.NewID(), Hash: storage.Hash("second"), CreatedAt: s.store.Now()}
	require.NoError(t, s.store.AddConnectionSecret(ctx, connection.ID, second, s.store.Now().Add(time.Hour)))
	require.ErrorIs(t, s.store.AddConnectionSecret(ctx, connection.ID, second, time.Time{}), storage.ErrConflict)

	valid := func() (ids []string) {
		found, err := s.store.FindConnection(ctx, connection.ID)
		require.NoError(t, err)
		for _, secret := range found.Secrets {
			ids = append(ids, secret.ID)
		}
		return ids
	}
	require.Equal(t, []string{second.ID, first.ID}, valid())
	found, err := s.store.FindConnectionByKey(ctx, storage.APIKeyProbe{Hash: first.Hash})
	require.NoError(t, err)
	require.Equal(t, connection.ID, found.ID)

	s.clock.Advance(time.Hour)
	require.Equal(t, []string{second.ID}, valid())
	_, err = s.store.FindConnectionByKey(ctx, storage.APIKeyProbe{Hash: first.Hash})
	require.ErrorIs(t, err, storage.ErrNotFound)
	client, err := s.store.LoadClient(ctx, connection.ClientID)
	require.NoError(t, err)
	require.False(t, slices.ContainsFunc(client.Connections[0].Secrets, func(secret storage.ConnectionSecret) bool {
		return secret.ID == first.ID
	}))
}

// namesAreFoundInAnyCase has no help of the engine: SQLite and PostgreSQL with locale C know the case of ASCII only.
func namesAreFoundInAnyCase(t *testing.T, s *suite) {
	clinic := Client(t, s.store, storage.PresetEHealth, func(c *storage.Client) { c.Name = "Клініка «Здоров’я» Їжаків" })
	Client(t, s.store, storage.PresetEHealth, func(c *storage.Client) { c.Name = "Лікарня 100%" })
	find := func(name string) []string {
		found, _, err := s.store.PageOfClients(t.Context(), storage.ClientFilter{Name: name}, storage.Page{})
		require.NoError(t, err)
		ids := []string{}
		for _, c := range found {
			ids = append(ids, c.ID)
		}
		return ids
	}
	for _, name := range []string{"клініка", "КЛІНІКА", "Клініка «здоров'я»", "ЗДОРОВʼЯ", norm.NFD.String("ЇЖАКІВ")} {
		require.Equal(t, []string{clinic.ID}, find(name), name)
	}
	require.Empty(t, find("к_ініка"), "a pattern is a text")
	clinic.Name = "Поліклініка №2"
	require.NoError(t, s.store.UpdateClient(t.Context(), *clinic))
	require.Equal(t, []string{clinic.ID}, find("ПОЛІКЛІНІКА №"))
	require.Empty(t, find("їжаків"))
	s.execute(t, `UPDATE clients SET name = 'ШПИТАЛЬ', name_folded = NULL WHERE id = $1`,
		clinic.ID) // by an earlier release
	require.Equal(t, []string{clinic.ID}, find("шпиталь"))
	require.Zero(t, s.count(t, "clients", "name_folded IS NULL AND id <> $1", ""), "the search has filled the column")
}
