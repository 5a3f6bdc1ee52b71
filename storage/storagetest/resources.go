package storagetest

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ithildin/storage"
)

func resources(t *testing.T, s *suite) {
	ctx := t.Context()
	const api = "https://api.example"
	t.Run("Putting a resource replaces the one of that identifier", func(t *testing.T) {
		client := Client(t, s.store, storage.PresetStandard)
		want := storage.Resource{
			Identifier: api, TitleUkrainian: "Записи", TitleEnglish: "Records", Scope: []string{"a", "b"}, IsOpen: true,
			ClientID: client.ID, AccessTokenFormat: storage.AccessTokenOpaque, AccessLifetime: time.Minute,
		}
		for _, title := range []string{"Records", "All records"} {
			want.TitleEnglish = title
			require.NoError(t, s.store.PutResource(ctx, want))
			got, err := s.store.Resources(ctx)
			require.NoError(t, err)
			require.Equal(t, []storage.Resource{want}, got, "what is kept in memory is dropped by the change")
		}
		require.NoError(t, s.store.DeleteClient(ctx, client.ID))
		got, err := s.store.ListResources(ctx)
		require.NoError(t, err)
		require.Empty(t, got[0].ClientID, "nobody gets its rights by taking the id of a client that is gone")
		require.NoError(t, s.store.DeleteResource(ctx, api))
		require.ErrorIs(t, s.store.DeleteResource(ctx, api), storage.ErrNotFound)
	})
	t.Run("A resource that is wrong, or of an unknown client, is not stored", func(t *testing.T) {
		for _, wrong := range []storage.Resource{
			{Identifier: "api"}, {Identifier: api + "#x"}, {Identifier: api, AccessTokenFormat: "paseto"},
			{Identifier: api, AccessLifetime: -time.Second}, {Identifier: api, AccessLifetime: 365 * 24 * time.Hour},
		} {
			require.Error(t, s.store.PutResource(ctx, wrong))
		}
		err := s.store.PutResource(ctx, storage.Resource{Identifier: api, ClientID: s.store.NewID()})
		require.ErrorIs(t, err, storage.ErrNotFound)
		got, err := s.store.ListResources(ctx)
		require.NoError(t, err)
		require.Empty(t, got)
	})
}
