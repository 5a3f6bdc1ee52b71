package storagetest

import (
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ithildin/storage"
)

func approvals(t *testing.T, s *suite) {
	t.Run("An approval adds its scopes before the earlier ones, and keeps its id", func(t *testing.T) {
		u, client := User(t, s.store), Client(t, s.store, storage.PresetStandard)
		first := s.approval(t, u, client, "openid", "email")
		s.clock.Advance(time.Minute)
		second := first
		second.Scope, second.Claims, second.UpdatedAt = []string{"profile", "openid"}, []string{"phone_number"},
			s.store.Now()
		batch := s.store.NewBatch()
		batch.QueueApproval(second, "openid email", "")
		require.NoError(t, batch.Flush(t.Context()))
		found, err := s.store.FindApproval(t.Context(), u.ID, client.ID)
		require.NoError(t, err)
		require.Equal(t, storage.Approval{
			ID: first.ID, UserID: u.ID, ClientID: client.ID, Scope: []string{"profile", "openid", "email"},
			ScopeText: "profile openid email",
			Claims:    []string{"phone_number"}, CreatedAt: first.CreatedAt, UpdatedAt: s.store.Now(),
		}, *found)
		list, err := s.store.ListApprovals(t.Context(), u.ID)
		require.NoError(t, err)
		require.Equal(t, []storage.Approval{*found}, list)
	})
	t.Run("An approval is given another scope, user and client", func(t *testing.T) { anApprovalIsChanged(t, s) })
	t.Run("Concurrent changes of an approval lose no scope and restore none that was withdrawn", func(t *testing.T) {
		u, client := User(t, s.store), Client(t, s.store, storage.PresetStandard)
		approval := s.approval(t, u, client, "openid")
		late := func(scope, known string) []string {
			batch := s.store.NewBatch()
			batch.QueueApproval(storage.Approval{ID: s.store.NewID(), UserID: u.ID, ClientID: client.ID, Scope: []string{scope}},
				known, "")
			require.NoError(t, batch.Flush(t.Context()))
			found, err := s.store.FindApproval(t.Context(), u.ID, client.ID)
			require.NoError(t, err)
			return found.Scope
		}
		require.Equal(t, []string{"email", "openid"}, late("email", "openid"))
		require.Equal(t, []string{"phone", "email", "openid"}, late("phone", "openid"), "read before email was added")
		require.NoError(t, s.store.DeleteApproval(t.Context(), approval.ID))
		require.Equal(t, []string{"profile"}, late("profile", "phone email openid"), "read before it was withdrawn")
	})
	t.Run("An approval needs its user and its client", func(t *testing.T) {
		u, client := User(t, s.store), Client(t, s.store, storage.PresetStandard)
		for _, ids := range [][2]string{{s.store.NewID(), client.ID}, {u.ID, s.store.NewID()}} {
			a := storage.Approval{ID: s.store.NewID(), UserID: ids[0], ClientID: ids[1]}
			require.ErrorIs(t, s.store.Approve(t.Context(), a), storage.ErrNotFound)
		}
	})
	t.Run("Withdrawing an approval signs the user out of that client alone, in every active session", func(t *testing.T) {
		withdrawalsAreSignOuts(t, s)
	})
	t.Run("Withdrawing an approval ends its codes, grants and tokens and no others", func(t *testing.T) {
		ctx := t.Context()
		u, client := User(t, s.store), Client(t, s.store, storage.PresetEHealth)
		approval := s.approval(t, u, client, "openid")
		_, code := Code(t, s.store, client, u)
		grant := Grant(t, s.store, client, u)
		_, token := AccessToken(t, s.store, grant)
		elsewhere := Grant(t, s.store, Client(t, s.store, storage.PresetEHealth), u)

		require.NoError(t, s.store.DeleteApproval(ctx, approval.ID))

		inactive, err := s.store.FindCode(ctx, code.ID)
		require.NoError(t, err)
		require.LessOrEqual(t, inactive.ExpiresAt, s.store.Now())
		require.Empty(t, inactive.ApprovalID)
		ended, err := s.store.FindGrant(ctx, grant.ID)
		require.NoError(t, err)
		require.NotZero(t, ended.RevokedAt)
		over, err := s.store.FindAccessToken(ctx, token.ID)
		require.NoError(t, err, "its row stays, so that it is known to have expired")
		require.LessOrEqual(t, over.ExpiresAt, s.store.Now())
		spared, err := s.store.FindGrant(ctx, elsewhere.ID)
		require.NoError(t, err)
		require.Zero(t, spared.RevokedAt)
		require.ErrorIs(t, s.store.DeleteApproval(ctx, approval.ID), storage.ErrNotFound)
	})
}

func withdrawalsAreSignOuts(t *testing.T, s *suite) {
	u, client := User(t, s.store), Client(t, s.store, storage.PresetStandard, toldOfLogouts)
	other := Client(t, s.store, storage.PresetStandard, toldOfLogouts)
	approval := s.approval(t, u, client, "openid")
	_, desk := LoginSession(t, s.store, u)
	_, phone := LoginSession(t, s.store, u)
	_, over := LoginSession(t, s.store, u)
	for _, session := range []storage.LoginSession{desk, desk, phone, over} {
		Grant(t, s.store, client, u, inSession(session))
		Grant(t, s.store, other, u, inSession(session))
	}
	_, err := s.store.EndLoginSession(t.Context(), over.ID)
	require.NoError(t, err)
	before := s.due(t)

	require.NoError(t, s.store.DeleteApproval(t.Context(), approval.ID))

	told := map[string]string{}
	for _, delivery := range s.due(t) {
		if !slices.Contains(before, delivery) {
			require.Equal(t, []string{client.ID, u.ID}, []string{delivery.ClientID, delivery.UserID})
			told[delivery.SessionID] = delivery.Subject
		}
	}
	require.Equal(t, map[string]string{desk.SessionID: u.ID, phone.SessionID: u.ID}, told)
	_, err = s.store.FindLogin(t.Context(), desk.ID, "")
	require.NoError(t, err, "the session itself goes on")
}

func anApprovalIsChanged(t *testing.T, s *suite) {
	u, client := User(t, s.store), Client(t, s.store, storage.PresetStandard)
	changed := s.approval(t, u, client, "openid", "email")
	taken := s.approval(t, User(t, s.store), client, "openid")
	changed.UserID = taken.UserID
	require.ErrorIs(t, s.store.UpdateApproval(t.Context(), changed), storage.ErrConflict)
	changed.UserID, changed.ClientID = u.ID, "nobody"
	require.ErrorIs(t, s.store.UpdateApproval(t.Context(), changed), storage.ErrNotFound)
	changed.ClientID, changed.Scope = Client(t, s.store, storage.PresetStandard).ID, []string{"email"}
	require.NoError(t, s.store.UpdateApproval(t.Context(), changed))
	found, err := s.store.FindApproval(t.Context(), u.ID, changed.ClientID)
	require.NoError(t, err)
	require.Equal(t, []string{changed.ID, "email"}, []string{found.ID, found.ScopeText})
	changed.ID = s.store.NewID()
	require.ErrorIs(t, s.store.UpdateApproval(t.Context(), changed), storage.ErrNotFound)
}

func (s *suite) approval(t *testing.T, u storage.User, client *storage.Client, scope ...string) storage.Approval {
	t.Helper()
	a := storage.Approval{
		ID: s.store.NewID(), UserID: u.ID, ClientID: client.ID, Scope: scope, CreatedAt: s.store.Now(),
		UpdatedAt: s.store.Now(),
	}
	require.NoError(t, s.store.Approve(t.Context(), a))
	return a
}
