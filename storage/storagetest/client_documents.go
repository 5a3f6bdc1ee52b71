package storagetest

import (
	"testing"

	"github.com/stretchr/testify/require"

	"ithildin/storage"
)

// documented is a client that a document of a host describes, which may be stored.
func (s *suite) documented(host string) storage.Client {
	client, _ := s.registered("")
	client.ID = "https://" + host + "/" + client.ID
	client.Connections[0].ClientID, client.Connections[0].Secrets = client.ID, nil
	client.Document = &storage.ClientDocument{Host: host, Hash: storage.Hash("one")}
	return client
}

func documentClients(t *testing.T, s *suite) {
	t.Run("A client that a document describes follows its document", func(t *testing.T) {
		ctx := t.Context()
		client := s.documented("one.example")
		require.NoError(t, s.store.CreateDocumentClient(ctx, client, unlimited))
		require.ErrorIs(t, s.store.CreateDocumentClient(ctx, client, unlimited), storage.ErrConflict)
		stored, err := s.store.Client(ctx, client.ID)
		require.NoError(t, err)
		require.Equal(t, client.Document, stored.Document)
		require.True(t, stored.IsKept(*client.Document))

		client.Name, client.Document.Hash = "Renamed", storage.Hash("two")
		client.Connections[0].RedirectURIs = []string{"https://one.example/new"}
		require.NoError(t, s.store.UpdateDocumentClient(ctx, client))
		stored, err = s.store.Client(ctx, client.ID)
		require.NoError(t, err)
		require.Equal(t, "Renamed", stored.Name)
		require.Equal(t, []string{"https://one.example/new"}, stored.RegisteredRedirectURIs())
		require.True(t, stored.IsKept(*client.Document))
		require.NoError(t, s.store.DeleteClient(ctx, client.ID))
		require.ErrorIs(t, s.store.UpdateDocumentClient(ctx, client), storage.ErrNotFound)
		require.Zero(t, s.count(t, "client_documents", "client_id = $1", client.ID))
	})
	t.Run("A blocked host blocks the clients of its documents and no other", func(t *testing.T) {
		ctx := t.Context()
		barred, other := s.documented("barred.example"), s.documented("sub.barred.example")
		require.NoError(t, s.store.CreateDocumentClient(ctx, barred, unlimited))
		require.NoError(t, s.store.CreateDocumentClient(ctx, other, unlimited))
		isBlocked := func(id string) bool {
			client, err := s.store.Client(ctx, id)
			require.NoError(t, err)
			return client.IsBlocked
		}
		require.False(t, isBlocked(barred.ID))
		require.NoError(t, s.store.BlockClientHost(ctx, "barred.example", "taken over"))
		require.ErrorIs(t, s.store.BlockClientHost(ctx, "barred.example", "again"), storage.ErrConflict)
		require.True(t, isBlocked(barred.ID))
		require.False(t, isBlocked(other.ID))
		require.False(t, isBlocked(Client(t, s.store, storage.PresetStandard).ID))
		blocked, err := s.store.IsClientHostBlocked(ctx, "barred.example")
		require.NoError(t, err)
		require.True(t, blocked)
		hosts, err := s.store.ListBlockedClientHosts(ctx)
		require.NoError(t, err)
		require.Contains(t, hosts, storage.BlockedClientHost{
			Host: "barred.example", Reason: "taken over", CreatedAt: s.store.Now(),
		})
		require.NoError(t, s.store.UnblockClientHost(ctx, "barred.example"))
		require.ErrorIs(t, s.store.UnblockClientHost(ctx, "barred.example"), storage.ErrNotFound)
		require.False(t, isBlocked(barred.ID))
	})
}

func raceForDocumentClients(t *testing.T, s *suite) {
	requireWinners(t, 5, storage.ErrQuota, race(func(int) error {
		return s.store.CreateDocumentClient(t.Context(), s.documented("race.example"), 5)
	}))
	require.Equal(t, 5, s.count(t, "client_documents", "host = $1", "race.example"))
}
