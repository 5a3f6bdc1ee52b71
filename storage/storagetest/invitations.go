package storagetest

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ithildin/storage"
)

// invitation stores one that is open for a day, with the role.
func (s *suite) invitation(t *testing.T, email, clientID, roleID string) storage.Invitation {
	i := storage.Invitation{
		ID: s.store.NewID(), Email: email, TaxID: "3087512399", ClientID: clientID, RoleIDs: []string{roleID},
		Inviter: "Клініка", State: storage.InvitationOpen, CreatedAt: s.store.Now(),
		ExpiresAt: s.store.Now().AddDate(0, 0, 1),
	}
	i.Hash = storage.Hash("invitation " + i.ID)
	require.NoError(t, s.store.CreateInvitation(t.Context(), i))
	return i
}

func (s *suite) invitationState(t *testing.T, i storage.Invitation) string {
	found, err := s.store.FindInvitation(t.Context(), i.Hash)
	require.NoError(t, err)
	return found.State
}

func invitations(t *testing.T, s *suite) {
	client := Client(t, s.store, storage.PresetStandard)
	role := storage.Role{ID: s.store.NewID(), Name: "INVITED", Scope: []string{"a:b"}}
	require.NoError(t, s.store.CreateRole(t.Context(), role))
	user := storage.User{ID: s.store.NewID(), Email: "invited@example.com"}
	require.NoError(t, s.store.CreateUser(t.Context(), user))

	t.Run("An invitation is read as it was stored", func(t *testing.T) {
		i := s.invitation(t, "A@example.com", client.ID, role.ID)
		found, err := s.store.FindInvitation(t.Context(), i.Hash)
		require.NoError(t, err)
		i.Email = "a@example.com"
		require.Equal(t, i, *found)
		_, err = s.store.FindInvitation(t.Context(), storage.Hash("another"))
		require.ErrorIs(t, err, storage.ErrNotFound)
		i.ID, i.Hash, i.ClientID = s.store.NewID(), storage.Hash("of no client"), "nobody"
		require.ErrorIs(t, s.store.CreateInvitation(t.Context(), i), storage.ErrNotFound)
	})
	t.Run("A newer invitation revokes those of the same address for the same client", func(t *testing.T) {
		first := s.invitation(t, "b@example.com", client.ID, role.ID)
		other := s.invitation(t, "c@example.com", client.ID, role.ID)
		everywhere := s.invitation(t, "b@example.com", "", role.ID)
		s.invitation(t, "B@example.com", client.ID, role.ID)
		require.Equal(t, storage.InvitationRevoked, s.invitationState(t, first))
		require.Equal(t, storage.InvitationOpen, s.invitationState(t, other))
		require.Equal(t, storage.InvitationOpen, s.invitationState(t, everywhere))
	})
	t.Run("An accepted invitation gives its roles, once", func(t *testing.T) {
		i := s.invitation(t, user.Email, client.ID, role.ID)
		ctx := storage.ActingAs(t.Context(), storage.Actor{By: storage.ByUser, UserID: user.ID})
		require.NoError(t, s.store.AcceptInvitation(ctx, i, user.ID))
		roles, err := s.store.ListUserRoles(t.Context(), user.ID)
		require.NoError(t, err)
		require.Equal(t, []storage.UserRole{{RoleID: role.ID, RoleName: role.Name, ClientID: client.ID}}, roles)
		require.ErrorIs(t, s.store.AcceptInvitation(ctx, i, user.ID), storage.ErrUsed)
		require.ErrorIs(t, s.store.RejectInvitation(ctx, i, user.ID), storage.ErrUsed)
		require.ErrorIs(t, s.store.RevokeInvitation(ctx, i.ID), storage.ErrNotFound)
		require.Equal(t, storage.InvitationAccepted, s.invitationState(t, i))
		events, err := s.store.ListEvents(t.Context(), storage.EventFilter{Kind: storage.EventInvitationAccepted})
		require.NoError(t, err)
		require.Len(t, events, 1)
		require.Equal(t, user.ID, events[0].UserID)
	})
	t.Run("An invitation whose role is gone is not used up", func(t *testing.T) {
		i := s.invitation(t, user.Email, client.ID, s.store.NewID())
		require.ErrorIs(t, s.store.AcceptInvitation(t.Context(), i, user.ID), storage.ErrNotFound)
		require.Equal(t, storage.InvitationOpen, s.invitationState(t, i))
	})
	t.Run("An invitation that was revoked, rejected or has expired can't be accepted", func(t *testing.T) {
		revoked := s.invitation(t, "d@example.com", client.ID, role.ID)
		require.NoError(t, s.store.RevokeInvitation(t.Context(), revoked.ID))
		rejected := s.invitation(t, "e@example.com", client.ID, role.ID)
		require.NoError(t, s.store.RejectInvitation(t.Context(), rejected, user.ID))
		late := s.invitation(t, "f@example.com", client.ID, role.ID)
		s.clock.Advance(24 * time.Hour)
		for _, i := range []storage.Invitation{revoked, rejected, late} {
			require.ErrorIs(t, s.store.AcceptInvitation(t.Context(), i, user.ID), storage.ErrUsed)
		}
	})
}
