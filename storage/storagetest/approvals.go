package storagetest

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ithildin/storage"
)

func approvals(t *testing.T, s *suite) {
	t.Run("A second approval takes the place of the first, under its id", func(t *testing.T) {
		u, client := User(t, s.store), Client(t, s.store, storage.PresetStandard)
		first := s.approval(t, u, client, "openid", "email")
		s.clock.Advance(time.Minute)
		s.approval(t, u, client, "openid")
		found, err := s.store.FindApproval(t.Context(), u.ID, client.ID)
		require.NoError(t, err)
		require.Equal(t, storage.Approval{
			ID: first.ID, UserID: u.ID, ClientID: client.ID, Scope: []string{"openid"},
			CreatedAt: first.CreatedAt, UpdatedAt: s.store.Now(),
		}, *found)
		list, err := s.store.ListApprovals(t.Context(), u.ID)
		require.NoError(t, err)
		require.Equal(t, []storage.Approval{*found}, list)
	})
	t.Run("An approval needs its user and its client", func(t *testing.T) {
		u, client := User(t, s.store), Client(t, s.store, storage.PresetStandard)
		for _, ids := range [][2]string{{s.store.NewID(), client.ID}, {u.ID, s.store.NewID()}} {
			a := storage.Approval{ID: s.store.NewID(), UserID: ids[0], ClientID: ids[1]}
			require.ErrorIs(t, s.store.Approve(t.Context(), a), storage.ErrNotFound)
		}
	})
	t.Run("Taking an approval back ends what came of it and nothing else", func(t *testing.T) {
		ctx := t.Context()
		u, client := User(t, s.store), Client(t, s.store, storage.PresetEHealth)
		approval := s.approval(t, u, client, "openid")
		_, code := Code(t, s.store, client, u)
		grant := Grant(t, s.store, client, u)
		_, token := AccessToken(t, s.store, grant)
		elsewhere := Grant(t, s.store, Client(t, s.store, storage.PresetEHealth), u)

		require.NoError(t, s.store.DeleteApproval(ctx, approval.ID))

		dead, err := s.store.FindCode(ctx, code.ID)
		require.NoError(t, err)
		require.LessOrEqual(t, dead.ExpiresAt, s.store.Now())
		require.Empty(t, dead.ApprovalID)
		ended, err := s.store.FindGrant(ctx, grant.ID)
		require.NoError(t, err)
		require.NotZero(t, ended.RevokedAt)
		_, err = s.store.FindAccessToken(ctx, token.ID)
		require.ErrorIs(t, err, storage.ErrNotFound)
		spared, err := s.store.FindGrant(ctx, elsewhere.ID)
		require.NoError(t, err)
		require.Zero(t, spared.RevokedAt)
		require.ErrorIs(t, s.store.DeleteApproval(ctx, approval.ID), storage.ErrNotFound)
	})
}

func (s *suite) approval(t *testing.T, u storage.User, client *storage.Client, scope ...string) storage.Approval {
	t.Helper()
	a := storage.Approval{
		ID: s.store.NewID(), UserID: u.ID, ClientID: client.ID, Scope: scope, CreatedAt: s.store.Now(), UpdatedAt: s.store.Now(),
	}
	require.NoError(t, s.store.Approve(t.Context(), a))
	return a
}
