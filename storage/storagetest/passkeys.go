package storagetest

import (
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"ithildin/storage"
)

// passkey stores a passkey of a user.
func (s *suite) passkey(t *testing.T, u storage.User, changes ...func(*storage.Passkey)) storage.Passkey {
	t.Helper()
	id := s.store.NewID()
	p := storage.Passkey{
		ID: id, UserID: u.ID, Name: "Телефон", CredentialID: storage.Hash(id), UserHandle: []byte("handle"),
		PublicKey: []byte("public key"), AAGUID: uuid.Nil.String(), Transports: []string{"internal", "hybrid"},
		IsBackupEligible: true, CreatedAt: s.store.Now(),
	}
	for _, change := range changes {
		change(&p)
	}
	require.NoError(t, s.store.CreatePasskey(t.Context(), p))
	return p
}

func passkeys(t *testing.T, s *suite) {
	find := func(t *testing.T, p storage.Passkey) storage.Passkey {
		t.Helper()
		found, err := s.store.FindPasskey(t.Context(), p.CredentialID)
		require.NoError(t, err)
		return *found
	}
	t.Run("A passkey is read as it was stored, by its credential id and with those of its user", func(t *testing.T) {
		u := User(t, s.store)
		first := s.passkey(t, u)
		s.clock.Advance(time.Second)
		second := s.passkey(t, u, func(p *storage.Passkey) { p.Transports, p.SignCount = nil, 4294967295 })
		s.passkey(t, User(t, s.store))
		require.Equal(t, first, find(t, first))
		list, err := s.store.ListPasskeys(t.Context(), u.ID)
		require.NoError(t, err)
		require.Len(t, list, 2)
		require.Equal(t, []string{first.ID, second.ID}, []string{list[0].ID, list[1].ID})
		require.Equal(t, second.SignCount, list[1].SignCount)
		require.Empty(t, list[1].Transports)
	})
	t.Run("A credential id is somebody's once, and a passkey needs its user", func(t *testing.T) {
		p := s.passkey(t, User(t, s.store))
		again := p
		again.ID, again.UserID = s.store.NewID(), User(t, s.store).ID
		require.ErrorIs(t, s.store.CreatePasskey(t.Context(), again), storage.ErrConflict)
		again.UserID, again.CredentialID = s.store.NewID(), storage.Hash(again.ID)
		require.ErrorIs(t, s.store.CreatePasskey(t.Context(), again), storage.ErrNotFound)
	})
	t.Run("A sign count must go up, and is noted with the time of use", func(t *testing.T) {
		p := s.passkey(t, User(t, s.store), func(p *storage.Passkey) { p.SignCount = 7 })
		s.clock.Advance(time.Hour)
		require.ErrorIs(t, s.store.UsePasskey(t.Context(), p.ID, 7, false), storage.ErrConflict)
		require.ErrorIs(t, s.store.UsePasskey(t.Context(), p.ID, 0, false), storage.ErrConflict)
		require.Zero(t, find(t, p).LastUsedAt)
		require.NoError(t, s.store.UsePasskey(t.Context(), p.ID, 9, true))
		used := find(t, p)
		require.EqualValues(t, 9, used.SignCount)
		require.True(t, used.IsBackedUp)
		require.Equal(t, s.store.Now(), used.LastUsedAt)
	})
	t.Run("An authenticator that does not count may go on so", func(t *testing.T) {
		p := s.passkey(t, User(t, s.store))
		require.NoError(t, s.store.UsePasskey(t.Context(), p.ID, 0, false))
		require.NoError(t, s.store.UsePasskey(t.Context(), p.ID, 0, false))
		require.NoError(t, s.store.UsePasskey(t.Context(), p.ID, 1, false))
		require.ErrorIs(t, s.store.UsePasskey(t.Context(), p.ID, 0, false), storage.ErrConflict)
	})
	t.Run("A passkey is a second factor, and takes the recovery codes with it", func(t *testing.T) {
		u := User(t, s.store)
		p := s.passkey(t, u)
		require.NoError(t, s.store.ReplaceRecoveryCodes(t.Context(), u.ID, s.store.NewID(), [][]byte{[]byte("code")}))
		list, err := s.store.ListSecondFactors(t.Context(), u.ID)
		require.NoError(t, err)
		require.Equal(t, storage.SecondFactor{
			Kind: storage.FactorPasskey, ID: p.ID, Name: p.Name, IsActive: true, CreatedAt: p.CreatedAt,
		}, list[0])
		require.Error(t, s.store.ActivateSecondFactor(t.Context(), u.ID, storage.FactorPasskey, p.ID, false))
		require.NoError(t, s.store.RemoveSecondFactor(t.Context(), u.ID, storage.FactorPasskey, p.ID))
		list, err = s.store.ListSecondFactors(t.Context(), u.ID)
		require.NoError(t, err)
		require.Empty(t, list)
	})
	t.Run("A passkey is deleted for its owner alone, and with its user", func(t *testing.T) {
		u := User(t, s.store)
		p := s.passkey(t, u)
		require.ErrorIs(t, s.store.DeletePasskey(t.Context(), User(t, s.store).ID, p.ID), storage.ErrNotFound)
		require.NoError(t, s.store.DeletePasskey(t.Context(), u.ID, p.ID))
		require.ErrorIs(t, s.store.DeletePasskey(t.Context(), u.ID, p.ID), storage.ErrNotFound)
		require.ErrorIs(t, s.store.UsePasskey(t.Context(), p.ID, 1, false), storage.ErrNotFound)
		p = s.passkey(t, u)
		require.NoError(t, s.store.DeleteUser(t.Context(), u.ID))
		_, err := s.store.FindPasskey(t.Context(), p.CredentialID)
		require.ErrorIs(t, err, storage.ErrNotFound)
	})
}
