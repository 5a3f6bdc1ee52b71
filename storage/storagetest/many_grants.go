package storagetest

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ithildin/storage"
)

// manyGrants has two slices of a walk with refresh tokens, and two without.
const manyGrants = 24_000

// grantMany makes that many grants of a client, every second with a refresh token. Some thousands expire at once, and
// some at odd times.
func (s *suite) grantMany(t *testing.T, clientID string) {
	var grants []string
	for i := range manyGrants {
		expiry := s.store.Now().Unix() + 3600 + int64(max(0, i-4000))
		switch {
		case i < 10:
			expiry = []int64{math.MinInt64, -1, 0, 1, s.store.Now().Unix()}[i/2]
		case i >= manyGrants-6000: // the end of a slice is among them
			expiry = math.MaxInt64
		}
		refresh := "NULL"
		if i%2 == 0 {
			refresh = "'" + s.store.NewID() + "'"
		}
		grants = append(grants, fmt.Sprintf(`('%s', '%s', '%s', 'openid', '{}', 1, %d, %s)`,
			s.store.NewID(), clientID, s.store.NewID(), expiry, refresh))
	}
	for rows := range slices.Chunk(grants, 1000) {
		_, err := s.store.SQL().ExecContext(t.Context(), `
INSERT INTO grants (id, client_id, user_id, scope, session, created_at, expires_at, refresh_token_id) VALUES `+
			strings.Join(rows, ", "))
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
	t.Run("A rotation never lets a grant expire earlier", func(t *testing.T) { rotatedToAnEarlierExpiry(t, s) })
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

func rotatedToAnEarlierExpiry(t *testing.T, s *suite) {
	client := Client(t, s.store, storage.PresetStandard)
	grant := Grant(t, s.store, client, User(t, s.store))
	e := newExchange(s.store, client)
	e.issued.refresh.GrantExpiresAt = grant.ExpiresAt.Add(-time.Hour)
	require.NoError(t, e.presentRefreshToken(t.Context(), byGeneration(grant.ID, 0)))
	require.NoError(t, e.rotate(t.Context()))
	found, err := s.store.FindGrant(t.Context(), grant.ID)
	require.NoError(t, err)
	require.Equal(t, grant.ExpiresAt.Unix(), found.ExpiresAt.Unix(), "or a revocation that walks along it would miss it")
}
