package demo

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"

	"github.com/go-chi/chi/v5"
	"github.com/stretchr/testify/require"

	"ithildin/provider/identity"
	"ithildin/storage"
	"ithildin/storage/storagetest"
)

func TestDevelopmentServerKeepsChangesAndFollowsItsAddress(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		ctx, store := t.Context(), storagetest.Open(t, engine.Create(t))
		fill := func(issuer string) *storage.Client {
			u, err := url.Parse(issuer)
			require.NoError(t, err)
			require.NoError(t, New(u).Fill(ctx, store, identity.NewPasswords(identity.PasswordOptions{})))
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

func TestAttackDNSRebindingReadsTheDevelopmentPages(t *testing.T) {
	issuer, err := url.Parse("http://Dev.Example:8080")
	require.NoError(t, err)
	store := storagetest.Open(t, storagetest.Engines()[0].Create(t))
	router := chi.NewRouter()
	New(issuer).Mount(store, "http://127.0.0.1:8080", http.DefaultClient)(router)
	ask := func(method, path, host string) int {
		r := httptest.NewRequestWithContext(t.Context(), method, path, nil)
		r.Host = host
		response := httptest.NewRecorder()
		router.ServeHTTP(response, r)
		return response.Code
	}
	for method, path := range map[string]string{http.MethodGet: "/dev/", http.MethodPost: "/dev/exchange"} {
		for _, host := range []string{"127.0.0.1:8080", "localhost:8080", "LOCALHOST", "[::1]:8080", "dev.example:8080",
			"dev.example"} {
			require.Equal(t, http.StatusOK, ask(method, path, host), "%s as %s", path, host)
		}
		for _, host := range []string{"attacker.example:8080", "127.0.0.1.attacker.example", "localhost.attacker.example",
			"192.0.2.1", ""} {
			require.Equal(t, http.StatusForbidden, ask(method, path, host), "%s as %s", path, host)
		}
	}
	require.Equal(t, http.StatusForbidden, ask(http.MethodGet, callbackPath, "attacker.example"))
}
