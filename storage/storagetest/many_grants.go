package storagetest

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"ithildin/storage"
)

// manyGrants is more than two statements end or delete at once.
const manyGrants = 10_001

// grantMany makes that many grants of a client.
func (s *suite) grantMany(t *testing.T, clientID string) {
	var grants []string
	for range manyGrants {
		grants = append(grants, fmt.Sprintf(`('%s', '%s', '%s', 'openid', '{}', 1, %d)`,
			s.store.NewID(), clientID, s.store.NewID(), s.store.Now().Unix()+3600))
	}
	for rows := range slices.Chunk(grants, 1000) {
		_, err := s.store.SQL().ExecContext(t.Context(), `
INSERT INTO grants (id, client_id, user_id, scope, session, created_at, expires_at) VALUES `+strings.Join(rows, ", "))
		require.NoError(t, err)
	}
}

func manyGrantsOfAClient(t *testing.T, s *suite) {
	t.Run("Deactivating ends more grants than a statement does, with one event", func(t *testing.T) {
		client := Client(t, s.store, storage.PresetEHealth)
		s.grantMany(t, client.ID)
		acting := storage.ActingAs(t.Context(), storage.Actor{By: storage.ByCommandLine})
		require.NoError(t, s.store.DeactivateTokens(acting, client.ID))
		require.Zero(t, s.count(t, "grants", "revoked_at = 0 AND client_id = $1", client.ID))
		require.Equal(t, 1,
			s.count(t, "audit_events", "kind = '"+storage.EventTokensDeactivated+"' AND client_id = $1", client.ID))
		require.NoError(t, s.store.DeleteClient(acting, client.ID))
		require.Zero(t, s.count(t, "grants", "client_id = $1", client.ID))
	})
	t.Run("Deactivating that was cut short is gone on with", func(t *testing.T) {
		client := Client(t, s.store, storage.PresetEHealth)
		s.grantMany(t, client.ID)
		_, err := s.store.SQL().ExecContext(t.Context(), `UPDATE grants SET revoked_at = 1 WHERE client_id = $1 AND id IN (
SELECT id FROM grants WHERE client_id = $1 LIMIT 3000)`, client.ID)
		require.NoError(t, err)
		require.NoError(t, s.store.DeactivateTokens(t.Context(), client.ID))
		require.Zero(t, s.count(t, "grants", "revoked_at = 0 AND client_id = $1", client.ID))
		require.Equal(t, 3000, s.count(t, "grants", "revoked_at = 1 AND client_id = $1", client.ID),
			"what had ended stays as it was")
	})
}
