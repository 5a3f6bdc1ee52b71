package storagetest

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ithildin/storage"
)

// authenticator stores one of a user, as of the time step 100.
func (s *suite) authenticator(t *testing.T, userID, name string) storage.Authenticator {
	t.Helper()
	a := storage.Authenticator{
		ID: s.store.NewID(), UserID: userID, Name: name, Secret: []byte("secret of " + name), IsActive: true, LastStep: 100,
		CreatedAt: s.store.Now(),
	}
	require.NoError(t, s.store.CreateAuthenticator(t.Context(), a))
	return a
}

func (s *suite) secondFactors(t *testing.T, userID string) []storage.SecondFactor {
	t.Helper()
	factors, err := s.store.ListSecondFactors(t.Context(), userID)
	require.NoError(t, err)
	return factors
}

func authenticators(t *testing.T, s *suite) {
	t.Run("The secret of an authenticator is read as it was stored, and sealed in the row", func(t *testing.T) {
		u := User(t, s.store)
		want := s.authenticator(t, u.ID, "phone")
		got, err := s.store.ListAuthenticators(t.Context(), u.ID)
		require.NoError(t, err)
		require.Equal(t, []storage.Authenticator{want}, got)
		require.Zero(t, s.count(t, "authenticators", "sealed LIKE $1", "%secret of%"))
		require.ErrorIs(t, s.store.CreateAuthenticator(t.Context(), want), storage.ErrConflict)
		want.ID, want.UserID = s.store.NewID(), s.store.NewID()
		require.ErrorIs(t, s.store.CreateAuthenticator(t.Context(), want), storage.ErrNotFound)
	})
	t.Run("A code of a time step is taken once, and none of an earlier step after it", func(t *testing.T) {
		a := s.authenticator(t, User(t, s.store).ID, "phone")
		require.ErrorIs(t, s.store.UseAuthenticator(t.Context(), a.ID, 100), storage.ErrUsed)
		require.NoError(t, s.store.UseAuthenticator(t.Context(), a.ID, 102))
		for _, step := range []int64{100, 101, 102} {
			require.ErrorIs(t, s.store.UseAuthenticator(t.Context(), a.ID, step), storage.ErrUsed)
		}
		require.NoError(t, s.store.UseAuthenticator(t.Context(), a.ID, 103))
		require.ErrorIs(t, s.store.UseAuthenticator(t.Context(), "no id", 104), storage.ErrUsed)
	})
	t.Run("An authenticator that is not active takes no code", func(t *testing.T) {
		a := s.authenticator(t, User(t, s.store).ID, "phone")
		require.NoError(t, s.store.ActivateSecondFactor(t.Context(), a.UserID, storage.FactorTOTP, a.ID, false))
		require.ErrorIs(t, s.store.UseAuthenticator(t.Context(), a.ID, 101), storage.ErrUsed)
		require.NoError(t, s.store.ActivateSecondFactor(t.Context(), a.UserID, storage.FactorTOTP, a.ID, true))
		require.NoError(t, s.store.UseAuthenticator(t.Context(), a.ID, 101))
	})
	t.Run("Nobody changes the authenticator of another user", func(t *testing.T) {
		a, other := s.authenticator(t, User(t, s.store).ID, "phone"), User(t, s.store)
		require.ErrorIs(t, s.store.DeleteAuthenticator(t.Context(), other.ID, a.ID), storage.ErrNotFound)
		require.ErrorIs(t, s.store.ActivateAuthenticator(t.Context(), other.ID, a.ID, false), storage.ErrNotFound)
		require.ErrorIs(t, s.store.RemoveSecondFactor(t.Context(), other.ID, storage.FactorTOTP, a.ID), storage.ErrNotFound)
	})
}

func recoveryCodes(t *testing.T, s *suite) {
	mac := func(t *testing.T, userID, code string) []byte {
		kept, err := s.store.RecoveryCodeMAC(t.Context(), userID, code)
		require.NoError(t, err)
		return kept
	}
	t.Run("A recovery code is used once, by its user", func(t *testing.T) {
		u, other := User(t, s.store), User(t, s.store)
		macs := [][]byte{mac(t, u.ID, "one"), mac(t, u.ID, "two")}
		require.NoError(t, s.store.ReplaceRecoveryCodes(t.Context(), u.ID, s.store.NewID(), macs))
		require.ErrorIs(t, s.store.UseRecoveryCode(t.Context(), other.ID, macs[0]), storage.ErrUsed)
		require.ErrorIs(t, s.store.UseRecoveryCode(t.Context(), u.ID, mac(t, other.ID, "one")), storage.ErrUsed)
		require.NoError(t, s.store.UseRecoveryCode(t.Context(), u.ID, macs[0]))
		require.ErrorIs(t, s.store.UseRecoveryCode(t.Context(), u.ID, macs[0]), storage.ErrUsed)
		left, err := s.store.CountRecoveryCodes(t.Context(), u.ID)
		require.NoError(t, err)
		require.EqualValues(t, 1, left)
	})
	t.Run("New recovery codes take the place of those before, and a set is stored once", func(t *testing.T) {
		u, set := User(t, s.store), s.store.NewID()
		require.NoError(t, s.store.ReplaceRecoveryCodes(t.Context(), u.ID, set, [][]byte{mac(t, u.ID, "one")}))
		require.ErrorIs(t, s.store.ReplaceRecoveryCodes(t.Context(), u.ID, set, [][]byte{mac(t, u.ID, "two")}),
			storage.ErrConflict)
		require.NoError(t,
			s.store.ReplaceRecoveryCodes(t.Context(), u.ID, s.store.NewID(), [][]byte{mac(t, u.ID, "two")}))
		require.ErrorIs(t, s.store.UseRecoveryCode(t.Context(), u.ID, mac(t, u.ID, "one")), storage.ErrUsed)
		require.NoError(t, s.store.UseRecoveryCode(t.Context(), u.ID, mac(t, u.ID, "two")))
	})
}

func secondFactors(t *testing.T, s *suite) {
	u := User(t, s.store)
	phone := storage.AuthenticationFactor{
		ID: s.store.NewID(), UserID: u.ID, Type: storage.FactorSMS, Factor: "+380501234567", IsActive: true,
		CreatedAt: s.store.Now(),
	}
	require.NoError(t, s.store.CreateAuthenticationFactor(t.Context(), phone))
	made := s.store.Now()
	appAlone, passkeyAlone, offAlone, none := User(t, s.store), User(t, s.store), User(t, s.store), User(t, s.store)
	s.authenticator(t, appAlone.ID, "app")
	s.passkey(t, passkeyAlone)
	off := s.authenticator(t, offAlone.ID, "off")
	require.NoError(t, s.store.ActivateSecondFactor(t.Context(), offAlone.ID, storage.FactorTOTP, off.ID, false))
	t.Run("People are listed by whether they have a factor of any kind", func(t *testing.T) {
		ids := []string{u.ID, appAlone.ID, passkeyAlone.ID, offAlone.ID, none.ID}
		for has, want := range map[bool][]string{true: ids[:3], false: ids[3:]} {
			users, total, err := s.store.PageOfUsers(t.Context(), storage.UserFilter{IDs: ids, HasFactor: &has},
				storage.Page{Size: len(ids)})
			require.NoError(t, err)
			require.EqualValues(t, len(want), total.Entries)
			for _, user := range users {
				require.Contains(t, want, user.ID)
			}
		}
	})
	first := s.authenticator(t, u.ID, "first")
	s.clock.Advance(time.Minute)
	second, set := s.authenticator(t, u.ID, "second"), s.store.NewID()
	require.NoError(t, s.store.UseAuthenticator(t.Context(), second.ID, 101))
	require.NoError(t, s.store.ReplaceRecoveryCodes(t.Context(), u.ID, set, [][]byte{{1}, {2}}))
	require.NoError(t, s.store.UseRecoveryCode(t.Context(), u.ID, []byte{1}))
	now := s.store.Now()
	require.Equal(t, []storage.SecondFactor{
		{Kind: storage.FactorSMS, ID: phone.ID, Name: phone.Factor, IsActive: true, CreatedAt: made},
		{Kind: storage.FactorTOTP, ID: first.ID, Name: "first", IsActive: true, CreatedAt: made},
		{Kind: storage.FactorTOTP, ID: second.ID, Name: "second", IsActive: true, CreatedAt: now, LastUsedAt: now},
		{Kind: storage.FactorRecoveryCode, ID: set, IsActive: true, Left: 1, CreatedAt: now, LastUsedAt: now},
	}, s.secondFactors(t, u.ID), "every kind in one list")
	require.Empty(t, s.secondFactors(t, User(t, s.store).ID))

	ctx := t.Context()
	require.NoError(t, s.store.ActivateSecondFactor(ctx, u.ID, storage.FactorSMS, phone.ID, false))
	require.False(t, s.secondFactors(t, u.ID)[0].IsActive)
	require.Error(t, s.store.ActivateSecondFactor(ctx, u.ID, storage.FactorRecoveryCode, set, false))
	require.NoError(t, s.store.RemoveSecondFactor(ctx, u.ID, storage.FactorTOTP, first.ID))
	require.NoError(t, s.store.RemoveSecondFactor(ctx, u.ID, storage.FactorSMS, phone.ID))
	require.Len(t, s.secondFactors(t, u.ID), 2, "the recovery codes stay while there is another factor")
	require.NoError(t, s.store.RemoveSecondFactor(ctx, u.ID, storage.FactorTOTP, second.ID))
	require.Empty(t, s.secondFactors(t, u.ID), "they go with the last one")
	require.ErrorIs(t, s.store.RemoveSecondFactor(ctx, u.ID, storage.FactorTOTP, second.ID), storage.ErrNotFound)
}

func raceForATimeStep(t *testing.T, s *suite) {
	a := s.authenticator(t, User(t, s.store).ID, "phone")
	requireOneWinner(t, race(func(int) error { return s.store.UseAuthenticator(t.Context(), a.ID, 101) }),
		storage.ErrUsed)
}

func raceForARecoveryCode(t *testing.T, s *suite) {
	u := User(t, s.store)
	require.NoError(t, s.store.ReplaceRecoveryCodes(t.Context(), u.ID, s.store.NewID(), [][]byte{{1}, {2}}))
	requireOneWinner(t, race(func(int) error { return s.store.UseRecoveryCode(t.Context(), u.ID, []byte{1}) }),
		storage.ErrUsed)
	require.NoError(t, s.store.UseRecoveryCode(t.Context(), u.ID, []byte{2}))
}
