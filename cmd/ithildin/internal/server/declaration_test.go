package server

import (
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"ithildin/cmd/ithildin/internal/config"
	"ithildin/storage/storagetest"
)

func TestServersThatStartAtOnceApplyOneDeclaration(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		folder, databaseURL := t.TempDir(), engine.Create(t)
		file := filepath.Join(folder, "clients.yaml")
		require.NoError(t, os.WriteFile(filepath.Join(folder, "secret"), []byte("of-many-characters-and-more"), 0o600))
		require.NoError(t, os.WriteFile(file, []byte(`
scopes: [{name: "a:b", title_uk: А, title_en: A}]
client_types: [{name: MIS, scope: ["a:b"]}]
roles: [{name: NURSE, scope: ["a:b"]}]
clients:
  - client_id: clinic
    name: Clinic
    client_type: MIS
    connections: [{redirect_uris: ["https://clinic.example/cb"], secret_file: secret}]
`), 0o600))
		settings := &config.Settings{Declaration: file}
		settings.Legacy.SecretsHashed = true
		const servers = 6
		errs := make([]error, servers)
		var all sync.WaitGroup
		for i := range servers {
			store := storagetest.Open(t, databaseURL)
			all.Go(func() {
				errs[i] = applyDeclaration(t.Context(), settings, store, slog.New(slog.DiscardHandler))
			})
		}
		all.Wait()
		for _, err := range errs {
			require.NoError(t, err)
		}
		client, err := storagetest.Open(t, databaseURL).LoadClient(t.Context(), "clinic")
		require.NoError(t, err)
		require.Equal(t, "MIS", client.TypeName)
		require.Len(t, client.Connections, 1)
		require.Len(t, client.Connections[0].Secrets, 1)
	})
}
