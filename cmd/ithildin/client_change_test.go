package main

import (
	"bytes"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ithildin/cmd/ithildin/internal/config"
	"ithildin/cmd/ithildin/internal/console"
	"ithildin/cmd/ithildin/internal/database"
	"ithildin/storage"
)

// TestClientUpdateValidatesOnlyWhatItChanges has a client as an import brings them: with a name and members that
// nobody could give a client today.
func TestClientUpdateValidatesOnlyWhatItChanges(t *testing.T) {
	databaseURL := "sqlite:" + filepath.Join(t.TempDir(), "imported.db")
	t.Setenv("ITHILDIN_DATABASE_URL", databaseURL)
	verb := func(arguments ...string) (int, string) {
		var out, problems bytes.Buffer
		code := run(t.Context(), arguments, console.Terminal{In: strings.NewReader(""), Out: &out, Err: &problems})
		return code, problems.String()
	}
	code, problems := verb("migrate", "up")
	require.Equal(t, console.ExitOK, code, problems)

	store, err := database.Open(config.Database{URL: databaseURL, Connections: 1})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, store.Close()) })
	policy, err := storage.NewPolicy(storage.PresetMithril)
	require.NoError(t, err)
	name := strings.Repeat("Лікарня ", 100)
	require.NoError(t, store.CreateClient(t.Context(), storage.Client{
		ID: "imported client", Name: name, Policy: policy, Scope: []string{`a"b`},
		Metadata: storage.Metadata{
			ClientURI: "http://hospital.example/", TokenEndpointAuthMethod: storage.AuthMethodPost,
			GrantTypes: []string{"authorization_code"}, ResponseTypes: []string{"code"},
		},
		Connections: []*storage.Connection{{
			ID: store.NewID(), ClientID: "imported client", RedirectURIs: []string{"http://mis.example/cb"},
			RedirectMatch: storage.RedirectMatchExact, RefreshBoundTo: storage.RefreshBoundToConnection,
		}},
	}))

	code, problems = verb("client", "update", "imported client", "--policy", "access_lifetime=900")
	require.Equal(t, console.ExitOK, code, problems)
	changed, err := store.LoadClient(t.Context(), "imported client")
	require.NoError(t, err)
	require.Equal(t, name, changed.Name)
	require.Equal(t, 15*time.Minute, changed.Policy.AccessLifetime)

	// What the change itself gets wrong is refused, though the same was wrong before.
	code, problems = verb("client", "update", "imported client", "--name", strings.Repeat("Лікарня_", 100))
	require.Equal(t, console.ExitUsage, code)
	require.Contains(t, problems, "client_name: has 800 characters: want 500 at most")
	require.NotContains(t, problems, "client_uri")
	code, problems = verb("client", "update", "imported client", "--response-type", "id_token")
	require.Equal(t, console.ExitUsage, code)
	require.Contains(t, problems, "grant_types: lack implicit")
}
