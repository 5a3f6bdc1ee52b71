package demo

import (
	"net/url"
	"testing"

	"github.com/stretchr/testify/require"

	"ithildin/provider/login"
	"ithildin/storage"
	"ithildin/storage/storagetest"
)

func TestDevelopmentServerKeepsChangesAndFollowsItsAddress(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		ctx, store := t.Context(), storagetest.Open(t, engine.Create(t))
		fill := func(issuer string) *storage.Client {
			u, err := url.Parse(issuer)
			require.NoError(t, err)
			require.NoError(t, New(u).Fill(ctx, store, login.NewPasswords(login.PasswordOptions{})))
			client, err := store.LoadClient(ctx, "demo")
			require.NoError(t, err)
			return client
		}
		client := fill("http://127.0.0.1:8080")
		client.Name = "Mine"
		require.NoError(t, store.UpdateClient(ctx, *client))
		client = fill("http://127.0.0.1:9090")
		require.Equal(t, "Mine", client.Name)
		require.Equal(t, []string{"http://127.0.0.1:9090/dev/callback"}, client.Connections[0].RedirectURIs)
		require.Len(t, client.Connections[0].Secrets, 1)
	})
}
